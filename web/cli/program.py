"""The ``jmedsearch`` command: joins the commands of all three packages."""

import ipaddress
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs

from indexer.sample import build_sample
from indexer.stages.staging import STAGING
from search import budget
from search.library.library import Library
from search.library.manifest import GENERATIONS, live_folder
from search.library.milvus import MilvusAddress
from search.suggest import Suggester
from web.app import create_app
from web.cli.accounts import commands as account_commands
from web.cli.alerts import alerts
from web.cli.collections import collection
from web.cli.collections import commands as collection_commands
from web.cli.complete import complete
from web.cli.doctor import doctor
from web.cli.harvest import harvest
from web.cli.index import commands as indexer_commands
from web.cli.jobs import jobs
from web.cli.mcp import mcp
from web.cli.options import (
    ShownErrors,
    collections_option,
    model_option,
    open_engine,
    open_library,
    opened,
    replica_option,
    served_library_option,
    time_limit_option,
)
from web.cli.progress_bars import TerminalProgress
from web.cli.screening import commands as screening_commands
from web.cli.search import commands as search_commands
from web.cli.settings import settings
from web.cli.simulate import simulate
from web.cli.strategies import commands as strategy_commands
from web.cli.terminology_files import terminology
from web.cli.welcome import welcome
from web.desk.addresses import is_web_address
from web.desk.desk import Desk, open_desk
from web.desk.job_process import attend
from web.desk.settings import settings as settings_of
from web.http import services
from web.http.access import Admission
from web.http.logs import LogFormat
from web.http.logs import configure as configure_logs
from web.http.origins import checked_origin
from web.http.postman import postman
from web.http.rates import Rate
from web.http.setup_code import SetupCode
from web.server.memory import share_free_memory
from web.server.process import is_loopback, listen, prepare_signals
from web.server.process import serve as run_server
from web.server.supervision import handed_over
from web.server.warm_up import warm_up, warm_up_when_there

_REMOTE_RATE = "600/minute"


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
@served_library_option
@replica_option
@model_option
@collections_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@port_option
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Where there are no accounts: let other machines in, whoever they are. They may search, "
    "and see no collections. With accounts, too, where the settings say that anyone may search.",
)
@click.option(
    "--trusted-proxy",
    default="",
    metavar="ADDRESS",
    help="Address of a proxy in front, whose X-Forwarded-Proto and X-Forwarded-Host are believed.",
)
@click.option(
    "--remote-user-header",
    default="",
    metavar="NAME",
    help="Header in which that proxy names the user whom it has signed in (single sign-on).",
)
@click.option(
    "--link-resolver",
    default="",
    metavar="ADDRESS",
    help="Address of the institution's OpenURL link resolver, in place of the one that is set; "
    "{openurl} marks where the record's description goes, by default the end.",
)
@click.option(
    "--rate-limit",
    default="",
    metavar="RATE",
    help="Requests that one client (a user, or an address) may make: 600/minute, or none "
    "[default: none on this machine alone, else 600/minute].",
)
@time_limit_option
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A site whose pages may read the API from browsers (CORS), as in https://example.org; "
    "again for further ones.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text: warnings and errors; json: a line of JSON for each request, too. Neither holds "
    "queries.",
)
@click.option(
    "--log-queries",
    is_flag=True,
    help="Have the JSON log say what was searched for. Queries can reveal patients.",
)
def serve(
    library: str,
    replica: Path | None,
    model: str | None,
    collections_file: Path | None,
    host: str,
    port: int | None,
    allow_remote: bool,
    trusted_proxy: str,
    remote_user_header: str,
    link_resolver: str,
    rate_limit: str,
    time_limit: float,
    origins: tuple[str, ...],
    log_format: LogFormat,
    log_queries: bool,
) -> None:
    """Serve the page and the API over a library (Ctrl-C ends).

    Over an empty folder a guide on the page makes the library and the first account; where other
    machines reach it, it asks for a code that is shown here.

    SIGTERM finishes the requests under way; SIGHUP exchanges the process, and nobody is refused.

    Other machines are let in once there are accounts (see user); behind a proxy, too.
    """
    _check_proxy(trusted_proxy, remote_user_header)
    if link_resolver and not is_web_address(link_resolver):
        raise click.UsageError(f"--link-resolver {link_resolver} is no http or https address")
    for origin in origins:
        checked_origin(origin)
    if log_queries and log_format != "json":
        raise click.UsageError("--log-queries needs --log-format json: text holds no requests")
    configure_logs(log_format)
    desk = opened(collections_file)
    listening = handed_over()
    if listening is not None:
        host = listening.getsockname()[0]
    # What comes through a proxy may come from anywhere.
    local = is_loopback(host) and not trusted_proxy
    is_new = replica is None and _is_new(library)
    setup = SetupCode() if is_new and not local and not desk.accounts.exist() else None
    open_to_all = (
        setup is not None or allow_remote or settings_of(desk.store).who_may_search == "anyone"
    )
    if not local and not open_to_all and not desk.accounts.exist():
        how = f"--host {host}" if not is_loopback(host) else "--trusted-proxy"
        raise click.UsageError(
            f"{how} lets other machines in, and there are no accounts: whoever reaches the port "
            "could read and search the library. Make an account with: jmedsearch user add NAME "
            "--role administrator. Or add --allow-remote, if everybody shall search and nobody "
            "use collections (or set who_may_search: anyone, which holds with accounts, too)."
        )
    admission = Admission(local, allow_remote, trusted_proxy, remote_user_header, setup)
    prepare_signals()
    # The port first: it fails in no time, the model takes seconds.
    with listening or listen(host, port) as opened_socket:
        _serve(
            opened_socket,
            open_library(library, replica),
            model,
            desk,
            admission,
            link_resolver=link_resolver,
            rate=_rate(rate_limit, local),
            allowed_origins=origins,
            log_queries=log_queries,
            time_limit=time_limit,
            is_new=is_new,
        )


