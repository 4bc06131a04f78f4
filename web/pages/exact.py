"""The page of exact search: an expression, what was understood, the complete set."""

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from pydantic import ValidationError

from search.budget import BudgetError
from search.exact import ExactSyntaxError, FaultReason, Note, expression_offers, meant_words
from search.exact.foreign_syntax import Foreign
from search.exact.thesaurus import UnsureWord
from web.http import services
from web.http.language import chosen_language, gettext
from web.http.search_parameters import ExactParameters
from web.pages.builder import ROWS, field_names
from web.pages.errors import budget_message, budget_status
from web.pages.facts import facts
from web.pages.narrowing import widened
from web.pages.page_parameters import asked, field_messages, typed_values


@dataclass(frozen=True)
class Fault:
    """An expression that cannot be read: the place, the reason, and a mended one to search with."""

    message: str
    before: str
    wrong: str
    after: str
    proposal: str | None


def page() -> Response | str:
    """The box for an expression, and the complete set once there is one."""
    library_facts = facts(services.engine().generation())
    typed = typed_values(ExactParameters, request.args)
    shown: dict[str, Any] = {
        "typed": typed,
        "facts": library_facts,
        "field_codes": field_codes(),
        "builder_fields": field_names(),
        "builder_rows": ROWS,
    }
    if "q" not in request.args:
        return render_template("exact.html", **shown)
    try:
        parameters = asked(ExactParameters, request.args)
    except ValidationError as error:
        return _bad(shown, messages=field_messages(error))
    try:
        found = services.exact().search(
            parameters.q,
            parameters.filters(),
            sort=parameters.sort,
            page=parameters.page,
            per_page=parameters.per_page,
            language=chosen_language(),
            with_facets=True,
            thesaurus=parameters.thesaurus,
        )
    except ExactSyntaxError as error:
        address = parameters.address(q=error.proposal or "", page=1)
        return _bad(shown, fault=fault_of(error), address=address)
    except BudgetError as error:
        return _bad(shown, budget_status(error), messages=[budget_message(error)])
    counts = (
        services.exact().term_counts(parameters.q, thesaurus=parameters.thesaurus)
        if not found.count
        else ()
    )
    return render_template(
        "exact.html",
        **shown,
        feed=url_for(
            "opensearch.answer",
            q=parameters.q,
            format="atom",
            sortorder="0",
            thesaurus=parameters.thesaurus,
        ),
        meanings=[_meaning(word, parameters) for word in found.unsure],
        counts=counts,
        words=meant_words(parameters.q) if not found.count else "",
        widened=widened(parameters) if not found.count else (),
        parameters=parameters,
        found=found,
        offers=expression_offers(
            services.corrector(), services.exact().library.generation(), parameters.q
        ),
        notes=[note_message(note) for note in found.notes],
        first=(found.page - 1) * found.per_page + 1,
    )


@dataclass(frozen=True)
class _Meaning:
    """A word that may mean several things, and the searches with each of them in its place."""

    written: str
    choices: tuple[tuple[str, dict[str, str | int]], ...]


def _meaning(word: UnsureWord, parameters: ExactParameters) -> _Meaning:
    q = parameters.q
    return _Meaning(
        word.written,
        tuple(
            (name, parameters.address(q=f"{q[: word.start]}{name}{q[word.end :]}", page=1))
            for name in word.concepts
        ),
    )


def _bad(shown: dict[str, Any], status: int = 400, **reason: Any) -> Response:
    return make_response(render_template("exact.html", **shown, **reason), status)


def fault_of(error: ExactSyntaxError) -> Fault:
    """A fault as a page shows it."""
    return Fault(
        message=fault_message(error),
        before=error.expression[: error.start],
        wrong=error.fragment or " ",
        after=error.expression[error.end :],
        proposal=error.proposal,
    )


def fault_message(error: ExactSyntaxError) -> str:
    """Why an expression cannot be read, in the language of the page."""
    return _foreign_message(error.foreign) if error.foreign else _reason_message(error.reason)


def _foreign_message(foreign: Foreign) -> str:
    """Whose syntax it is, what it means there, and how it is written here."""
    platform = {
        "Embase and the Cochrane Library": gettext("Embase and the Cochrane Library"),
        "the Cochrane Library": gettext("the Cochrane Library"),
    }.get(foreign.platform, foreign.platform)
    construct = {
        "field": gettext("a field"),
        "heading": gettext("a thesaurus heading"),
        "proximity": gettext("a distance between words"),
        "wildcard": gettext("a sign for a letter"),
        "phrase": gettext("a phrase"),
        "limit": gettext("a limit"),
        "line numbers": gettext("the number of a search"),
        "frequency": gettext("a frequency"),
        "date": gettext("a date"),
        "words in a row": gettext("words in a row, a phrase there and AND here"),
    }[foreign.kind]
    named = {"platform": platform, "construct": construct, "here": foreign.here or ""}
    if foreign.here:
        told = gettext(
            "This is the syntax of %(platform)s: %(construct)s. Here it is written %(here)s."
        )
    elif foreign.edits is None:
        told = gettext(
            "This is the syntax of %(platform)s: %(construct)s. Nothing here means the same."
        )
    else:
        told = gettext("This is the syntax of %(platform)s: %(construct)s.")
    return told % named


