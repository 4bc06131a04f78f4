"""The report of a collection's strategy after PRISMA-S (Rethlefsen et al., Systematic Reviews
2021;10:39): what the desk knows, and blanks for what only the librarian can say."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from search.library.generation import Database, Generation
from search.library.library import Library
from web.desk.alerts import alerts
from web.desk.duplicates import number_under_others
from web.desk.members import live_generation
from web.desk.report import ITEMS, Item, answers
from web.desk.searches import Run, Search, searches
from web.desk.shelf import Collection, collection
from web.desk.store import Store, now
from web.http.language import gettext, ngettext, written_date, written_moment
from web.reports.filter_labels import active_filters


@dataclass(frozen=True)
class ReportItem:
    """An item: its place in PRISMA-S, what it asks for, what the desk knows of it, a line for each
    thing, and what was written by hand. ``blank`` where neither says anything."""

    number: int
    item: Item
    heading: str
    asks: str
    known: tuple[str, ...]
    answer: str

    @property
    def blank(self) -> bool:
        """Whether somebody has to write something here."""
        return not self.known and not self.answer


@dataclass(frozen=True)
class ReportSearch:
    """A search in the report: copied as it was run, and in words what surrounds it."""

    mark: str
    query: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A report in the language of the page."""

    collection: Collection
    made: str
    items: tuple[ReportItem, ...]
    searches: tuple[ReportSearch, ...]


def report_over(library: Library, store: Store, number: int) -> Report:
    """The report of a collection over a library as it stands, or over nothing where the library
    cannot be used.

    Raises:
        UnknownError: when there is no such collection.
    """
    return report(store, number, library.path.name, live_generation(library))


def report(store: Store, number: int, library_name: str, generation: Generation | None) -> Report:
    """The report as things stand.

    Raises:
        UnknownError: when there is no such collection.
    """
    of = collection(store, number)
    found = searches(store, number)
    written = answers(store, number)
    databases = generation.databases() if generation else []
    known: dict[Item, list[str]] = {
        "database name": _database(library_name, found, databases),
        "multi-database searching": _multi(library_name, databases),
        "full search strategies": _strategies(found),
        "limits and restrictions": _limits(found),
        "updates": _updates(store, number, found),
        "dates of searches": [_date_of(one) for one in found],
        "total records": _totals(of, found, databases),
        "deduplication": _deduplication(databases, number_under_others(store, number)),
    }
    headings = item_headings()
    return Report(
        collection=of,
        made=written_moment(now()),
        items=tuple(
            ReportItem(
                place, item, *headings[item], tuple(known.get(item, ())), written.get(item, "")
            )
            for place, item in enumerate(ITEMS, 1)
        ),
        searches=tuple(
            ReportSearch(one.mark, one.asked.query, tuple(search_facts(one))) for one in found
        ),
    )


def item_headings() -> dict[Item, tuple[str, str]]:
    """Each item's name, and what it asks for."""
    return {
        "database name": (
            gettext("Database name"),
            gettext("Each database that was searched, and its platform"),
        ),
        "multi-database searching": (
            gettext("Multi-database searching"),
            gettext("Databases that were searched together on one platform"),
        ),
        "study registries": (gettext("Study registries"), gettext("Trial registers searched")),
        "online resources and browsing": (
            gettext("Online resources and browsing"),
            gettext("Web sites, proceedings and contents pages looked through, and how"),
        ),
        "citation searching": (
            gettext("Citation searching"),
            gettext("Whether references and citing articles were followed, and how"),
        ),
        "contacts": (
            gettext("Contacts"),
            gettext("Authors, experts, makers who were asked for studies or data"),
        ),
        "others": (gettext("Other methods"), gettext("Anything else that was done")),
        "full search strategies": (
            gettext("Full search strategies"),
            gettext("Every search, copied exactly as it was run"),
        ),
        "limits and restrictions": (
            gettext("Limits and restrictions"),
            gettext("Limits by date, language, type and so on, with the reason for each; or none"),
        ),
        "search filters": (
            gettext("Search filters"),
            gettext("Published search filters used, as they are or changed, with their source"),
        ),
        "prior work": (
            gettext("Prior work"),
            gettext("Strategies of other reviews that were taken over, with their source"),
        ),
        "updates": (gettext("Updates"), gettext("How the searches were kept up to date")),
        "dates of searches": (
            gettext("Dates of searches"),
            gettext("When each search was last run"),
        ),
        "peer review": (
            gettext("Peer review"),
            gettext("How the strategy was reviewed by others, for example with PRESS"),
        ),
        "total records": (
            gettext("Total records"),
            gettext("Records found in each database and other source"),
        ),
        "deduplication": (
            gettext("Deduplication"),
            gettext("How duplicates were removed, and with which program"),
        ),
    }


