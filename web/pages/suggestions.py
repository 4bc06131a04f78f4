"""Suggested terms on the page: what was declined for the visit, and the draft strategies."""

import base64
import binascii
import json

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from search.encoder import ModelError
from search.ranked.engine import MAX_QUERY, QueryError
from search.suggest import GROUPS, Group, MaskFillings, Reason, Suggestion
from search.suggest.drafts import draft as draft_of
from search.suggest.english import Source
from search.text.profile import has_mask
from web.http import services
from web.http.language import chosen_language, gettext
from web.http.search_parameters import SearchParameters
from web.pages.errors import query_message
from web.pages.sign_in import own_address

SUGGESTIONS = 8
# Refining makes sense for what someone typed, not for a pasted abstract, whose suggestions take
# many times as long as its search.
LONGEST_REFINED = 200
# A cookie holds 4 kB: so many terms are remembered, the last ones.
_COOKIE = "declined"
_MOST_DECLINED = 40
_LONGEST_TERM = 30
_MOST_ACCEPTED = 100

blueprint = Blueprint("suggestions", __name__)


@blueprint.app_context_processor
def _names() -> dict[str, object]:
    return {
        "suggestion_groups": GROUPS,
        "group_name": group_name,
        "reason_name": reason_name,
        "source_name": source_name,
        "declined_terms": declined,
    }


@blueprint.post("/suggestions/declined")
def decline() -> Response:
    """Leave a term out of the suggestions for this visit, or (without a term) none any more."""
    onward = own_address(request.form.get("next", "")) or url_for("pages.search")
    response = make_response(redirect(onward, 303))
    term = request.form.get("term", "")[:_LONGEST_TERM]
    if not term:
        response.delete_cookie(_COOKIE, secure=request.is_secure, httponly=True, samesite="Lax")
        return response
    terms = list(dict.fromkeys([*declined(), term]))[-_MOST_DECLINED:]
    packed = base64.urlsafe_b64encode(json.dumps(terms, ensure_ascii=False).encode())
    # Without an age the browser forgets it when the visit ends.
    response.set_cookie(
        _COOKIE, packed.decode(), secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response


def declined() -> tuple[str, ...]:
    """The terms that were declined in this visit."""
    try:
        terms = json.loads(base64.urlsafe_b64decode(request.cookies.get(_COOKIE, "") or "W10="))
    except (ValueError, binascii.Error, RecursionError):
        return ()
    if not isinstance(terms, list):
        return ()
    return tuple(t[:_LONGEST_TERM] for t in terms if isinstance(t, str))[-_MOST_DECLINED:]


@blueprint.get("/draft")
def draft() -> Response | str:
    """A query and its accepted terms as draft strategies for 医中誌Web and PubMed."""
    query = request.args.get("q", "")[:MAX_QUERY]
    accepted = request.args.getlist("term")[:_MOST_ACCEPTED]
    message, found, offered = "", None, []
    if query.strip():
        try:
            found = draft_of(services.suggester(), query, accepted)
            known = {term.term for concept in found.concepts for term in concept}
            offered = [
                s
                for s in services.suggester().suggest(query, 2 * SUGGESTIONS, declined=declined())
                if s.term not in known
            ]
        except QueryError:
            message = gettext("Type a word, a phrase or a question.")
    html = render_template(
        "draft.html",
        query=query,
        accepted=accepted,
        draft=found,
        offered=offered,
        message=message,
    )
    return make_response(html, 400 if message else 200)


def offered(
    parameters: SearchParameters,
) -> tuple[tuple[Suggestion, ...], MaskFillings | None, list[str]]:
    """Terms that refine the query, or fill its blanks, or why there are none."""
    query = parameters.q
    if not query.strip() or len(query) > LONGEST_REFINED:
        return (), None, []
    suggester, filters = services.suggester(), parameters.filters()
    try:
        if has_mask(query):
            return (), suggester.fill_masks(query, SUGGESTIONS, filters, declined=declined()), []
    except ModelError:
        return (), None, [gettext("This model cannot fill blanks.")]
    except QueryError as error:
        return (), None, [query_message(error)]
    try:
        found = suggester.suggest(
            query, SUGGESTIONS, filters, declined=declined(), language=chosen_language()
        )
    except QueryError:
        found = ()
    return found, None, []


def group_name(group: Group) -> str:
    """What a group of terms is called in the language of the page."""
    return {
        "synonym": gettext("Synonyms, variants"),
        "broader": gettext("Broader"),
        "narrower": gettext("Narrower"),
        "therapy": gettext("Therapy"),
        "test": gettext("Tests"),
        "complication": gettext("Diseases, findings"),
        "population": gettext("Population"),
        "related": gettext("Related"),
    }[group]


def reason_name(reason: Reason) -> str:
    """Why a term is offered, in the language of the page."""
    return {
        "synonym": gettext("means nearly the same"),
        "name": gettext("another name of a word of the query"),
        "cooccurs": gettext("stands in the records found first"),
        "fits": gettext("fits the query, as the model reads it"),
    }[reason]


def source_name(source: Source) -> str:
    """Where an English partner comes from, in the language of the page."""
    return {
        "terminology": gettext("another name"),
        "brackets": gettext("in brackets beside it"),
        "heading": gettext("heading of the same records"),
        "text": gettext("in the English title or abstract"),
    }[source]
