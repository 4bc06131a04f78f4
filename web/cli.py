"""The ``jmedsearch`` command: joins the commands of all three packages."""

import signal
from pathlib import Path

import click
import platformdirs

from indexer.build import build_sample
from indexer.cli import commands as indexer_commands
from indexer.progress import TerminalProgress
from search.cli import ShownErrors, library_option, model_option, open_engine
from search.cli import commands as search_commands
from search.suggest import Suggester
from web.app import create_app
from web.server import is_loopback, listen
from web.server import serve as run_server

_WARM_UP = "高血圧"


@click.group()
@click.version_option(package_name="jmedsearch")
def main() -> None:
    """Search Japanese medical literature by meaning (文献検索)."""


port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port; 0 takes any free one [default: the first free one from 8000].",
)


@click.command(cls=ShownErrors)
@library_option
@model_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@port_option
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Let other machines in, whoever they are: there are no accounts.",
)
def serve(
    library: Path, model: str | None, host: str, port: int | None, allow_remote: bool
) -> None:
    """Serve the page and the API over a library (Ctrl-C ends)."""
    if not is_loopback(host) and not allow_remote:
        raise click.UsageError(
            f"--host {host} lets other machines read and search the library, and there are no "
            "accounts yet: whoever reaches the port may do so. Add --allow-remote if that is "
            "what you want, or put a proxy with a login in front of 127.0.0.1."
        )
    _serve(library, model, host, port)


@click.command(cls=ShownErrors)
@click.option(
    "--library",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the sample library [default: in the user's data folder].",
)
@port_option
def demo(library: Path | None, port: int | None) -> None:
    """Build the bundled, fictional sample library if needed, and serve it (Ctrl-C ends)."""
    library = library or platformdirs.user_data_path("jmedsearch") / "sample-library"
    progress = TerminalProgress()
    try:
        build_sample(library, progress)
    finally:
        progress.close()
    _serve(library, None, "127.0.0.1", port)


def _serve(library: Path, model: str | None, host: str, port: int | None) -> None:
    # The port first: it fails in no time, the model takes seconds.
    with listen(host, port) as listening:
        engine = open_engine(library, model)
        suggester = Suggester(engine)
        app = create_app(engine, suggester)
        # The first query of a process is slow; nobody shall be the one to make it.
        app.test_client().get("/", query_string={"q": _WARM_UP})
        signal.signal(signal.SIGTERM, _end)
        run_server(app, listening, lambda address: click.echo(f"jmedsearch: {address}"))


def _end(*_: object) -> None:
    raise SystemExit(0)


for command in (*search_commands, *indexer_commands, serve, demo):
    main.add_command(command)
