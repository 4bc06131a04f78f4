"""Errors as problem+json (RFC 9457)."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from flask import Response
from pydantic import ValidationError

from search.budget import BudgetError, TooMuchError, Work
from search.exact import ExactSyntaxError
from search.ranked.engine import QueryError
from web.api.models import FaultBody, Problem, ProblemField

CONTENT_TYPE = "application/problem+json"

# The kinds of error of our own, explained on the page that ``type`` leads to.
TITLES = {
    "bad-parameter": "A parameter cannot be taken",
    "bad-expression": "The expression cannot be read",
    "too-much": "The request asks for too much",
    "too-long": "The answer would take too long",
    "unknown-record": "There is no such record",
    "library-unavailable": "The library cannot be used",
    "cursor-expired": "The place of the cursor is gone",
    "storage-unavailable": "Collections cannot be read or written",
    "bad-edit": "The edit cannot be made",
    "unknown-item": "There is no such collection or part of one",
    "conflict": "Someone else has changed the same",
    "no-mlm-head": "The model cannot fill blanks",
}
_QUERY_FIELDS = {
    "empty": ("q",),
    "too long": ("q",),
    "no mask": ("q",),
    "too many masks": ("q",),
    "bad page": ("page", "per_page"),
}


def problem(
    status: int,
    detail: str,
    kind: str | None = None,
    errors: Sequence[ProblemField] = (),
    fault: FaultBody | None = None,
    work: Work | None = None,
) -> Response:
    """A problem document; without ``kind`` the HTTP status says all there is."""
    body = Problem(
        type=f"/about#{kind}" if kind else "about:blank",
        title=TITLES[kind] if kind else HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=tuple(errors) or None,
        fault=fault,
        work=work,
    )
    document = {name: value for name, value in body.model_dump().items() if value is not None}
    return Response(
        json.dumps(document, ensure_ascii=False), status=status, content_type=CONTENT_TYPE
    )


def validation_problem(error: ValidationError) -> Response:
    """Which parameters of a request are wrong, and what they should be."""
    errors = [
        ProblemField(
            field=".".join(str(part) for part in item["loc"]) or "query",
            message=(
                "unknown parameter" if item["type"] == "extra_forbidden" else _message(item["msg"])
            ),
        )
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return problem(400, detail, "bad-parameter", errors)


def query_problem(error: QueryError) -> Response:
    """A query that the engine cannot answer."""
    errors = [ProblemField(field=f, message=str(error)) for f in _QUERY_FIELDS[error.reason]]
    return problem(400, str(error), "bad-parameter", errors)


def expression_problem(error: ExactSyntaxError) -> Response:
    """An expression that cannot be read: where, why, and how it could be mended."""
    return problem(400, str(error), "bad-expression", fault=FaultBody.of(error))


def budget_problem(error: BudgetError) -> Response:
    """A request that costs too much: what of it, and how to ask less. Where its time was over there
    is no ``Retry-After``: asked again, it would take as long."""
    too_much = isinstance(error, TooMuchError)
    status, kind = (400, "too-much") if too_much else (503, "too-long")
    return problem(status, str(error), kind, work=error.work)


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")
