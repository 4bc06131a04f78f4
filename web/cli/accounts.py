"""The commands that look after accounts: user, token."""

import json
import re
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from web.cli.options import Group, collections_option, opened, who
from web.desk.account_links import (
    LONGEST_INVITATION_LIFE,
    end_invitation,
    invitations,
    invite,
    open_reset,
)
from web.desk.accounts import ROLES, SCOPES, Role, Scope, User
from web.desk.settings import settings
from web.desk.store import Store

_LIFE = re.compile(r"(\d{1,4})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@click.group(cls=Group)
def user() -> None:
    """Look after the accounts (利用者) of an installation.

    As long as there are none, whoever sits at the machine is its single user, without signing in.
    """


password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input; else it is asked.",
)


@user.command("add")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="reader",
    show_default=True,
    help="reader: searches and reads collections; librarian: changes collections; administrator: "
    "everything. The first user must be an administrator.",
)
@click.option("--no-password", is_flag=True, help="Only single sign-on lets this user in.")
@password_option
@collections_option
def add_user(
    name: str, role: Role, no_password: bool, password_stdin: bool, collections_file: Path | None
) -> None:
    """Add a user; from the first one on, everybody signs in."""
    accounts = opened(collections_file).accounts
    password = None if no_password else _password(password_stdin)
    added = accounts.add(name, role, password)
    click.echo(f"{added.name}: {added.role}")


expires_option = click.option(
    "--expires",
    default="7d",
    show_default=True,
    metavar="TIME",
    help="How long it can be used: 7d, 12h, 30m; at most 90d.",
)


@user.command("invite")
@click.argument("name", default="")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="reader",
    show_default=True,
    help="What they may do. The first account must be an administrator's.",
)
@click.option("--mail", default="", metavar="ADDRESS", help="Their address of mail.")
@expires_option
@collections_option
def invite_user(
    name: str, role: Role, mail: str, expires: str, collections_file: Path | None
) -> None:
    """Invite somebody, as NAME if you like: print a link to hand over.

    Whoever opens the link first chooses name and password. It can be used once, and is not shown
    again. It begins with the address of the installation (see settings).
    """
    store = opened(collections_file).store
    life = _life(expires)
    if life > LONGEST_INVITATION_LIFE:
        raise click.BadParameter(f"{expires!r} is longer than {LONGEST_INVITATION_LIFE.days}d")
    secret = invite(store, who(), role, name=name, mail=mail, life=life)
    click.echo(f"{_base(store)}/invitations/{secret}")


@user.command("invitations")
@click.option("--end", type=int, metavar="NUMBER", help="Take this one back.")
@collections_option
def list_invitations(end: int | None, collections_file: Path | None) -> None:
    """List the invitations that can still be used, or take one back."""
    store = opened(collections_file).store
    if end is not None:
        end_invitation(store, end)
        return
    for one in invitations(store):
        told = "  ".join(part for part in (one.name, one.mail) if part)
        click.echo(f"{one.id}  {one.role}  until {one.expires}  by {one.created_by}  {told}")


@user.command("reset")
@click.argument("name")
@collections_option
def reset_user(name: str, collections_file: Path | None) -> None:
    """Print a link with which a user sets a new password, once, within a day.

    Setting it signs them out everywhere.
    """
    store = opened(collections_file).store
    click.echo(f"{_base(store)}/password/{open_reset(store, who(), name)}")


@user.command("mail")
@click.argument("name")
@click.argument("address")
@collections_option
def set_mail(name: str, address: str, collections_file: Path | None) -> None:
    """Say that mails for a user go to ADDRESS, which counts as confirmed; "" for none."""
    opened(collections_file).accounts.set_mail(name, address, confirmed=True)


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
@collections_option
def list_users(as_json: bool, collections_file: Path | None) -> None:
    """List users with their roles."""
    users = opened(collections_file).accounts.users()
    if as_json:
        click.echo(json.dumps([asdict(u) for u in users], ensure_ascii=False, indent=1))
        return
    for found in users:
        click.echo(_line(found))


@user.command("passwd")
@click.argument("name")
@password_option
@click.option("--end-tokens", is_flag=True, help="End the user's API tokens as well.")
@collections_option
def change_password(
    name: str, password_stdin: bool, end_tokens: bool, collections_file: Path | None
) -> None:
    """Change a user's password, and sign them out everywhere."""
    accounts = opened(collections_file).accounts
    accounts.user(name)
    accounts.set_password(name, _password(password_stdin), end_tokens=end_tokens)


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@collections_option
def change_role(name: str, role: Role, collections_file: Path | None) -> None:
    """Give a user another role."""
    opened(collections_file).accounts.set_role(name, role)


@user.command("disable")
@click.argument("name")
@collections_option
def disable_user(name: str, collections_file: Path | None) -> None:
    """Lock a user out; what they did stays."""
    opened(collections_file).accounts.set_disabled(name, True)


@user.command("enable")
@click.argument("name")
@collections_option
def enable_user(name: str, collections_file: Path | None) -> None:
    """Let a user in again."""
    opened(collections_file).accounts.set_disabled(name, False)


@click.group(cls=Group)
def token() -> None:
    """Look after the tokens with which programs use the API.

    A token is sent as "Authorization: Bearer TOKEN". Where there are no accounts none is needed.
    """


@token.command("add")
@click.argument("user_name", metavar="USER")
@click.option("--name", default="", help="What it is for.")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    default="search",
    show_default=True,
    help="The most it may do, within what its user may: search; read collections; write them; "
    "administer.",
)
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    metavar="TIME",
    help="How long it lasts: 90d, 12h, 30m.",
)
@collections_option
def add_token(
    user_name: str, name: str, scope: Scope, expires: str, collections_file: Path | None
) -> None:
    """Make a token for USER and print it; it cannot be shown again."""
    life = _life(expires)
    click.echo(opened(collections_file).accounts.add_token(user_name, name, scope, life))


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")
@collections_option
def list_tokens(as_json: bool, collections_file: Path | None) -> None:
    """List tokens: whose, what for, how far and how long."""
    tokens = opened(collections_file).accounts.tokens()
    if as_json:
        click.echo(json.dumps([asdict(t) for t in tokens], ensure_ascii=False, indent=1))
        return
    for t in tokens:
        state = f"revoked {t.revoked}" if t.revoked else f"until {t.expires}"
        click.echo(f"{t.id}  {t.user}  {t.scope}  {state}  {t.name}")


@token.command("revoke")
@click.argument("number", type=int)
@collections_option
def revoke_token(number: int, collections_file: Path | None) -> None:
    """End a token by its number in the list."""
    opened(collections_file).accounts.revoke_token(number)


def _life(text: str) -> timedelta:
    found = _LIFE.fullmatch(text)
    if not found or not int(found.group(1)):
        raise click.BadParameter(f"{text!r} should be a number and d, h or m, as in 90d")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


def _base(store: Store) -> str:
    """What links begin with."""
    address = settings(store).address
    if not address:
        click.echo(
            "The address of this installation is not set (see jmedsearch settings apply): put it "
            "before what follows.",
            err=True,
        )
    return address


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _line(found: User) -> str:
    notes: list[str] = [found.role]
    if found.disabled:
        notes.append("disabled")
    if not found.has_password:
        notes.append("single sign-on")
    if found.mail:
        notes.append(f"{found.mail}{'' if found.mail_confirmed else ' (not confirmed)'}")
    return f"{found.name}  {', '.join(notes)}  since {found.created[:10]}"


commands = (user, token)
