"""The librarian's desk as pages: plain forms, each answered by a redirect to what it led to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args
from urllib.parse import urlencode

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

from search.exact import ExactSyntaxError
from search.formats import FormatError
from search.ranked.engine import QueryError
from search.ranked.ranking import DEPTH
from web.desk import duplicates, items, shares, shelf, tags
from web.desk.additions import Intake, add_file, add_identifiers, add_records, library_records
from web.desk.collection_search import Group, Listing, Mode, listing
from web.desk.export import COLLECTION_FORMATS, drops
from web.desk.history import CollectionError, history, restore_to, undo
from web.desk.items import ItemOrder
from web.desk.members import live_generation, members
from web.http import services
from web.http.desk_access import editor, import_file, saved_collection, store
from web.http.language import chosen_language
from web.http.search_parameters import ExactParameters, SearchParameters
from web.pages.changes import action_message, change_message, done_message, drop_message
from web.pages.errors import query_message
from web.pages.exact import fault_message
from web.pages.last_collection import remember
from web.pages.page_parameters import asked
from web.pages.restricted_abstracts import seen
from web.pages.sign_in import own_address

PER_PAGE = 50
CHANGES_PER_PAGE = 100

blueprint = Blueprint("collections", __name__)


@dataclass(frozen=True)
class CollectionView:
    """Where in a collection one is: what its address says."""

    number: int
    q: str = ""
    mode: Mode = "words"
    tag: str = ""
    group: Group = ""
    order: ItemOrder = "own"
    page: int = 1

    def address(self, **changes: Any) -> dict[str, Any]:
        """The parameters that lead here, or to the same with ``changes``."""
        found = {**vars(self), **changes}
        defaults = vars(CollectionView(self.number))
        return {n: v for n, v in found.items() if n == "number" or v != defaults[n]}


@blueprint.get("/collections")
def index() -> str:
    """All collections by folder, and what makes new ones."""
    named = request.args.get("named", "").strip()[: shelf.LONGEST_NAME]
    return render_template(
        "collections.html",
        named=named,
        collections=[
            c for c in shelf.collections(store()) if named.casefold() in c.name.casefold()
        ],
        deleted=[
            (c, history(store(), c.id, 0, 1)[1][0].id)
            for c in shelf.collections(store(), deleted=True)
        ],
        folders=shelf.folders(store()),
        done=done_message(request.args),
    )


@blueprint.post("/collections")
def create() -> Response:
    """A new collection."""
    form = request.form
    number = shelf.create(
        store(), editor(), form.get("name", ""), form.get("description", ""), _folder("folder")
    )
    return _to("collections.show", number=number)


@blueprint.post("/collections/import")
def import_collection() -> Response:
    """A new collection from the JSON of another."""
    content, name = _sent_file()
    return _to("collections.show", number=import_file(content, name), done="imported")


@blueprint.post("/collections/folders")
def change_folders() -> Response:
    """A folder made, changed or taken away."""
    form, number = request.form, _folder("number")
    if number is None:
        shelf.add_folder(store(), editor(), form.get("name", ""), _folder("parent"))
    elif form.get("do") == "delete":
        shelf.delete_folder(store(), editor(), number)
    else:
        shelf.change_folder(store(), editor(), number, form.get("name", ""), _folder("parent"))
    return _to("collections.index")


@blueprint.post("/collections/add")
def add_results() -> Response:
    """Records of a result into a collection that is there, or a new one."""
    form = request.form
    number = form.get("collection", type=int)
    name = form.get("name", "").strip()
    with store().writing():
        # Whoever has typed a name wants a new one, whatever the list above it still says.
        if name or number is None:
            number = shelf.create(store(), editor(), name)
        intake = _add_results(number)
    if form.get("then") == "screening":
        return remember(_to("screening.show", number=number, **_outcome(intake)), number)
    if back := own_address(form.get("next", "")):
        # The list that the records were ticked in says what became of them.
        said = urlencode({**_outcome(intake), "into": number})
        back = f"{back}{'&' if '?' in back else '?'}{said}"
        return remember(make_response(redirect(back, 303)), number)
    return remember(_to("collections.show", number=number, **_outcome(intake)), number)


@blueprint.get("/collections/<int:number>")
def show(number: int) -> Response | str:
    """A collection's records, or what a search inside it finds."""
    place = _place(number)
    collection = shelf.collection(store(), number)
    message, found = "", None
    try:
        found = _listing(place, place.q)
    except ExactSyntaxError as error:
        message = fault_message(error)
    except QueryError as error:
        message = query_message(error)
    last = history(store(), number, 0, 1)[1]
    html = render_template(
        "collection.html",
        collection=collection,
        place=place,
        found=found or _listing(place, ""),
        message=message,
        tags=tags.tags(store(), number),
        folders=shelf.folders(store()),
        formats=[(name, drop_message(drops(name))) for name in COLLECTION_FORMATS],
        per_page=PER_PAGE,
        done=done_message(request.args),
        last=last[0] if last and request.args.get("done") and last[0].rows else None,
    )
    return make_response(html, 400 if message else 200)


