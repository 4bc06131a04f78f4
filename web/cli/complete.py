"""The command that asks the network for what a library's records lack."""

from contextlib import closing
from pathlib import Path

import click

from indexer.harvest.completing import COMPLETION, Completion
from indexer.harvest.harvesting import harvest_again
from indexer.harvest.network import read_network
from web.cli.harvest import harvests_option, network_option, now_option, tell_run
from web.cli.options import ShownErrors, library_option
from web.cli.progress_bars import TerminalProgress


@click.command(cls=ShownErrors)
@library_option
@click.option("--count", "only_count", is_flag=True, help="Say how many there are; no more.")
@click.option(
    "--name", default=COMPLETION, show_default=True, help="What it is called among the harvests."
)
@click.option("--again", is_flag=True, help="Also what was asked for in vain before.")
@now_option
@network_option
@harvests_option
def complete(
    library: Path,
    only_count: bool,
    name: str,
    again: bool,
    at_once: bool,
    network_file: Path | None,
    harvests: Path,
) -> None:
    """Ask for what records of a library lack (補完): those of which no more than a PMID or DOI is
    known, and abstracts.

    PMIDs and DOIs are sent to PubMed, Europe PMC and Crossref, those of them that may be asked.
    What comes is kept as a harvest, to be indexed. What a record says already stays as it is.
    """
    source = Completion(library, read_network(network_file), again=again)
    progress = TerminalProgress()
    with closing(source), closing(progress):
        if only_count:
            click.echo(f"{source.count('').records} records lack an abstract, or all but a number")
            return
        made = harvest_again(
            harvests, source, str(library.resolve()), name, progress=progress, at_once=at_once
        )
    tell_run(made, made.runs[-1], harvests)
