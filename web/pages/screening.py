"""Screening as pages: one record at a time, conflicts, criteria and words."""

from collections.abc import Iterable
from typing import Any, get_args

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
from markupsafe import Markup, escape

from web.desk import duplicates, items, shelf, tags
from web.desk.history import CollectionError
from web.desk.likeness import remembered_links
from web.desk.members import live_generation, members
from web.desk.screening import abstracts, deciding, numbers, plan
from web.desk.screening.estimates import stage_recall
from web.desk.screening.flow import NOT_RETRIEVED
from web.desk.screening.ledger import Verdict
from web.desk.screening.ordering import next_record
from web.desk.screening.outcomes import Outcome, State, agreements, progress, screened
from web.desk.screening.plan import STAGES, Plan, Stage, Words
from web.desk.screening.screened_files import SCREENED_FORMATS, Wanted
from web.desk.screening.word_marks import word_marks
from web.http import services
from web.http.access import may
from web.http.desk_access import editor, saved_screened, store
from web.http.language import gettext
from web.pages.changes import done_message
from web.pages.restricted_abstracts import seen

PER_PAGE = 50
# The reasons that have a key of their own.
KEYS = 9

blueprint = Blueprint("screening", __name__)


@blueprint.get("/collections/<int:number>/screening")
def show(number: int) -> str:
    """The record that this reviewer decides on next, or one that was asked for."""
    stage = stage_of(request.args.get("stage"))
    found = screened(store(), number, stage)
    reviewer, asked = editor(), request.args.get("record", "")
    following = next_record(store(), number, stage, reviewer, found)
    record_id = asked or following.record_id
    outcome = found.outcomes.get(record_id) if record_id else None
    if asked and outcome is None:
        abort(404)
    return render_template(
        "screening.html",
        collection=shelf.collection(store(), number),
        stage=stage,
        plan=found.plan,
        progress=progress(found, reviewer),
        following=following,
        asked=bool(asked),
        own=_own(outcome, reviewer),
        recall=stage_recall(store(), number, stage, reviewer, found),
        keys=KEYS,
        not_retrieved=NOT_RETRIEVED,
        written_time=written_time,
        done=screening_message(request.args),
        **(_record(number, outcome.record_id) if outcome else {"member": None}),
    )


@blueprint.post("/collections/<int:number>/screening")
def act(number: int) -> Response:
    """A decision made or taken back, or something noted of the record."""
    form = request.form
    stage, record_id, do = stage_of(form.get("stage")), form.get("record", ""), form.get("do", "")
    here = {"number": number, "stage": stage}
    verdict = verdict_of(do)
    if verdict is not None:
        deciding.decide(
            store(), editor(), number, stage, record_id, verdict, form.get("reason", "")
        )
        return _to("screening.show", **here)
    if do == "undo":
        back = deciding.take_back(store(), editor(), number, stage, form.get("record") or None)
        return _to("screening.show", **here, record=back, done="taken back")
    if do == "one":
        chosen = form.getlist("other")
        duplicates.handle_as_one(store(), editor(), number, record_id, chosen)
        return _to("screening.show", **here, record=record_id, done="one", n=len(chosen) + 1)
    if do == "distinct":
        duplicates.declare_distinct(store(), editor(), number, [record_id, *form.getlist("other")])
        return _to("screening.show", **here, record=record_id, done="distinct")
    _note(number, record_id, do)
    said = {"note": "noted", "tags": "tags", "number": "number"}.get(do, "abstract")
    return _to("screening.show", **here, record=record_id, done=said)


@blueprint.get("/collections/<int:number>/screening/plan")
def show_plan(number: int) -> str:
    """Criteria, reasons, reviewers and words."""
    return render_template(
        "screening_plan.html",
        collection=shelf.collection(store(), number),
        plans=[plan.plan(store(), number, stage) for stage in STAGES],
        words=plan.words(store(), number),
        stage_name=stage_name,
        done=screening_message(request.args),
    )