def search_facts(one: Search) -> list[str]:
    """What surrounds a search: its kind, filters, date, count, of what."""
    facts = [syntax_name(one)]
    if one.name:
        facts.insert(0, one.name)
    if frozen := frozen_note(one):
        facts.append(frozen)
    if one.asked.thesaurus == "map":
        facts.append(gettext("words mapped to headings by the terminology"))
    facts += [chosen.label for chosen in active_filters(one.asked.filters)]
    return [*facts, *run_facts(one.last), *one.note.splitlines()]


def run_facts(run: Run) -> list[str]:
    """When a run was, what it found, in which state of the library and by which program."""
    return [
        written_moment(run.at),
        ngettext("%(n)s record", "%(n)s records", run.count),
        gettext("library version")
        + f" {run.generation} ({run.generation_hash[:12]}), "
        + ngettext("%(n)s record", "%(n)s records", run.library_records),
        gettext("model") + f" {run.model} ({run.model_hash[:12]})",
        run.program,
    ]


def syntax_name(one: Search) -> str:
    """The kind of a search, in the language of the page."""
    if one.asked.syntax == "ranked":
        n = one.asked.top or 0
        return ngettext(
            "ranked search, the first record frozen",
            "ranked search, the first %(n)s frozen",
            n,
        )
    if one.asked.syntax == "combination":
        return gettext("combination")
    return gettext("exact search")


def frozen_note(one: Search) -> str:
    """That a combination has ranked searches in it, and which; empty where it has none."""
    if one.asked.syntax == "ranked" or not one.last.frozen:
        return ""
    marks = gettext(", ").join(f"#{n}" for n in one.last.frozen)
    return gettext("includes the frozen head of a ranked search") + f" ({marks})"


def as_markdown(made: Report) -> str:
    """The report as Markdown, which is readable as plain text too."""
    colon, blank = gettext(": "), gettext("(to be filled in)")
    lines = [
        f"# {gettext('Search report after PRISMA-S')}",
        "",
        f"{gettext('Collection')}{colon}{_plain(made.collection.name)}",
        f"{gettext('Date of the report')}{colon}{made.made}",
    ]
    for item in made.items:
        lines += ["", f"## {item.number}. {item.heading}", "", f"*{item.asks}*", ""]
        lines += [f"- {_plain(line)}" for line in item.known]
        if item.item == "full search strategies":
            for one in made.searches:
                fence = "`" * max(3, _longest_ticks(one.query) + 1)
                lines += ["", f"### {one.mark}", "", fence, one.query, fence, ""]
                lines += [f"- {_plain(fact)}" for fact in one.facts]
        if item.answer:
            lines += [*([""] if item.known or made.searches else []), item.answer]
        if item.blank:
            lines.append(f"＿＿＿＿＿＿＿＿ {blank}")
    lines += ["", "---", "", CITATION, ""]
    return "\n".join(lines)


CITATION = (
    "PRISMA-S: Rethlefsen ML, Kirtley S, Waffenschmidt S, et al. "
    "Syst Rev. 2021;10:39. doi:10.1186/s13643-020-01542-z"
)


def _plain(text: str) -> str:
    """Text in which no sign means anything to Markdown."""
    return "".join("\\" + c if c in "\\`*_[]<>" else c for c in text)