def _is_new(library: str) -> bool:
    """Whether a folder is there for a library, and nothing was published in it yet.

    A name that leads nowhere is mistyped; a folder with other things in it is somebody's.
    """
    folder = Path(library)
    if MilvusAddress.is_one(library) or not folder.is_dir() or live_folder(folder) is not None:
        return False
    ours = {GENERATIONS, STAGING}
    return all(f.name in ours or f.name.startswith(".") for f in folder.iterdir())


def _rate(text: str, local: bool) -> Rate | None:
    if text == "none" or (local and not text):
        return None
    return Rate.parse(text or _REMOTE_RATE)


def _check_proxy(trusted_proxy: str, remote_user_header: str) -> None:
    if remote_user_header and not trusted_proxy:
        raise click.UsageError(
            "--remote-user-header needs --trusted-proxy: anybody can send a header"
        )
    if trusted_proxy:
        try:
            ipaddress.ip_address(trusted_proxy)
        except ValueError as error:
            raise click.UsageError(f"--trusted-proxy {trusted_proxy} is no IP address") from error


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
    click.echo(f"Sample library (見本の文献庫): {library}", err=True)
    try:
        build_sample(library, progress)
    finally:
        progress.close()
    # Beside the sample library, so that a try-out leaves one's own collections alone.
    desk = open_desk(library.with_name(f"{library.name}-collections.db"))
    with listen("127.0.0.1", port) as listening:
        _serve(
            listening,
            Library(library),
            None,
            desk,
            Admission(),
            announced=welcome,
            time_limit=budget.SECONDS,
        )


def _serve(
    listening: socket.socket,
    library: Library,
    model: str | None,
    desk: Desk,
    admission: Admission,
    *,
    announced: Callable[[str], str] = "jmedsearch: {}".format,
    is_new: bool = False,
    **options: Any,
) -> None:
    share_free_memory()
    engine = open_engine(library, model, is_new=is_new)
    suggester = Suggester(engine)
    if is_new and model and Path(model).expanduser().is_dir():
        model = str(Path(model).expanduser().resolve())
    app = create_app(engine, suggester, desk, admission, first_model=model, **options)
    ending = threading.Event()
    with app.app_context():
        # What a process that has ended left in the outbox.
        postman().deliver()
        ready = (engine, services.completer(), services.corrector())
        loading = warm_up_when_there(*ready, ending) if is_new else warm_up(*ready)
        if (jobs := services.jobs()) is not None:
            # What waited when the server ended goes on.
            attend(jobs)

    def announce(address: str) -> None:
        click.echo(announced(address))
        if is_new:
            where = f"{address}start/code" if admission.setup else f"{address}start"
            click.echo(f"The library is empty. First steps (はじめに): {where}", err=True)
        if admission.setup:
            click.echo(
                f"Code for the first steps (初期設定コード): {admission.setup.code}", err=True
            )

    try:
        run_server(app, listening, announce, admission.trusted_proxy)
    finally:
        ending.set()
        loading.join()


for desk_command in (*strategy_commands, *screening_commands):
    collection.add_command(desk_command)
for command in (
    *search_commands,
    *indexer_commands,
    *account_commands,
    alerts,
    *collection_commands,
    simulate,
    complete,
    doctor,
    harvest,
    mcp,
    terminology,
    jobs,
    settings,
    serve,
    demo,
):
    main.add_command(command)
