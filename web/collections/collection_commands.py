"""The commands that look after collections."""

from pathlib import Path

import click

from web.collections.options import Group, collections_option, default_file, opened
from web.collections.store import restore as restore_file


@click.group(cls=Group)
def collection() -> None:
    """Look after collections (コレクション)."""


@collection.command("backup")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@collections_option
def backup(target: Path, collections_file: Path | None) -> None:
    """Copy collections and accounts to the new file TARGET, while others go on working."""
    opened(collections_file).store.backup(target)


@collection.command("restore")
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path, dir_okay=False))
@click.confirmation_option(
    prompt="Replace all collections and accounts with those of the backup?",
    help="Do not ask first.",
)
@collections_option
def restore(source: Path, collections_file: Path | None) -> None:
    """Put collections and accounts back to what they were in BACKUP, also under a running server.

    A file that cannot be read any more is set aside first.
    """
    restore_file(source, collections_file or default_file())


commands = (collection,)
