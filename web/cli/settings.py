"""The command that shows and sets what an installation is called, who may search, and its mail."""

from pathlib import Path

import click

from web.cli.options import Group, collections_option, opened, who
from web.desk.settings import settings as settings_of
from web.desk.settings_file import apply_settings, written_settings


@click.group(cls=Group)
def settings() -> None:
    """Look at and change the settings (設定) of an installation.

    They are the same as on the page Settings: the institution's name and logo, who may search, the
    link resolver, the address of the installation, and the mail server.
    """


@settings.command("show")
@collections_option
def show_settings(collections_file: Path | None) -> None:
    """Print the settings as a YAML file that "apply" takes; the logo and the password of the mail
    server are not in it."""
    click.echo(written_settings(settings_of(opened(collections_file).store)), nl=False)


@settings.command("apply")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@collections_option
def apply_file(file: Path, collections_file: Path | None) -> None:
    """Set what a YAML FILE says, all of it or nothing; what it does not name stays.

    Under accounts it can list people by name, role and mail: those who have neither an account nor
    an invitation are invited, and their links printed. A running server follows with its next
    request. What was changed is printed; nothing is where the file says what is set already.
    """
    store = opened(collections_file).store
    applied = apply_settings(store, who(), file)
    for place in applied.changed:
        click.echo(place)
    for name, secret in applied.invited.items():
        click.echo(f"{name}: {settings_of(store).address}/invitations/{secret}")
