"""What the operator has set, for the request that is answered: read once, at its first use."""

from typing import Any

from flask import current_app, g, request, url_for

from web.desk.logo import logo_hash
from web.desk.settings import Settings, settings
from web.http import services
from web.http.links import resolver_template


def current_settings() -> Settings:
    """The settings as they stood when this request first asked for them."""
    if "settings" not in g:
        desk = services.desk()
        g.settings = settings(desk.store) if desk else Settings()
    found: Settings = g.settings
    return found


def link_resolver() -> str:
    """The institution's link resolver as a template: the one that the command names, else the one
    that is set; empty without one."""
    told: str = current_app.config["LINK_RESOLVER"] or current_settings().link_resolver
    return resolver_template(told) if told else ""


def logo_address() -> str:
    """Where the institution's logo is, which changes with it; empty without one."""
    desk = services.desk()
    mark = logo_hash(desk.store) if desk else ""
    return url_for("settings.show_logo", v=mark) if mark else ""


def outside_address(endpoint: str, **values: Any) -> str:
    """An address that is handed on: it begins with where people reach the installation, where that
    is set, whatever this request calls the server."""
    base = current_settings().address
    if not base:
        return url_for(endpoint, _external=True, **values)
    path = url_for(endpoint, **values).removeprefix(request.script_root)
    return base + path