def _longest_ticks(text: str) -> int:
    longest = run = 0
    for before, c in pairwise("\0" + text):
        run = (run + 1 if before == "`" else 1) if c == "`" else 0
        longest = max(longest, run)
    return longest


def _database(name: str, found: Sequence[Search], databases: Sequence[Database]) -> list[str]:
    platforms = dict.fromkeys(one.last.program for one in found) or {"jmedsearch": None}
    lines = [
        gettext("Library “%(name)s” on the platform %(platform)s")
        % {"name": name, "platform": ", ".join(platforms)}
    ]
    if found:
        last = found[-1].last
        lines.append(run_facts(last)[2])
    return lines + [_source(one) for one in databases if one.name]


def _source(one: Database) -> str:
    parts = [one.name, ngettext("%(n)s record read", "%(n)s records read", one.read)]
    if one.searched:
        parts.append(gettext("searched there") + " " + written_date(one.searched))
    parts.append(gettext("imported") + " " + written_date(one.imported[:10]))
    return gettext(", ").join(parts)


def _multi(name: str, databases: Sequence[Database]) -> list[str]:
    named = [one.name for one in databases if one.name]
    if len(named) < len(("this", "that")):
        return []
    return [
        gettext("The library “%(name)s” holds records of several databases, searched as one")
        % {"name": name}
        + gettext(": ")
        + gettext(", ").join(named)
    ]


def _strategies(found: Sequence[Search]) -> list[str]:
    if not found:
        return []
    return [ngettext("%(n)s search, as it was run", "%(n)s searches, as they were run", len(found))]


def _limits(found: Sequence[Search]) -> list[str]:
    lines = []
    for one in found:
        labels = [chosen.label for chosen in active_filters(one.asked.filters)]
        if labels:
            lines.append(f"{one.mark}{gettext(': ')}{gettext(', ').join(labels)}")
    if found and not lines:
        return [gettext("No filters were set; limits inside the expressions stand there")]
    return lines


def _updates(store: Store, number: int, found: Sequence[Search]) -> list[str]:
    lines = [
        f"{one.mark}{gettext(': ')}"
        + ngettext("run once", "run %(n)s times", one.runs)
        + gettext(", ")
        + gettext("last")
        + f" {written_moment(one.last.at)}"
        for one in found
        if one.runs > 1
    ]
    on = [alert.search.mark for alert in alerts(store, number)]
    if on:
        lines.append(gettext("Alerts are on for") + f" {gettext(', ').join(on)}")
    return lines


def _date_of(one: Search) -> str:
    return f"{one.mark}{gettext(': ')}{written_moment(one.last.at)}"


def _totals(of: Collection, found: Sequence[Search], databases: Sequence[Database]) -> list[str]:
    if not found:
        return []
    lines = [
        f"{one.mark}{gettext(': ')}" + ngettext("%(n)s record", "%(n)s records", one.last.count)
        for one in found
    ]
    if databases:
        read = sum(one.read for one in databases)
        lines.append(
            gettext("The library")
            + gettext(": ")
            + ngettext("%(n)s record read", "%(n)s records read", read)
        )
    kept = ngettext("%(n)s record", "%(n)s records", of.records)
    lines.append(gettext("In the collection") + gettext(": ") + kept)
    return lines


def _deduplication(databases: Sequence[Database], handled_as_one: int) -> list[str]:
    lines = []
    if databases:
        n = sum(one.duplicate for one in databases)
        lines.append(
            gettext(
                "jmedsearch merged records with the same id, PMID or Ichushi ID, or with the same "
                "DOI and agreeing titles, when they were imported"
            )
            + gettext(": ")
            + ngettext("%(n)s copy", "%(n)s copies", n)
        )
    if handled_as_one:
        lines.append(
            gettext("In the collection, duplicates put under another record")
            + gettext(": ")
            + ngettext("%(n)s record", "%(n)s records", handled_as_one)
        )
    return lines
