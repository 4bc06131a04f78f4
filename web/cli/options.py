"""What the desk's commands have in common: the file, and how errors are shown."""

import getpass
from pathlib import Path

import click
import platformdirs

from web.cli.search import ShownErrors
from web.desk.desk import Desk, open_desk
from web.desk.signatures import COMMAND_LINE


def default_file() -> Path:
    """Where collections lie unless one says otherwise: with the user's data, not a library's."""
    return platformdirs.user_data_path("jmedsearch") / "collections.db"


collections_option = click.option(
    "--collections",
    "collections_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="JMEDSEARCH_COLLECTIONS",
    show_envvar=True,
    help="File of collections and accounts [default: collections.db in the user's data folder].",
)


def opened(collections_file: Path | None) -> Desk:
    """The desk in the file that an option names, or in the default one."""
    return open_desk(collections_file or default_file())


def who() -> str:
    """Whom the history names for what is done on the command line."""
    return f"{getpass.getuser()}{COMMAND_LINE}"


class Group(click.Group):
    """A group whose commands show expected errors as one line."""

    command_class = ShownErrors
