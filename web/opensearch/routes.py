"""``/opensearch``, and the description by which browsers learn of it."""

import json
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import ValidationError

from search.exact import parse
from search.ranked.engine import MAX_PER_PAGE
from web.api.problems import validation_problem
from web.desk.feed import MIMETYPE as ATOM
from web.desk.feed import Entry
from web.http import services
from web.http.language import chosen_language
from web.http.search_parameters import ExactParameters
from web.opensearch.answers import Found, as_atom, as_json, as_rss
from web.opensearch.parameters import OpenSearchParameters

DESCRIPTION = "application/opensearchdescription+xml"

blueprint = Blueprint("opensearch", __name__, template_folder="templates")


@blueprint.get("/opensearch.xml")
def description() -> Response:
    """The OpenSearch description document, in the language of the page."""
    response = make_response(render_template("description.xml"))
    response.content_type = f"{DESCRIPTION}; charset=utf-8"
    return response


@blueprint.get("/opensearch")
def answer() -> Response:
    """A part of the complete set for a query, in the format that was asked for; as html, the page
    of exact search."""
    try:
        asked = OpenSearchParameters.model_validate(request.args.to_dict())
    except ValidationError as error:
        return validation_problem(error)
    if asked.format == "html":
        return make_response(redirect(url_for("pages.exact", **_page(asked)), 303))
    # Alone first: a fault is told of what was typed, not of what we made of it.
    if asked.q.strip():
        parse(asked.q)
    total, records = services.exact().part(
        asked.expression(), asked.sort, asked.start - 1, asked.count, asked.thesaurus
    )
    generation = services.exact().library.generation()
    imported = generation.imported([number for number, _ in records])
    found = Found(
        query=asked.words(),
        own=request.url,
        page=url_for("pages.exact", **_page(asked), _external=True),
        total=total,
        start=asked.start,
        count=asked.count,
        language=chosen_language(),
        date=generation.manifest.created,
        entries=[
            Entry(
                record,
                url_for("pages.record", record_id=record.id, lang=None, _external=True),
                *imported[number],
            )
            for number, record in records
        ],
    )
    if asked.format == "json":
        body = json.dumps(as_json(found), ensure_ascii=False)
        return Response(body, content_type="application/json")
    response = (
        Response(as_atom(found), content_type=f"{ATOM}; charset=utf-8")
        if asked.format == "atom"
        else Response(as_rss(found), content_type="application/rdf+xml; charset=utf-8")
    )
    response.add_etag()
    response.make_conditional(request)
    return response


def _page(asked: OpenSearchParameters) -> dict[str, Any]:
    """The address of the page of exact search that shows where the part begins."""
    per_page = min(asked.count, MAX_PER_PAGE)
    return ExactParameters(
        q=asked.expression(),
        sort=asked.sort,
        per_page=per_page,
        page=(asked.start - 1) // per_page + 1,
        mapping=asked.thesaurus == "map",
    ).address()
