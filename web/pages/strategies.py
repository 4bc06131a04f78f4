"""The strategy of a collection as pages: its searches, what they found, what changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from pydantic import ValidationError

from search.budget import BudgetError
from search.exact import ExactSyntaxError
from search.filters import Filters
from search.ranked.engine import QueryError
from search.ranked.ranking import DEPTH
from web.desk import alerts, searches, shelf, strategies
from web.desk.findings import findings, shown_ids
from web.desk.history import CollectionError, history
from web.desk.members import live_generation
from web.desk.run_comparison import Comparison
from web.desk.searches import Search
from web.desk.strategy_answers import USUAL_TOP, SearchRequest, search_request
from web.http import services
from web.http.desk_access import editor, library_search, store
from web.http.language import chosen_language
from web.http.search_parameters import MappingQuery
from web.pages.changes import done_message
from web.pages.errors import query_message
from web.pages.exact import fault_of
from web.pages.facts import facts
from web.pages.last_collection import remember
from web.pages.page_parameters import asked as asked_parameters
from web.pages.page_parameters import field_messages, typed_values
from web.reports.filter_labels import active_filters
from web.reports.prisma_s import frozen_note, run_facts, syntax_name

PER_PAGE = 50
# Of what changed, so many records are shown; the rest is in the run itself.
MOST_SHOWN = 200

blueprint = Blueprint("strategies", __name__)


@dataclass(frozen=True)
class SearchRow:
    """A search as the list shows it: its kind and filters in words, what its last run changed, and
    the marks of those parts of which a later run is there than it was made of."""

    search: Search
    syntax: str
    frozen: str
    filters: tuple[str, ...]
    changed: Comparison | None
    other_model: bool
    outdated: tuple[str, ...]


@blueprint.get("/collections/<int:number>/strategy")
def show(number: int) -> str:
    """The searches of a collection, and the box for the next one."""
    return _page(number)


@blueprint.post("/collections/<int:number>/strategy")
def run(number: int) -> Response:
    """A new search, typed or put together of those that were ticked."""
    form = request.form
    try:
        found = _run(number, form)
    except ExactSyntaxError as error:
        return make_response(_page(number, fault=fault_of(error)), 400)
    except QueryError as error:
        return make_response(_page(number, messages=[query_message(error)]), 400)
    except ValidationError as error:
        return make_response(_page(number, messages=field_messages(error)), 400)
    return _to("strategies.show_search", number=number, search=found.number)


@blueprint.post("/collections/<int:number>/strategy/rerun")
def rerun(number: int) -> Response:
    """The searches that were ticked, or all, run again."""
    wanted = request.form.getlist("search", type=int) or None
    if request.form.get("do") == "all":
        wanted = None
    done = strategies.rerun(store(), editor(), number, library_search(), wanted)
    faults = [(r.search, fault_of(r.fault)) for r in done if r.fault is not None]
    if faults:
        return make_response(_page(number, faults=faults), 400)
    if len(done) == 1:
        found = done[0].search
        return _to("strategies.show_changes", number=number, search=found.number, done="rerun")
    return _to("strategies.show", number=number, done="rerun")


@blueprint.post("/collections/strategy/keep")
def keep() -> Response:
    """A search from the search page, kept in a collection that is there, or a new one."""
    form = request.form
    number = form.get("collection", type=int)
    name = form.get("name", "").strip()
    try:
        wanted = _asked(form, ranked=form.get("kind") == "ranked")
    except ValidationError as error:
        raise CollectionError("the search cannot be repeated") from error
    with store().writing():
        if name or number is None:
            number = shelf.create(store(), editor(), name)
        found = strategies.run_search(store(), editor(), number, wanted, library_search())
        if form.get("then") == "alert":
            alerts.switch_on(store(), editor(), number, found.number)
    if form.get("then") == "alert":
        to_alert = _to("alerts.show", number=number, search=found.number, done="alert on")
        return remember(to_alert, number)
    return remember(_to("strategies.show_search", number=number, search=found.number), number)


@blueprint.get("/collections/<int:number>/strategy/<int:search>")
def show_search(number: int, search: int) -> str:
    """A search: what a run of it found, all its runs, its name and note."""
    found = searches.search(store(), number, search)
    one = searches.run(store(), found, request.args.get("run", type=int))
    page = max(1, request.args.get("page", 1, type=int))
    last = history(store(), number, 0, 1)[1]
    return render_template(
        "strategy_search.html",
        collection=shelf.collection(store(), number),
        line=_line(found, {s.number: s for s in searches.searches(store(), number)}),
        search=found,
        run=one,
        runs=searches.runs(store(), found),
        run_facts=run_facts,
        read_as=_read_as(found),
        found=findings(
            store(),
            services.exact(),
            found,
            one,
            page=page,
            per_page=PER_PAGE,
            language=chosen_language(),
        ),
        has_alert=any(a.search.id == found.id for a in alerts.alerts(store(), number)),
        done=done_message(request.args),
        last=last[0] if last and request.args.get("done") and last[0].rows else None,
    )


@blueprint.post("/collections/<int:number>/strategy/<int:search>")
def change_search(number: int, search: int) -> Response:
    """The name and note of a search, its records into the collection, or the search put away."""
    form, do = request.form, request.form.get("do", "")
    if do == "describe":
        strategies.describe(
            store(), editor(), number, search, name=form.get("name", ""), note=form.get("note", "")
        )
        return _to("strategies.show_search", number=number, search=search, done="search described")
    if do == "delete":
        strategies.delete(store(), editor(), number, search)
        return _to("strategies.show", number=number, done="search deleted")
    if do not in {"add", "add new"}:
        abort(400)
    found = searches.search(store(), number, search)
    one = searches.run(store(), found, form.get("run", type=int))
    generation = services.exact().library.generation()
    ids: tuple[str, ...] = searches.found_by(store(), one)
    if do == "add new":
        before = searches.run_before(store(), found, one)
        if before is None:
            raise CollectionError("there is no earlier run to compare with")
        ids = strategies.changes(store(), found, before, one, generation).new
    intake = strategies.add_found(store(), editor(), number, found, ids, generation)
    return _to(
        "collections.show", number=number, done="added", n=intake.added, already=intake.already
    )


@blueprint.get("/collections/<int:number>/strategy/<int:search>/changes")
def show_changes(number: int, search: int) -> str:
    """What a run found otherwise than the one before it."""
    found = searches.search(store(), number, search)
    one = searches.run(store(), found, request.args.get("run", type=int))
    before = searches.run_before(store(), found, one)
    if before is None:
        abort(404)
    generation = live_generation(services.engine().library)
    changed = strategies.changes(store(), found, before, one, generation)
    moved = changed.moved[:MOST_SHOWN]
    return render_template(
        "strategy_changes.html",
        collection=shelf.collection(store(), number),
        search=found,
        run=one,
        before=before,
        run_facts=run_facts,
        syntax=syntax_name(found),
        frozen=frozen_note(found),
        changed=changed,
        new=shown_ids(changed.new[:MOST_SHOWN], generation),
        gone=shown_ids(changed.gone[:MOST_SHOWN], generation),
        moved=list(zip(moved, shown_ids([m.id for m in moved], generation), strict=True)),
        most=MOST_SHOWN,
        other_model=bool(one.frozen) and one.model_hash != before.model_hash,
        done=done_message(request.args),
    )


def _page(number: int, **wrong: Any) -> str:
    found = searches.searches(store(), number)
    every = {one.number: one for one in found}
    generation = live_generation(services.engine().library)
    last = history(store(), number, 0, 1)[1]
    return render_template(
        "strategy.html",
        collection=shelf.collection(store(), number),
        lines=[_line(one, every) for one in found],
        typed={**typed_values(MappingQuery, request.form), **request.form},
        facts=facts(generation) if generation else None,
        alerts=[a.search.number for a in alerts.alerts(store(), number)],
        usual_top=USUAL_TOP,
        depth=DEPTH,
        done=done_message(request.args),
        last=last[0] if last and request.args.get("done") and last[0].rows else None,
        **wrong,
    )


def _line(one: Search, every: Mapping[int, Search]) -> SearchRow:
    before = searches.run_before(store(), one, one.last)
    generation = live_generation(services.engine().library)
    changed = strategies.rerun_of(store(), one, before, generation) if before else None
    return SearchRow(
        one,
        syntax_name(one),
        frozen_note(one),
        tuple(chosen.label for chosen in active_filters(one.asked.filters)),
        changed.changed if changed else None,
        changed.other_model if changed else False,
        tuple(
            f"#{n}"
            for n, taken in one.last.parts.items()
            if n in every and every[n].last.number != taken
        ),
    )


def _read_as(found: Search) -> str:
    """The expression of a search with what the thesaurus makes of it now, written out; empty where
    that makes nothing of it."""
    asked = found.asked
    if asked.syntax == "ranked" or asked.thesaurus == "none":
        return ""
    try:
        parsed = services.exact().parsed(asked.query, asked.thesaurus, with_lines=True)
    except (ExactSyntaxError, BudgetError):
        return ""
    return str(parsed.tree) if parsed.mapped else ""


def _run(number: int, form: Mapping[str, str]) -> Search:
    if form.get("do") == "combine":
        ticked = request.form.getlist("search", type=int)
        operator = form.get("operator", "AND")
        if len(ticked) < len(("left", "right")) or operator not in {"AND", "OR", "NOT"}:
            raise CollectionError("tick two searches at least")
        marks = (f"#{n}" for n in sorted(ticked))
        wanted = search_request(f" {operator} ".join(marks), ranked=False, filters=Filters())
    else:
        wanted = _asked(form, ranked=form.get("kind") == "ranked")
    return strategies.run_search(
        store(),
        editor(),
        number,
        wanted,
        library_search(),
        name=form.get("name", ""),
        note=form.get("note", ""),
    )


def _asked(form: Mapping[str, str], *, ranked: bool) -> SearchRequest:
    query = asked_parameters(MappingQuery, form)
    top = form.get("top", "").strip()
    return search_request(
        query.q,
        ranked=ranked,
        filters=query.filters(),
        top=int(top) if top.isdecimal() else USUAL_TOP,
        thesaurus=query.thesaurus,
    )


def _to(endpoint: str, **values: Any) -> Response:
    return make_response(redirect(url_for(endpoint, **values), 303))
