"""What search engines ask of a site: robots.txt, sitemaps, and an icon at its usual place."""

from pathlib import Path

from flask import Blueprint, Response, abort, make_response, render_template, send_file, url_for

from web.http import access, services

# The most addresses that a sitemap may hold (https://www.sitemaps.org/protocol.html).
MOST_ADDRESSES = 50_000
_ICON = Path(__file__).parent / "static" / "favicon.ico"
_A_DAY = 24 * 3600
# Lists change with every query and cost the most; records stay.
_CLOSED = (
    *("/?", "/exact", "/map", "/opensearch", "/draft", "/api/", "/collections", "/shared/"),
    *("/alerts", "/feeds/", "/account", "/users", "/settings", "/sign-in", "/forgotten"),
    *("/invitations/", "/password/", "/mail/", "/unsubscribe/"),
)

blueprint = Blueprint("crawlers", __name__, template_folder="templates")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Records may be read by crawlers where guests may read them; nothing else."""
    lines = ["User-agent: *"]
    if access.may("search"):
        lines += [f"Disallow: {path}" for path in _CLOSED]
        lines += ["", f"Sitemap: {url_for('crawlers.sitemap_index', _external=True)}"]
    else:
        lines.append("Disallow: /")
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/sitemap.xml")
def sitemap_index() -> Response:
    """The sitemaps of all records."""
    generation = services.engine().generation()
    parts = range(-(-generation.numbers_end() // MOST_ADDRESSES))
    return _xml(
        render_template(
            "sitemap_index.xml",
            addresses=[url_for("crawlers.sitemap", part=p, _external=True) for p in parts],
            date=generation.manifest.created[:10],
        )
    )


@blueprint.get("/sitemap-<int:part>.xml")
def sitemap(part: int) -> Response:
    """The addresses of up to :data:`MOST_ADDRESSES` records."""
    generation = services.engine().generation()
    first = part * MOST_ADDRESSES
    if first >= generation.numbers_end():
        abort(404)
    ids = generation.ids(range(first, first + MOST_ADDRESSES))
    return _xml(
        render_template(
            "sitemap.xml",
            addresses=[url_for("pages.record", record_id=i, _external=True) for i in ids],
        )
    )


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """The icon, for what does not read the page's link to it."""
    response = make_response(send_file(_ICON, mimetype="image/x-icon", max_age=_A_DAY))
    response.cache_control.no_cache = None
    response.cache_control.public = True
    return response


def _xml(text: str) -> Response:
    return Response(text, content_type="application/xml; charset=utf-8")