@blueprint.post("/collections/<int:number>/screening/plan")
def change_plan(number: int) -> Response:
    """The plan of a stage, or the words, written anew."""
    form = request.form
    if form.get("do") == "words":
        plan.set_words(
            store(), editor(), number, _lines(form.get("include")), _lines(form.get("exclude"))
        )
    else:
        stage = stage_of(form.get("stage"))
        wanted = Plan(
            stage,
            form.get("criteria", ""),
            tuple(_lines(form.get("reasons"))),
            form.get("reviewers", 1, type=int),
        )
        seen = Plan(
            stage,
            shelf.checked_text(form.get("seen_criteria", "")),
            tuple(_lines(form.get("seen_reasons"))),
            form.get("seen_reviewers", 1, type=int),
        )
        plan.set_plan(store(), editor(), number, wanted, seen, may_open=may("administer"))
    return _to(
        "screening.show_plan",
        number=number,
        done="highlighted" if form.get("do") == "words" else "criteria",
    )


@blueprint.get("/collections/<int:number>/screening/conflicts")
def show_conflicts(number: int) -> str:
    """What two reviewers decided differently, and how they agree."""
    stage = stage_of(request.args.get("stage"))
    found = screened(store(), number, stage)
    conflicts = found.of("conflict")
    resolved = [o for o in found.outcomes.values() if o.resolution]
    page = max(1, request.args.get("page", 1, type=int))
    shown = conflicts[(page - 1) * PER_PAGE :][:PER_PAGE]
    return render_template(
        "screening_conflicts.html",
        collection=shelf.collection(store(), number),
        stage=stage,
        plan=found.plan,
        total=len(conflicts),
        conflicts=_with_members(number, shown),
        resolved=_with_members(number, resolved[-PER_PAGE:]),
        agreements=agreements(found),
        verdict_name=verdict_name,
        page=page,
        pages=(len(conflicts) + PER_PAGE - 1) // PER_PAGE,
        done=screening_message(request.args),
    )


@blueprint.post("/collections/<int:number>/screening/conflicts")
def resolve(number: int) -> Response:
    """A conflict settled."""
    form, stage = request.form, stage_of(request.form.get("stage"))
    verdict = verdict_of(form.get("do"))
    if verdict is None or verdict == "maybe":
        abort(400)
    deciding.resolve(
        store(), editor(), number, stage, form.get("record", ""), verdict, form.get("reason", "")
    )
    return _to("screening.show_conflicts", number=number, stage=stage, done="resolved")


@blueprint.get("/collections/<int:number>/screening/decisions")
def show_decisions(number: int) -> str:
    """What this reviewer decided, the latest first."""
    stage = stage_of(request.args.get("stage"))
    verdict = request.args.get("verdict", "")
    found = screened(store(), number, stage)
    own = [d for d in found.by(editor()).values() if not verdict or d.verdict == verdict][::-1]
    page = max(1, request.args.get("page", 1, type=int))
    shown = own[(page - 1) * PER_PAGE :][:PER_PAGE]
    outcomes = [found.outcomes[i] for i in _mains(number, [d.record_id for d in shown])]
    return render_template(
        "screening_decisions.html",
        collection=shelf.collection(store(), number),
        stage=stage,
        verdict=verdict,
        total=len(own),
        shown=list(zip(shown, _with_members(number, outcomes), strict=True)),
        verdict_name=verdict_name,
        page=page,
        pages=(len(own) + PER_PAGE - 1) // PER_PAGE,
        done=screening_message(request.args),
    )


@blueprint.get("/collections/<int:number>/screening/export")
def save_records(number: int) -> Response:
    """The records of a stage that stand so, as a file."""
    states: tuple[State, ...] = get_args(State)
    wanted: Wanted = next((s for s in states if s == request.args.get("state")), "")
    name = next((f for f in SCREENED_FORMATS if f == request.args.get("format")), None)
    if name is None:
        abort(400)
    return saved_screened(number, stage_of(request.args.get("stage")), wanted, name)


def stage_of(asked: str | None) -> Stage:
    """The stage that an address or a form names; the first where it names none."""
    return next((stage for stage in STAGES if stage == asked), STAGES[0])


def verdict_of(asked: str | None) -> Verdict | None:
    """The verdict that a form names, if it is one."""
    return next((verdict for verdict in get_args(Verdict) if verdict == asked), None)


def stage_name(stage: Stage) -> str:
    """A stage as the page calls it."""
    return {
        "title-abstract": gettext("Title and abstract"),
        "full-text": gettext("Full text"),
    }[stage]


def verdict_name(verdict: str) -> str:
    """A verdict as the page calls it."""
    return {
        "include": gettext("Include"),
        "exclude": gettext("Exclude"),
        "maybe": gettext("Maybe"),
    }[verdict]


