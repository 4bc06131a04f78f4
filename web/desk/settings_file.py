"""Settings as one YAML file, for those who set installations up by machine.

A file says what it names; the rest stays as it is. Each fault is told with its line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from web.desk.account_links import invitations, invite
from web.desk.accounts import AccountError, Accounts, Role
from web.desk.logo import LogoError, keep_logo, logo_hash, remove_logo
from web.desk.settings import Settings, faults_of, keep_settings, settings
from web.desk.store import Store

# Bytes; a full one has some hundred.
LARGEST = 64 * 1024
LOGO = "institution.logo"
# Where each setting stands in the file.
PLACES = {
    "institution.name_ja": "name_ja",
    "institution.name_en": "name_en",
    "who_may_search": "who_may_search",
    "link_resolver": "link_resolver",
    "address": "address",
    "mail.host": "mail_host",
    "mail.port": "mail_port",
    "mail.security": "mail_security",
    "mail.user": "mail_user",
    "mail.sender": "mail_sender",
}
ACCOUNTS = "accounts"
_OF_ACCOUNT = ("name", "role", "mail")
_SECTIONS = {place.partition(".")[0] for place in PLACES if "." in place}


class SettingsFileError(ValueError):
    """A file of settings that cannot be taken: the file, the line, and all that is wrong."""


@dataclass(frozen=True)
class WantedAccount:
    """Somebody who is to have an account, and the line that says so."""

    name: str
    role: str
    mail: str
    line: int


@dataclass(frozen=True)
class SettingsFile:
    """What a file sets: values by field, their lines by field, the file of the logo (empty: none;
    None: as it is), and who is to have an account."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]
    logo: str | None
    accounts: tuple[WantedAccount, ...] = ()


@dataclass(frozen=True)
class Applied:
    """What a file has changed: settings by their places in it, and by name the secret part of the
    link of each new invitation."""

    changed: tuple[str, ...]
    invited: Mapping[str, str]


