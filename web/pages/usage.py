"""The page of how much is used: numbers of requests since the server was started, no query, no
name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, render_template

from web.http.language import gettext
from web.http.metrics import Route, counted, started

blueprint = Blueprint("usage", __name__)

# What people do, by the routes that it is asked under.
_GROUPS: dict[str, tuple[str, ...]] = {
    "ranked": ("/", "/api/v1/search", "/api/v1/search/batch", "/opensearch"),
    "exact": ("/exact", "/api/v1/exact"),
    "records": ("/records/<id:record_id>", "/api/v1/records/<id:record_id>"),
    "saved": ("/api/v1/search/export", "/api/v1/exact/export", "/selection/file"),
}
_REFUSED = ("429", "503")


@dataclass(frozen=True)
class Use:
    """How often something was asked, and how long half and most of it took at most, in seconds."""

    name: str
    times: int
    half: float | None
    most: float | None


@blueprint.get("/library/use")
def show() -> str:
    """The figures."""
    routes = counted()
    groups = [_use(name, _GROUPS[key], routes) for key, name in _names().items()]
    collections = [r for r in routes if r.startswith(("/collections", "/api/v1/collections"))]
    groups.append(_use(gettext("Collections and screening"), tuple(collections), routes))
    refused = sum(
        n for route in routes.values() for status, n in route.statuses.items() if status in _REFUSED
    )
    return render_template(
        "usage.html",
        uses=groups,
        refused=int(refused),
        since=datetime.fromtimestamp(started(), UTC).isoformat(timespec="seconds"),
    )


def _names() -> dict[str, str]:
    return {
        "ranked": gettext("Ranked searches (and the start page)"),
        "exact": gettext("Exact searches"),
        "records": gettext("Records looked at"),
        "saved": gettext("Files saved"),
    }


def _use(name: str, wanted: tuple[str, ...], routes: Mapping[str, Route]) -> Use:
    found = [routes[route] for route in wanted if route in routes]
    times = sum(sum(route.statuses.values()) for route in found)
    buckets: dict[float, float] = {}
    for route in found:
        for bound, n in route.within.items():
            buckets[bound] = buckets.get(bound, 0) + n
    return Use(name, int(times), _share(buckets, 0.5), _share(buckets, 0.95))


def _share(buckets: Mapping[float, float], share: float) -> float | None:
    """The bound within which a share of all answers came."""
    total = max(buckets.values(), default=0)
    return next((b for b, n in sorted(buckets.items()) if total and n >= share * total), None)
