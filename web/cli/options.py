"""What commands have in common: options, what they open, and how expected errors are shown."""

import getpass
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TextIO, cast

import click
import platformdirs

from search import budget
from search.encoder import EMBEDDED, load_encoder
from search.library.library import Library
from search.library.milvus import MilvusAddress, MilvusRetrieval
from search.ranked.engine import Engine
from search.terminology.terminology import Terminology, added_files, shipped_file
from web.cli.terminal import VisibleText, visible
from web.desk.desk import Desk, open_desk
from web.desk.signatures import COMMAND_LINE
from web.desk.terminology_folder import terminology_folder

library_option = click.option(
    "--library",
    "library",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    envvar="JMEDSEARCH_LIBRARY",
    show_envvar=True,
    help="Folder of the library.",
)
model_option = click.option(
    "--model",
    help="Model: a directory or an id on the Hugging Face hub [default: the library's own].",
)
served_library_option = click.option(
    "--library",
    "library",
    required=True,
    metavar="LIBRARY",
    envvar="JMEDSEARCH_LIBRARY",
    show_envvar=True,
    help="Folder of the library, or where it was published to (milvus://HOST:PORT/NAME).",
)
replica_option = click.option(
    "--replica",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the library was published to Milvus: a copy of its folder on this machine.",
)


time_limit_option = click.option(
    "--time-limit",
    type=click.FloatRange(0.1, 3600),
    default=budget.SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Seconds that one request may take; for a file that it brings, as many more for every "
    "five megabytes.",
)


def open_library(library: str, replica: Path | None) -> Library:
    """The library in a folder, or the one published to an address, with a copy of its folder.

    Raises:
        LibraryError: when the address is none.
    """
    if not MilvusAddress.is_one(library):
        if replica is not None:
            raise click.UsageError("--replica needs --library milvus://…: a folder has all itself")
        return Library(Path(library))
    address = MilvusAddress.parse(library)
    if replica is None:
        raise click.UsageError(
            f"{library} holds vectors and term lists; name a copy of the library's folder, which "
            "has all else, with --replica"
        )
    return Library(replica, MilvusRetrieval(address))


terminology_option = click.option(
    "--terminology",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=terminology_folder,
    show_default="JMEDSEARCH_TERMINOLOGY, or terminology in the user's data folder",
    help="Folder of terminologies that were added.",
)


mapping_option = click.option(
    "--mapping/--no-mapping",
    default=True,
    help="Whether words of an expression that name a concept are searched as its heading and by "
    "its other names, too.  [default: yes]",
)


def open_terminology() -> Terminology:
    """The names that ship, and those that were added.

    Raises:
        TerminologyError: for a file that cannot be read.
    """
    return Terminology([shipped_file(), *added_files(terminology_folder())])


def open_engine(
    library: Path | Library, model: str | None = None, *, is_new: bool = False
) -> Engine:
    """An engine over ``library`` with its own encoder, or the one named; one that ``is_new`` has
    nothing in it yet.

    Raises:
        LibraryError, ModelError: with what to do.
    """
    opened = library if isinstance(library, Library) else Library(library)
    if is_new:
        return Engine(opened, load_encoder(model or EMBEDDED), open_terminology())
    source = model or opened.generation().manifest.model_source
    engine = Engine(opened, load_encoder(source), open_terminology())
    engine.generation()
    return engine


class ShownErrors(click.Command):
    """A command whose expected errors are shown as one line, not as a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; ValueErrors of ours carry a message made for users. What it writes may
        come from anywhere: no control character reaches the terminal."""
        try:
            with redirect_stdout(cast("TextIO", VisibleText(sys.stdout))):
                return super().invoke(ctx)
        except (ValueError, LookupError) as error:
            if type(error).__module__.split(".")[0] in {"search", "indexer", "web"}:
                raise click.ClickException(visible(str(error))) from error
            raise


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