def read_settings(text: str, source: str) -> SettingsFile:
    """What a file says.

    Raises:
        SettingsFileError: for what is no YAML, and for names that no setting has.
    """
    if len(text) > LARGEST:
        raise SettingsFileError(f"{source}: a file of settings has at most {LARGEST // 1024} kB")
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{source}, line {mark.line + 1}" if mark else source
        raise SettingsFileError(f"{where}: {error.problem or 'is no YAML'}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsFileError(f"{source}: is no YAML ({error})") from error
    faults: list[str] = []
    wanted = _accounts(root, source, faults)
    nodes = _scalars(root, source, faults)
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for place, node in nodes.items():
        lines[PLACES.get(place, place)] = _line(node)
        value = "" if node.tag == "tag:yaml.org,2002:null" else node.value
        if place == "mail.port":
            if not (value.isascii() and value.isdigit() and len(value) < 10):
                faults.append(f"{source}, line {_line(node)}: {place} is a number")
                continue
            value = int(value)
        if place != LOGO:
            values[PLACES[place]] = value
    if faults:
        raise SettingsFileError("\n".join(faults))
    found = nodes.get(LOGO)
    empty = found is not None and found.tag == "tag:yaml.org,2002:null"
    picture = None if found is None else "" if empty else found.value
    return SettingsFile(values, lines, picture, wanted)


def apply_settings(store: Store, who: str, path: Path) -> Applied:
    """Set what a file says, and invite those of its accounts that there are not: all or nothing.

    Raises:
        SettingsFileError: when it cannot be read, or says what cannot be set.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            read = read_settings(stream.read(LARGEST + 1), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsFileError(f"{path} cannot be read: {error}") from error
    picture = _picture(path, read) if read.logo else b""
    with store.writing():
        before = settings(store)
        wanted = replace(before, **read.values)
        if faults := faults_of(wanted):
            raise SettingsFileError("\n".join(_told(path, read, f.field, f) for f in faults))
        changed = []
        had = logo_hash(store)
        try:
            if wanted != before:
                keep_settings(store, who, wanted)
            if read.logo:
                keep_logo(store, who, picture)
            elif read.logo is not None:
                remove_logo(store)
        except LogoError as error:
            raise SettingsFileError(_told(path, read, LOGO, error)) from error
        after = settings(store)
        changed = [p for p, f in PLACES.items() if getattr(before, f) != getattr(after, f)]
        if had != logo_hash(store):
            changed.append(LOGO)
        invited = _invited(store, who, path, read)
    return Applied(tuple(changed), invited)


def _invited(store: Store, who: str, path: Path, read: SettingsFile) -> dict[str, str]:
    """An invitation for each account that there is not, nor an invitation for; administrators
    first, for the first account is one's."""
    there = {user.name.casefold() for user in Accounts(store).users()}
    there |= {one.name.casefold() for one in invitations(store)}
    invited = {}
    for one in sorted(read.accounts, key=lambda a: a.role != "administrator"):
        if one.name.strip().casefold() in there:
            continue
        # What is no role is refused there.
        role = cast("Role", one.role)
        try:
            invited[one.name] = invite(store, who, role, name=one.name, mail=one.mail)
        except AccountError as error:
            raise SettingsFileError(f"{path}, line {one.line}: {error}") from error
    return invited


def written_settings(found: Settings) -> str:
    """Settings as such a file; what is not set is left out, but for what has a choice."""
    document: dict[str, Any] = {}
    for place, field in PLACES.items():
        value = getattr(found, field)
        if value == "" or (field.startswith("mail_") and not found.mail_host):
            continue
        section, _, name = place.rpartition(".")
        inner: dict[str, Any] = document.setdefault(section, {}) if section else document
        inner[name] = value
    written: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return written


def _scalars(root: Node | None, source: str, faults: list[str]) -> dict[str, ScalarNode]:
    """The values of a file by their places; what does not belong there is told."""
    found: dict[str, ScalarNode] = {}
    if root is None:
        return found
    if not isinstance(root, MappingNode):
        faults.append(f"{source}, line {_line(root)}: names and values are expected")
        return found
    waiting: list[tuple[str, Node, Node]] = [("", key, value) for key, value in root.value]
    seen: set[str] = set()
    while waiting:
        section, key, value = waiting.pop(0)
        name = key.value if isinstance(key, ScalarNode) else "?"
        place = f"{section}.{name}" if section else name
        where = f"{source}, line {_line(key)}: {place[:80]}"
        if place in seen:
            faults.append(f"{where} stands there twice")
        elif place == ACCOUNTS:
            pass
        elif place in PLACES or place == LOGO:
            if isinstance(value, ScalarNode):
                found[place] = value
            else:
                faults.append(f"{where} has one value")
        elif not section and place in _SECTIONS:
            if isinstance(value, MappingNode):
                waiting += [(place, k, v) for k, v in value.value]
            elif not (isinstance(value, ScalarNode) and not value.value):
                faults.append(f"{where} has names and values")
        else:
            known = sorted([*PLACES, LOGO, ACCOUNTS])
            faults.append(f"{where} is no setting; there are {', '.join(known)}")
        seen.add(place)
    return found


def _accounts(root: Node | None, source: str, faults: list[str]) -> tuple[WantedAccount, ...]:
    """Who is to have an account: a list of names, with roles and addresses."""
    if not isinstance(root, MappingNode):
        return ()
    found = []
    lists = [v for k, v in root.value if isinstance(k, ScalarNode) and k.value == ACCOUNTS]
    for listed in lists:
        if not isinstance(listed, SequenceNode):
            faults.append(f"{source}, line {_line(listed)}: {ACCOUNTS} is a list")
            continue
        for entry in listed.value:
            told = {
                key.value: value.value
                for key, value in (entry.value if isinstance(entry, MappingNode) else ())
                if isinstance(key, ScalarNode) and isinstance(value, ScalarNode)
            }
            if not told.get("name") or not set(told) <= set(_OF_ACCOUNT):
                names = ", ".join(_OF_ACCOUNT)
                faults.append(f"{source}, line {_line(entry)}: an account has {names}")
                continue
            role = told.get("role") or "reader"
            found.append(WantedAccount(told["name"], role, told.get("mail", ""), _line(entry)))
    return tuple(found)


def _picture(path: Path, read: SettingsFile) -> bytes:
    try:
        with (path.parent / str(read.logo)).open("rb") as stream:
            return stream.read(LARGEST * 16)
    except OSError as error:
        raise SettingsFileError(_told(path, read, LOGO, error)) from error


def _told(path: Path, read: SettingsFile, field: str, why: object) -> str:
    """A fault with its line, where the file has one."""
    line = f", line {read.lines[field]}" if field in read.lines else ""
    return f"{path}{line}: {why}"


def _line(node: Node) -> int:
    line: int = node.start_mark.line
    return line + 1
