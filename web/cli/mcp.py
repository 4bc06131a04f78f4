"""The ``mcp`` command: a library for language models, over standard input and output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from search.extras import how_to_install
from search.suggest import Suggester
from web.cli.options import (
    ShownErrors,
    library_option,
    model_option,
    open_engine,
    time_limit_option,
)

_STDOUT, _STDERR = 1, 2


@click.command(cls=ShownErrors)
@library_option
@model_option
@time_limit_option
def mcp(library: Path, model: str | None, time_limit: float) -> None:
    """Give a library to language models as tools (MCP, over standard input and output).

    The tools are search, exact_search, read, similar and suggest; they only read. A client starts
    this command itself. Needs the extra mcp (docs/api.md).
    """
    with _quiet_stdout():
        try:
            from web.mcp_server import mcp_server
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"the package for MCP is missing: {how_to_install('mcp')}"
            ) from error
        engine = open_engine(library, model)
        server = mcp_server(engine, Suggester(engine), time_limit)
    server.run("stdio")


@contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Have whatever is written to standard output go to standard error: the protocol alone may
    use it. The SDK does the same once it runs."""
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, _STDOUT)
        os.close(kept)
