"""The command that follows the citations of a collection's records."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from indexer.harvest.citation_chasing import (
    CHASED_SOURCES,
    DIRECTIONS,
    Chase,
    ChasedSource,
    Direction,
    Numbers,
    open_chase,
)
from indexer.harvest.harvest_errors import HarvestError
from indexer.harvest.harvest_folder import HarvestFolder, folder_of
from indexer.harvest.harvesting import harvest_again, records_of
from indexer.harvest.network import SETTING, Network, read_network
from search.library.library import Library
from web.cli.harvest import harvests_option, network_option
from web.cli.options import ShownErrors, collections_option, opened, who
from web.cli.progress_bars import TerminalProgress
from web.desk import shelf
from web.desk.citation_intake import add_citations, seeds
from web.desk.desk import Desk
from web.desk.screening.flow import COLUMNS, boxes

# What a flow diagram calls a source; the same in every chase, so that they add up.
_NAMES: dict[tuple[ChasedSource, Direction], str] = {
    ("openalex", "references"): "OpenAlex, references",
    ("openalex", "citing"): "OpenAlex, citing works",
    ("europe-pmc", "references"): "Europe PMC, references",
    ("europe-pmc", "citing"): "Europe PMC, citing works",
}


@click.command("cite-chase", cls=ShownErrors)
@click.argument("number", type=int)
@click.option(
    "--direction",
    "directions",
    type=click.Choice(DIRECTIONS),
    multiple=True,
    help="What they cite, or what cites them; again for both [default: both].",
)
@click.option(
    "--source",
    "sources",
    type=click.Choice(CHASED_SOURCES),
    multiple=True,
    help="Whom to ask; again for both [default: those that may be asked].",
)
@click.option("--tag", default="", help="Only of records with this tag.")
@click.option("--included", is_flag=True, help="Only of records that screening has included.")
@click.option("--count", "only_count", is_flag=True, help="Say how many there are; no more.")
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="JMEDSEARCH_LIBRARY",
    show_envvar=True,
    help="Library whose own record is taken where it has the work.",
)
@network_option
@harvests_option
@collections_option
def cite_chase(
    number: int,
    directions: tuple[Direction, ...],
    sources: tuple[ChasedSource, ...],
    tag: str,
    included: bool,
    only_count: bool,
    library: Path | None,
    network_file: Path | None,
    harvests: Path,
    collections_file: Path | None,
) -> None:
    """Add what the records of a collection cite, and what cites them (引用文献検索).

    DOIs and PMIDs of the records are sent to OpenAlex and Europe PMC. What the collection has
    already is counted as a duplicate; the flow diagram shows the rest as found by citation
    searching.
    """
    network = read_network(network_file)
    asked = sources or _allowed(network)
    desk = opened(collections_file)
    shelf.collection(desk.store, number)
    works = _works(desk, number, tag, included)
    generation = Library(library).generation() if library else None
    for source in asked:
        for direction in directions or DIRECTIONS:
            name = _NAMES[source, direction]
            with closing(open_chase(source, works, direction, network)) as chase:
                if only_count:
                    click.echo(f"{name}: {chase.count('').records} works")
                    continue
                folder = _harvested(chase, works, harvests, number)
            run = folder.read().runs[-1]
            unread = (folder.plan(run) or {}).get("unknown", 0)
            found = records_of(folder, run)
            intake = add_citations(desk.store, who(), number, found, name, generation, unread)
            without = f", {unread} without a record" if unread else ""
            click.echo(f"{name}: {intake.added} added, {intake.already} there already{without}")


def _allowed(network: Network) -> tuple[ChasedSource, ...]:
    allowed = tuple(source for source in CHASED_SOURCES if source in network.sources)
    if not allowed:
        raise HarvestError(
            "citations are followed at OpenAlex and Europe PMC, and neither is among the sources "
            f"that this institution allows, in the file that {SETTING} names"
        )
    return allowed


def _works(desk: Desk, number: int, tag: str, included: bool) -> list[Numbers]:
    only = None
    if included:
        found = boxes(desk.store, number)
        only = [i for column in COLUMNS for i in found[column].included]
    return [Numbers(r.doi, r.pmid) for r in seeds(desk.store, number, tag, only)]


def _harvested(
    chase: Chase, works: Sequence[Numbers], harvests: Path, number: int
) -> HarvestFolder:
    """The harvest in which the chase of these works lies, complete."""
    told = json.dumps(sorted((work.doi, work.pmid) for work in works))
    digest = hashlib.sha256(told.encode()).hexdigest()[:8]
    name = f"cite-chase-{number}-{chase.name}-{digest}"
    query = f"{len(works)} works of collection {number} ({digest})"
    with closing(TerminalProgress()) as progress:
        harvest_again(harvests, chase, query, name, progress=progress)
    return folder_of(harvests, name)
