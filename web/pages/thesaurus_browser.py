"""The thesaurus: search for a concept, see what it is called and what lies above and below it, and
take headings into an expression of exact search."""

import re
from dataclasses import dataclass
from itertools import islice

from flask import Response, abort, make_response, redirect, render_template, request, url_for

from search.exact.exact_search import HeadingCounts
from search.exact.thesaurus import heading_name
from search.ranked.engine import MAX_QUERY
from search.terminology.concepts import CHECK_TAG, Concept, LabelKind
from web.http import services
from web.http.language import chosen_language, gettext
from web.pages.builder import OPERATORS, heading_expression, joined

# What an address of the thesaurus may say: words, a concept's name and which of those with that
# name, from which narrower one on, and the expression to go on from.
THESAURUS_PARAMETERS = ("q", "concept", "n", "from", "base")
_MOST_FOUND = 50
_MOST_TOP = 60
# Narrower concepts on one page, each with its counts.
PAGE = 50
_HIGHEST = 12
_LONGEST = 500


@dataclass(frozen=True)
class Entry:
    """A concept in a list: what it is called in both languages, where its page is, what its heading
    is called in an expression (None: nothing means it alone), and how many records have it."""

    name: str
    other: str | None
    address: str
    heading: str | None
    counts: HeadingCounts | None = None


def page() -> Response | str:
    """The box for a concept's name with what was found; or one concept."""
    wanted = request.args.get("concept", "").strip()[:_LONGEST]
    q = request.args.get("q", "").strip()[:_LONGEST]
    shown = {"q": q, "base": _base()}
    if wanted:
        concept = _concept(wanted, request.args.get("n", 0, type=int))
        if concept is None:
            return make_response(
                render_template("thesaurus.html", **shown, found=(), unknown=wanted), 404
            )
        return render_template("thesaurus_concept.html", **shown, **_shown(concept))
    terminology = services.exact().terminology
    if q:
        found = terminology.found(q, _MOST_FOUND)
        return render_template("thesaurus.html", **shown, found=[_entry(c) for c in found])
    top = [_entry(c) for c in terminology.top(_MOST_TOP)]
    return render_template("thesaurus.html", **shown, top=top)


def expression() -> Response:
    """The page of exact search with the headings that were ticked."""
    args = request.args
    qualifiers = [q for q in re.split(r"[,、，;；]", args.get("qualifier", "")) if q.strip()]
    made = heading_expression(
        args.getlist("heading"),
        ichushi=chosen_language() == "ja",
        exploded="explode" in args,
        major="major" in args,
        qualifiers=qualifiers,
    )
    whole = joined(_base(), args.get("operator", ""), made)
    address = url_for("pages.exact", q=whole[:MAX_QUERY] or None)
    return make_response(redirect(address, 302))


def _base() -> str:
    return request.args.get("base", "").strip()[:MAX_QUERY]


def _concept(name: str, n: int) -> Concept | None:
    found = services.exact().terminology.meant(name)
    return found[n] if 0 <= n < len(found) else None


def _shown(concept: Concept) -> dict[str, object]:
    """What the page of a concept shows."""
    exact = services.exact()
    terminology = exact.terminology
    narrower = terminology.narrower(concept)
    first = max(0, request.args.get("from", 0, type=int))
    if first and first >= len(narrower):
        abort(404)
    return {
        "concept": concept,
        "entry": _entry(concept, exact.heading_counts(concept)),
        "names": [(label, _kind(label.kind)) for label in concept.labels],
        "codes": [n for n in concept.notations if n.scheme != CHECK_TAG],
        "scope_notes": terminology.scope_notes(concept),
        "qualifiers": terminology.qualifiers(concept),
        "paths": _path(concept),
        "broader": [_entry(c) for c in terminology.broader(concept)],
        "narrower": [
            _entry(c, exact.heading_counts(c)) for c in islice(narrower, first, first + PAGE)
        ],
        "all_narrower": len(narrower),
        "first": first,
        "per_page": PAGE,
        "operators": OPERATORS,
    }


def _path(concept: Concept) -> list[Entry]:
    """The concepts above, from the highest to the one right above, by the first of each."""
    terminology = services.exact().terminology
    found: list[Concept] = []
    above = terminology.broader(concept)
    while above and len(found) < _HIGHEST and above[0] not in found and above[0] != concept:
        found.append(above[0])
        above = terminology.broader(above[0])
    return [_entry(c) for c in reversed(found)]


def _entry(concept: Concept, counts: HeadingCounts | None = None) -> Entry:
    terminology = services.exact().terminology
    japanese = chosen_language() == "ja"
    own = concept.preferred("ja" if japanese else "en") or concept.name
    other = concept.preferred("en" if japanese else "ja")
    found = terminology.meant(own)
    n = next((n for n, c in enumerate(found) if c.places[0] in concept.places), 0)
    return Entry(
        own,
        other if other != own else None,
        url_for("pages.thesaurus", concept=own, n=n or None, base=_base() or None),
        heading_name(terminology, concept, japanese=japanese),
        counts,
    )


def _kind(kind: LabelKind) -> str:
    return {
        "preferred": gettext("preferred name"),
        "exact": gettext("another name"),
        "abbreviation": gettext("abbreviation"),
        "lay": gettext("what laypeople say"),
        "spelling": gettext("another spelling"),
    }[kind]