@blueprint.post("/collections/<int:number>")
def change(number: int) -> Response:
    """Name, description and folder; or the collection put away."""
    form = request.form
    if form.get("do") == "delete":
        shelf.delete(store(), editor(), number)
        return _to("collections.index", done="deleted")
    with store().writing():
        shelf.describe(
            store(),
            editor(),
            number,
            name=form.get("name", ""),
            description=form.get("description", ""),
            seen=(form.get("seen_name", ""), shelf.checked_text(form.get("seen_description", ""))),
        )
        shelf.put_into(store(), editor(), number, _folder("folder"))
    return _to("collections.show", number=number, done="described")


@blueprint.post("/collections/<int:number>/records")
def change_records(number: int) -> Response:
    """Something done to the records that were ticked, or to one of them."""
    form, back = request.form, _place(number, request.form)
    chosen = form.getlist("record")
    do, tag = form.get("do", ""), form.get("tag_name", "")
    if not chosen:
        return _to("collections.show", **back.address(), done="none")
    count: int | None = None
    if do == "remove":
        count = items.remove(store(), editor(), number, chosen)
    elif do == "remove automation":
        count = items.remove(store(), editor(), number, chosen, "automation")
        do = "remove"
    elif do == "tag":
        count = tags.tag_records(store(), editor(), number, tag, chosen)
    elif do == "untag":
        count = tags.untag_records(store(), editor(), number, tag, chosen)
    else:
        abort(400)
    return _to("collections.show", **back.address(), done=do, n=count)


@blueprint.get("/collections/<int:number>/record")
def record(number: int) -> str:
    """One record of a collection: its note, tags and place."""
    record_id = request.args.get("record", "")
    ids = items.record_ids(store(), number)
    _, found = items.items(store(), number, record_ids=[record_id])
    if not found:
        abort(404)
    (member,) = members(found, live_generation(services.engine().library))
    return render_template(
        "collection_record.html",
        collection=shelf.collection(store(), number),
        member=replace(member, record=seen(member.record)),
        group=duplicates.group_of(store(), number, record_id),
        position=ids.index(record_id) + 1 if record_id in ids else None,
        before=ids[ids.index(record_id) - 1] if record_id in ids[1:] else None,
        after=ids[ids.index(record_id) + 1] if record_id in ids[:-1] else None,
        total=len(ids),
        tags=tags.tags(store(), number),
        done=done_message(request.args),
    )


@blueprint.post("/collections/<int:number>/record")
def change_record(number: int) -> Response:
    """The note, the tags or the place of one record."""
    form = request.form
    record_id, do = form.get("record", ""), form.get("do", "")
    done = {"note": "noted", "move": "moved", "tags": "tags"}.get(do, "")
    if do == "note":
        items.annotate(
            store(), editor(), number, record_id, form.get("note", ""), form.get("seen", "")
        )
    elif do == "move":
        items.move(store(), editor(), number, record_id, form.get("place", 1, type=int))
    elif do == "tags":
        _set_tags(number, record_id)
    else:
        abort(400)
    return _to("collections.record", number=number, record=record_id, done=done)