def _reason_message(reason: FaultReason) -> str:
    return {
        "empty": gettext("Type a word, a phrase or an expression."),
        "too long": gettext("This is too long."),
        "too deep": gettext("Parentheses are nested too deeply."),
        "too many terms": gettext("The expression has too many terms."),
        "too much": gettext(
            "This asks for too much work. Use rarer words, longer stems, or AND for NEAR."
        ),
        "unclosed parenthesis": gettext("This parenthesis is not closed."),
        "unopened parenthesis": gettext("This parenthesis was never opened."),
        "empty parentheses": gettext("There is nothing in these parentheses."),
        "unclosed quote": gettext("This quotation mark is not closed."),
        "unclosed bracket": gettext("This bracket is not closed, or was never opened."),
        "missing operand": gettext("This operator lacks a term on one side."),
        "field without term": gettext("This field code stands after no term."),
        "unknown field": gettext("There is no such field code."),
        "unsupported field": gettext("The records of a library do not carry this field."),
        "nothing to search": gettext("There is no letter and no digit here to search for."),
        "stem too short": gettext("Too little stands before the asterisk."),
        "misplaced wildcard": gettext("An asterisk can only end a term."),
        "bad date": gettext(
            "This is no date. Dates are written 2015, 2015/04, 2015/04/30, or 2015:2024."
        ),
        "reversed range": gettext("This range ends before it begins."),
        "unknown language": gettext("There is no such language. Write its name or code."),
        "bad distance": gettext("A distance of 0 to 100 must follow, as in NEAR/5 or [tiab:~5]."),
        "bad proximity": gettext(
            "Proximity takes terms, or terms joined by OR, in one text field."
        ),
        "line reference": gettext(
            "Numbers of searches (#1) are combined in the search strategy of a collection."
        ),
        "unknown line": gettext("There is no search of this number."),
        "deleted line": gettext("The search of this number was deleted."),
        "later line": gettext("A search can only refer to searches before it."),
        "other platform": gettext("This is the syntax of another platform."),
        "unknown filter": gettext("There is no such filter here."),
        "too wide": gettext(
            "Too many narrower headings lie under this one. Take a narrower one, or leave them out."
        ),
    }[reason]


def note_message(note: Note) -> str:
    """What should be said about a part of the expression, in the language of the page."""
    message = {
        "mixed operators": gettext("AND and OR without parentheses are read from left to right"),
        "heading as written": gettext(
            "Headings are found as the records carry them; narrower headings are not added"
        ),
        "unknown heading": gettext(
            "The terminology does not know this heading; it is found as the records carry it"
        ),
        "major topic": gettext("Records do not say which headings are major; any is taken"),
        "check tag": gettext("Check tags are looked for among the headings"),
        "filter": gettext("The filter is looked for in the records’ own fields"),
        "initials": gettext("A single initial also finds those that go on"),
        "code as text": gettext("There is no such field code; it is searched as text"),
        "words as phrase": gettext("Words before one field code are searched as a phrase"),
    }[note.reason]
    colon = gettext(": ")
    return f"{message}{colon}{note.detail}"


def field_codes() -> list[tuple[str, str, str]]:
    """Fields with their codes in both systems, in the language of the page."""
    return [
        (gettext("All fields"), "/AL", "[all]"),
        (gettext("Title"), "/TI", "[ti]"),
        (gettext("Abstract"), "/AB", "[ab]"),
        (gettext("Title or abstract"), "/TA", "[tiab]"),
        (gettext("Heading with narrower ones"), "/TH", "[mh]"),
        (gettext("Heading alone"), "[…]/TH", "[mh:noexp]"),
        (gettext("Heading as major topic"), "/MTH", "[majr]"),
        (gettext("Heading with qualifier"), "/TH/治療", "…/therapy[mh]"),
        (gettext("Keyword as written"), "/KW", "[ot]"),
        (gettext("Author"), "/AU", "[au]"),
        (gettext("Journal"), "/JN", "[ta]"),
        (gettext("Date of publication"), "DT=2015:2024", "2015:2024[dp]"),
        (gettext("Publication type"), "PT=原著論文", "[pt]"),
        (gettext("Language"), "LA=日本語", "[la]"),
        (gettext("Identifier"), "/ID", "[pmid] [doi]"),
    ]
