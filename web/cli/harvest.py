"""The commands that ask sources on the network for records, where the institution allows it."""

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click
import platformdirs

from indexer.harvest.completing import COMPLETION
from indexer.harvest.harvest_errors import HarvestError
from indexer.harvest.harvest_folder import (
    Harvest,
    Run,
    folder_of,
    list_harvests,
    remove_harvest,
)
from indexer.harvest.harvest_indexing import index_run, runs_to_index
from indexer.harvest.harvesting import start, update
from indexer.harvest.known_sources import KNOWN, KnownSource, open_source
from indexer.harvest.network import SETTING, SourceName, read_network
from search.encoder.encoder import Device
from web.cli.index import summary
from web.cli.options import Group, ShownErrors, library_option
from web.cli.progress_bars import TerminalProgress
from web.cli.terminal import visible

_SHOWN = 20

network_option = click.option(
    "--network",
    "network_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=SETTING,
    show_envvar=True,
    help="File in which the institution says which sources may be asked [default: none may].",
)
now_option = click.option(
    "--now", "at_once", is_flag=True, help="Large jobs by day, too, as agreed on with the source."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")


def harvests_folder() -> Path:
    """Where harvests lie unless one says otherwise: with the user's data."""
    return platformdirs.user_data_path("jmedsearch") / "harvests"


harvests_option = click.option(
    "--harvests",
    type=click.Path(path_type=Path, file_okay=False),
    default=harvests_folder,
    envvar="JMEDSEARCH_HARVESTS",
    show_envvar=True,
    show_default="harvests in the user's data folder",
    help="Folder of all harvests.",
)


@click.group(cls=Group)
def harvest() -> None:
    """Ask sources on the network for records (収集), and keep their answers to be indexed.

    Nothing is sent unless the institution has switched it on: see sources.
    """


def _harvest_command(known: KnownSource) -> click.Command:
    @click.command(
        known.name,
        cls=ShownErrors,
        help=f"Harvest the records of QUERY from {known.title}, or go on where that was ended.\n\n"
        f"QUERY: {known.query}\n\nAlso sent: {known.sent}. Terms: {known.terms}.",
    )
    @click.argument("query")
    @click.option("--count", "only_count", is_flag=True, help="Say how many there are; no more.")
    @click.option("--name", default="", help="What it is called here.  [default: the source]")
    @now_option
    @network_option
    @harvests_option
    def command(
        query: str,
        only_count: bool,
        name: str,
        at_once: bool,
        network_file: Path | None,
        harvests: Path,
    ) -> None:
        source = open_source(known.name, read_network(network_file))
        progress = TerminalProgress()
        with closing(source), closing(progress):
            if only_count:
                found = source.count(query)
                click.echo(f"{found.records} records at {known.title}")
                if found.understood:
                    click.echo(f"understood: {found.understood}")
                for note in found.notes:
                    click.echo(note)
                return
            made = start(harvests, source, query, name, progress=progress, at_once=at_once)
        tell_run(made, made.runs[-1], harvests)

    return command


for _known in KNOWN.values():
    harvest.add_command(_harvest_command(_known))


@harvest.command("update")
@click.argument("names", nargs=-1)
@click.option("--whole", is_flag=True, help="Everything again; tells what the source has no more.")
@now_option
@network_option
@harvests_option
def update_command(
    names: tuple[str, ...], whole: bool, at_once: bool, network_file: Path | None, harvests: Path
) -> None:
    """Ask for what is new or changed since the last time, for harvests by NAMES, or for all.

    PubMed, Europe PMC, Crossref, OpenAlex and ClinicalTrials.gov date their records; CiNii Research
    and J-STAGE are asked for the years of publication since the year before.
    """
    network = read_network(network_file)
    failed = []
    every = (h.name for h in list_harvests(harvests) if h.source in KNOWN)
    for name in names or every:
        try:
            before = folder_of(harvests, name).read()
            source = open_source(_source_name(before), network)
            progress = TerminalProgress()
            with closing(source), closing(progress):
                made = update(
                    harvests, source, name, whole=whole, progress=progress, at_once=at_once
                )
        except HarvestError as error:
            failed.append(name)
            click.echo(visible(f"{name}: {error}"), err=True)
        else:
            tell_run(made, made.runs[-1], harvests)
    if failed:
        raise click.ClickException(f"not up to date: {', '.join(failed)}")


@harvest.command("index")
@click.argument("names", nargs=-1)
@library_option
@click.option(
    "--model",
    help="Model of a new library: a directory or an id on the Hugging Face hub [default: the "
    "embedded model].",
)
@click.option(
    "--device",
    type=click.Choice(get_args(Device)),
    default="auto",
    show_default=True,
    help="Where the encoder runs.",
)
@harvests_option
def index_command(
    names: tuple[str, ...], library: Path, model: str | None, device: Device, harvests: Path
) -> None:
    """Index what the library has not yet of harvests by NAMES, or of all; each run is an import.

    This asks nobody.
    """
    for name in names or [h.name for h in list_harvests(harvests) if _is_for(h, library)]:
        folder = folder_of(harvests, name)
        found = folder.read()
        runs = runs_to_index(folder, library)
        if not runs:
            click.echo(f"{name}: nothing that the library has not yet")
        for run in runs:
            progress = TerminalProgress()
            with closing(progress):
                report = index_run(
                    folder, found, run, library, model=model, device=device, progress=progress
                )
            click.echo(f"{name}, run {run.number}: {summary(report)}")


@harvest.command("list")
@json_option
@harvests_option
def list_command(as_json: bool, harvests: Path) -> None:
    """List all harvests, and how far each is."""
    found = list_harvests(harvests)
    if as_json:
        click.echo(_json(map(_told, found)))
        return
    for made in found:
        last = made.runs[-1]
        state = f"complete {last.finished[:10]}" if last.finished else _progress(last)
        click.echo(f"{made.name}  {made.database}  {state}")
        click.echo(f"   {made.query}")


@harvest.command("show")
@click.argument("name")
@json_option
@harvests_option
def show_command(name: str, as_json: bool, harvests: Path) -> None:
    """Tell the runs of a harvest: what each brought, and what the source has no more."""
    folder = folder_of(harvests, name)
    made = folder.read()
    if as_json:
        click.echo(_json([_told(made)]))
        return
    click.echo(f"{made.database}: {made.query}")
    for run in made.runs:
        since = f", changed since {run.since}" if run.since else ""
        state = f"{run.records} records" if run.finished else _progress(run)
        click.echo(
            f"{run.number}  {run.started[:16]}{since}: {state}  {folder.path / run.folder_name}"
        )
        _tell_gone(run)


@harvest.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@harvests_option
def remove_command(name: str, yes: bool, harvests: Path) -> None:
    """Remove a harvest and its files; what was indexed of it stays in the library."""
    folder_of(harvests, name).read()
    if not yes:
        click.confirm(f"Remove the files of {name}?", abort=True, err=True)
    remove_harvest(harvests, name)
    click.echo(f"{name} removed")


@harvest.command("sources")
@network_option
def sources_command(network_file: Path | None) -> None:
    """Tell which sources may be asked, what is sent to whom, and what their terms ask."""
    network = read_network(network_file) if network_file else None
    if network is None:
        click.echo(f"Nobody is asked: {SETTING} names no file (docs/harvesting.md).")
    else:
        click.echo(f"Contact: {network.contact}")
    for name, known in KNOWN.items():
        allowed = network is not None and name in network.sources
        state = "may be asked" if allowed else "is not asked"
        click.echo(f"\n{name}  {known.title} {state}")
        if network is not None and allowed:
            settings = network.of(name)
            click.echo(f"   where: {settings.base or known.base}")
            click.echo(f"   key: {'there is one' if settings.key else 'none'}")
        click.echo(f"   query: {known.query}")
        click.echo(f"   sent: the query, {known.sent}")
        click.echo(f"   terms: {known.terms}")


def _is_for(made: Harvest, library: Path) -> bool:
    """Whether a harvest is for every library, or completes this one; those of a collection's
    citations are for none."""
    return made.source in KNOWN or (
        made.source == COMPLETION and made.query == str(library.resolve())
    )


def _source_name(made: Harvest) -> SourceName:
    for name in KNOWN:
        if name == made.source:
            return name
    raise HarvestError(f"{made.name} is of {made.source}, which cannot be asked again")


def tell_run(made: Harvest, run: Run, harvests: Path) -> None:
    """Say what a run brought, and what to do with it."""
    of = "" if run.records == run.total else f" of {run.total} that were announced"
    click.echo(f"{made.name}, run {run.number}: {run.records} records{of}")
    _tell_gone(run)
    if folder_of(harvests, made.name).files(run):
        click.echo(f"index them with: jmedsearch harvest index {made.name} --library LIBRARY")


def _tell_gone(run: Run) -> None:
    for what, ids in (
        ("withdrawn by the source, removed by indexing", run.withdrawn),
        ("found before, and no more (jmedsearch remove, if they shall go)", run.left),
    ):
        if ids:
            more = f" … and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
            click.echo(f"   {len(ids)} {what}: {' '.join(ids[:_SHOWN])}{more}")


def _progress(run: Run) -> str:
    return (
        f"{run.records} of {run.total} records so far" if run.total else "begun, nothing came yet"
    )


def _told(made: Harvest) -> dict[str, object]:
    told = asdict(made)
    for run in told["runs"]:
        del run["position"]
    return told


def _json(found: Iterable[object]) -> str:
    return json.dumps(list(found), ensure_ascii=False, indent=1)