@blueprint.post("/collections/<int:number>/identifiers")
def add_by_identifier(number: int) -> Response:
    """Records by a list of identifiers."""
    intake = add_identifiers(
        store(),
        editor(),
        number,
        request.form.get("identifiers", ""),
        services.engine().generation(),
        services.exact(),
    )
    return _told(number, intake)


@blueprint.post("/collections/<int:number>/file")
def add_from_file(number: int) -> Response:
    """Records of a file of any format."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise CollectionError("no file was chosen")
    intake = add_file(
        store(),
        editor(),
        number,
        sent.stream,  # type: ignore[arg-type]
        sent.filename,
        live_generation(services.engine().library),
    )
    return _told(number, intake)


@blueprint.get("/collections/<int:number>/tags")
def show_tags(number: int) -> str:
    """The tags of a collection, to be renamed, merged, ordered, deleted."""
    return render_template(
        "collection_tags.html",
        collection=shelf.collection(store(), number),
        tags=tags.tags(store(), number),
        done=done_message(request.args),
    )


@blueprint.post("/collections/<int:number>/tags")
def change_tags(number: int) -> Response:
    """One thing done to the tags."""
    form = request.form
    name, new = form.get("tag", ""), form.get("new", "")
    edits: dict[str, Callable[[], None]] = {
        "add": lambda: tags.add(store(), editor(), number, new),
        "rename": lambda: tags.rename(store(), editor(), number, name, new),
        "merge": lambda: tags.merge(store(), editor(), number, name, form.get("into", "")),
        "delete": lambda: tags.delete(store(), editor(), number, name),
        "move": lambda: tags.move(store(), editor(), number, name, form.get("place", 1, type=int)),
    }
    if form.get("do") not in edits:
        abort(400)
    edits[form["do"]]()
    return _to("collections.show_tags", number=number, done="tags")


@blueprint.get("/collections/<int:number>/history")
def show_history(number: int) -> str:
    """Who changed what and when."""
    page = max(1, request.args.get("page", 1, type=int))
    first = (page - 1) * CHANGES_PER_PAGE
    total, found = history(store(), number, first, CHANGES_PER_PAGE)
    return render_template(
        "collection_history.html",
        collection=shelf.collection(store(), number),
        changes=found,
        action_message=action_message,
        change_message=change_message,
        newest=first == 0,
        page=page,
        pages=(total + CHANGES_PER_PAGE - 1) // CHANGES_PER_PAGE,
        done=done_message(request.args),
    )


@blueprint.post("/collections/<int:number>/history")
def go_back(number: int) -> Response:
    """One change undone, or an earlier state restored."""
    change_number = request.form.get("change", 0, type=int)
    if request.form.get("do") == "restore":
        restore_to(store(), editor(), number, change_number)
        return _to("collections.show_history", number=number, done="restored")
    undo(store(), editor(), change_number, number)
    return _to("collections.show", number=number, done="undone")


@blueprint.get("/collections/<int:number>/shares")
def show_shares(number: int) -> str:
    """The read-only links of a collection."""
    return _shares_page(number)


@blueprint.post("/collections/<int:number>/shares")
def change_shares(number: int) -> Response | str:
    """A link made, which is shown this once, or ended."""
    if request.form.get("do") == "end":
        shares.end_share(store(), editor(), number, request.form.get("share", 0, type=int))
        return _to("collections.show_shares", number=number, done="share ended")
    notes = "notes" in request.form
    secret = shares.share(store(), editor(), number, notes=notes)
    return _shares_page(number, url_for("collections.shared", secret=secret, _external=True))


@blueprint.get("/collections/<int:number>/export")
def export(number: int) -> Response:
    """A collection as a file."""
    name = request.args.get("format", "")
    if name not in COLLECTION_FORMATS:
        abort(400)
    return saved_collection(number, name)


@blueprint.get("/shared/<secret>")
def shared(secret: str) -> str:
    """A collection as whoever has the link sees it."""
    leads_to = shares.shared_collection(store(), secret)
    if leads_to is None:
        abort(404)
    number, notes = leads_to
    place = _place(number)
    return render_template(
        "shared.html",
        collection=shelf.collection(store(), number),
        place=place,
        secret=secret,
        notes=notes,
        tags=tags.tags(store(), number),
        found=_listing(place, ""),
        per_page=PER_PAGE,
    )


def _listing(place: CollectionView, query: str) -> Listing:
    return listing(
        store(),
        services.engine(),
        services.exact(),
        place.number,
        query=query,
        mode=place.mode,
        tag=place.tag,
        group=place.group,
        order=place.order,
        page=place.page,
        per_page=PER_PAGE,
        language=chosen_language(),
    )


def _place(number: int, args: Mapping[str, str] | None = None) -> CollectionView:
    given = request.args if args is None else args
    mode, group = given.get("mode", "words"), given.get("group", "")
    order = given.get("order", "own")
    page = given.get("page", "1")
    return CollectionView(
        number,
        q=given.get("q", "").strip(),
        mode="meaning" if mode == "meaning" else "words",
        tag=given.get("tag", ""),
        group=group if group in get_args(Group) else "",  # type: ignore[arg-type]
        order=order if order in get_args(ItemOrder) else "own",  # type: ignore[arg-type]
        page=min(max(1, int(page)), DEPTH) if page.isdecimal() else 1,
    )


def _add_results(number: int) -> Intake:
    form = request.form
    try:
        if form.get("what") == "exact":
            exact = asked(ExactParameters, form)
            found = services.exact().records(exact.q, exact.filters(), exact.sort, exact.thesaurus)
            return add_records(store(), editor(), number, found, exact.q)
        if form.get("what") == "ranked":
            ranked = asked(SearchParameters, form)
            limit = min(max(1, form.get("limit", 10, type=int)), DEPTH)
            best = services.engine().best(
                ranked.q, ranked.filters(), limit, ranked.sort, ranked.other_names
            )
            return add_records(store(), editor(), number, best, ranked.q)
    except ValidationError as error:
        raise CollectionError("the search cannot be repeated") from error
    generation = services.engine().generation()
    known = library_records(form.getlist("record"), generation)
    return add_records(store(), editor(), number, known, form.get("q", ""))


def _set_tags(number: int, record_id: str) -> None:
    _, found = items.items(store(), number, record_ids=[record_id])
    had = set(found[0].tags) if found else set()
    wanted = set(request.form.getlist("tag"))
    if new := request.form.get("new", "").strip():
        wanted.add(new)
    # What was ticked when the page was shown: tags that others put on since stay.
    seen = set(request.form.getlist("seen_tag"))
    with store().writing():
        for name in sorted(wanted - had):
            tags.tag_records(store(), editor(), number, name, [record_id])
        for name in sorted((seen & had) - wanted):
            tags.untag_records(store(), editor(), number, name, [record_id])


def _told(number: int, intake: Intake) -> Response:
    """Where all went well, the collection; else a page that says what did not come in."""
    if intake.decided and not intake.rejected:
        # What the file says of decisions is looked at before it counts.
        return _to("sources.show", number=number, **_outcome(intake))
    if not (intake.unknown or intake.ambiguous or intake.rejected):
        return _to("collections.show", number=number, **_outcome(intake))
    return make_response(
        render_template(
            "collection_intake.html",
            collection=shelf.collection(store(), number),
            intake=intake,
            done=done_message(_outcome(intake)),
        )
    )


def _outcome(intake: Intake) -> dict[str, Any]:
    told = {"done": "added", "n": intake.added, "already": intake.already}
    return told | ({"complete": intake.to_complete} if intake.to_complete else {})


def _shares_page(number: int, new: str = "") -> str:
    return render_template(
        "collection_shares.html",
        collection=shelf.collection(store(), number),
        shares=shares.shares(store(), number),
        new=new,
        done=done_message(request.args),
    )


def _sent_file() -> tuple[bytes, str]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise FormatError("no file was chosen")
    return sent.read(), sent.filename


def _folder(name: str) -> int | None:
    return request.form.get(name, type=int) or None


def _to(endpoint: str, **values: Any) -> Response:
    return make_response(redirect(url_for(endpoint, **values), 303))