def screening_message(args: Any) -> str:
    """What was just done."""
    return {
        "taken back": gettext("Taken back: decide anew."),
        "resolved": gettext("Resolved."),
        "abstract": gettext("Abstract saved."),
        "number": gettext("Number saved."),
        "criteria": gettext("Criteria saved."),
        "highlighted": gettext("Highlighted words saved."),
    }.get(args.get("done", ""), "") or done_message(args)


def written_time(seconds: float) -> str:
    """A length of time in hours and minutes."""
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


def marked_words(text: str, words: Words) -> Markup:
    """Text as HTML with the reviewers' words marked, those for and those against."""
    parts: list[str] = []
    position = 0
    for start, end, side in word_marks(text, words):
        parts += [
            escape(text[position:start]),
            Markup('<mark class="{}">{}</mark>').format(
                "speaksfor" if side == "include" else "speaksagainst", text[start:end]
            ),
        ]
        position = end
    return Markup("").join([*parts, escape(text[position:])])


def _own(outcome: Outcome | None, reviewer: str) -> Any:
    return next((d for d in outcome.decisions if d.who == reviewer), None) if outcome else None


def _record(number: int, record_id: str) -> dict[str, Any]:
    """What the page shows of a record."""
    _, found = items.items(store(), number, record_ids=[record_id])
    (member,) = members(found, live_generation(services.engine().library))
    filled = abstracts.filled_abstracts(store(), number).get(record_id)
    shown = abstracts.with_abstract(member.record, filled)
    links = remembered_links(store(), number)
    pairs = [(links.record_ids[a], links.record_ids[b]) for a, b, _ in links.pairs]
    alike = [b if a == record_id else a for a, b in pairs if record_id in (a, b)]
    _, similar = items.items(store(), number, record_ids=alike)
    return {
        "member": member,
        "record": seen(shown),
        "bare": not any(v.abstract for v in member.record.versions()),
        "filled": filled,
        "sources": abstracts.sources(store(), number, record_id) if shown is member.record else [],
        "similar": similar,
        "words": plan.words(store(), number),
        "marked_words": marked_words,
        "tags": tags.tags(store(), number),
        "numbers": numbers.numbers(store(), number).get(record_id, {}),
        "number_names": sorted({n for v in numbers.numbers(store(), number).values() for n in v}),
        "group": duplicates.group_of(store(), number, record_id),
    }


def _note(number: int, record_id: str, do: str) -> None:
    form = request.form
    if do == "note":
        items.annotate(
            store(), editor(), number, record_id, form.get("note", ""), form.get("seen", "")
        )
    elif do == "tags":
        _set_tags(number, record_id)
    elif do == "number":
        name, value = form.get("name", ""), form.get("value", "").strip()
        try:
            wanted = float(value) if value else None
        except ValueError as error:
            raise CollectionError(f"{name}: {value!r} is no number") from error
        numbers.note_number(store(), editor(), number, record_id, name, wanted)
    elif do == "fill":
        abstracts.fill_in(store(), editor(), number, record_id, form.get("abstract", ""))
    elif do == "fill from":
        generation = live_generation(services.engine().library)
        source = form.get("source", "").strip()
        abstracts.fill_from(store(), editor(), number, record_id, source, generation)
    else:
        abort(400)


def _set_tags(number: int, record_id: str) -> None:
    form = request.form
    wanted, seen = set(form.getlist("tag")), set(form.getlist("seen_tag"))
    if new := form.get("new", "").strip():
        wanted.add(new)
    with store().writing():
        for name in sorted(wanted - seen):
            tags.tag_records(store(), editor(), number, name, [record_id])
        for name in sorted(seen - wanted):
            tags.untag_records(store(), editor(), number, name, [record_id])


def _mains(number: int, record_ids: Iterable[str]) -> list[str]:
    under = items.mains(store(), number)
    return [under.get(i, i) for i in record_ids]


def _with_members(number: int, outcomes: list[Outcome]) -> list[Any]:
    _, found = items.items(store(), number, record_ids=[o.record_id for o in outcomes])
    shown = members(found, live_generation(services.engine().library))
    by_id = {m.item.record.id: m for m in shown}
    return [(o, by_id[o.record_id]) for o in outcomes]


def _lines(text: str | None) -> list[str]:
    return [" ".join(line.split()) for line in (text or "").splitlines() if line.strip()]


def _to(endpoint: str, **values: Any) -> Response:
    return make_response(redirect(url_for(endpoint, **values), 303))
