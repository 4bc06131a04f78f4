"""What an installation is called, who may search in it, and what it sends mail by.

One row of ``collections.db``, which every request reads. The password of the mail server is none of
it: see :mod:`web.desk.mail_password`.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from web.desk.addresses import is_host, is_mail_address, is_site_address, is_web_address
from web.desk.history import ConflictError
from web.desk.store import Store, now

WhoMaySearch = Literal["accounts", "anyone"]
WHO_MAY_SEARCH: tuple[WhoMaySearch, ...] = get_args(WhoMaySearch)
MailSecurity = Literal["starttls", "tls", "none"]
MAIL_SECURITY: tuple[MailSecurity, ...] = get_args(MailSecurity)

LONGEST_NAME = 100
LONGEST_ADDRESS = 2000
HIGHEST_PORT = 65535

Fault = Literal[
    "text",
    "choice",
    "web address",
    "site address",
    "mail address",
    "host",
    "port",
    "unencrypted",
]


@dataclass(frozen=True)
class Settings:
    """The settings of an installation; what is empty is not set.

    ``name_ja`` and ``name_en``: the institution's name. ``link_resolver``: its OpenURL resolver, as
    :func:`web.http.links.resolver_template` takes it. ``who_may_search``: those with an account, or
    anyone who reaches the server. ``address``: where people reach it, which links in mails begin
    with. ``mail_…``: the server that takes its mails, and whose they are.
    """

    name_ja: str = ""
    name_en: str = ""
    link_resolver: str = ""
    who_may_search: WhoMaySearch = "accounts"
    address: str = ""
    mail_host: str = ""
    mail_port: int = 587
    mail_security: MailSecurity = "starttls"
    mail_user: str = ""
    mail_sender: str = ""

    @property
    def sends_mail(self) -> bool:
        """Whether all is there that a mail needs: who takes it, whose it is, and where its links
        lead. A link is never made of what a request calls the server."""
        return bool(self.mail_host and self.mail_sender and self.address)

    def name(self, language: str) -> str:
        """The institution's name in a language, or in the other one."""
        names = (self.name_ja, self.name_en) if language == "ja" else (self.name_en, self.name_ja)
        return names[0] or names[1]


@dataclass(frozen=True)
class SettingFault:
    """A setting that cannot be as it is wanted: which, and why in a word."""

    field: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.field}: {_FAULTS[self.fault]}"


class SettingsError(ValueError):
    """Settings that cannot be kept: says all that is wrong."""

    def __init__(self, faults: "tuple[SettingFault, ...]") -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


_FAULTS: dict[Fault, str] = {
    "text": f"is one line of at most {LONGEST_NAME} characters",
    "choice": "is none of the choices",
    "web address": "is no http or https address",
    "site address": "is no http or https address of a site, without query and user",
    "mail address": "is no address of mail",
    "host": "is no name or address of a machine",
    "port": f"is a number from 1 to {HIGHEST_PORT}",
    "unencrypted": "and its password would be sent in the clear: take starttls or tls",
}


def settings(store: Store) -> Settings:
    """The settings as they stand."""
    row = store.connection.execute("select value from settings").fetchone()
    return _read(row["value"]) if row else Settings()


def keep_settings(store: Store, who: str, wanted: Settings, before: Settings | None = None) -> None:
    """Keep ``wanted``; nothing where it cannot be. ``before`` is what whoever changes them has
    seen.

    Raises:
        SettingsError: for what cannot be set.
        ConflictError: when they are not ``before`` any more.
    """
    wanted = _tidied(wanted)
    if faults := faults_of(wanted):
        raise SettingsError(faults)
    with store.writing() as db:
        if before is not None and settings(store) not in (before, wanted):
            raise ConflictError("someone else has changed the settings in between")
        db.execute(
            "insert into settings (id, value, changed, changed_by) values (1, ?, ?, ?) "
            "on conflict do update set value = excluded.value, changed = excluded.changed, "
            "changed_by = excluded.changed_by",
            [json.dumps(asdict(wanted), ensure_ascii=False), now(), who],
        )


def faults_of(wanted: Settings) -> tuple[SettingFault, ...]:
    """All that cannot be set as it is wanted."""
    faults = [
        SettingFault(name, "text")
        for name in ("name_ja", "name_en", "mail_user")
        if not _is_line(getattr(wanted, name))
    ]
    checks: tuple[tuple[str, Fault, bool], ...] = (
        ("link_resolver", "web address", is_web_address(wanted.link_resolver)),
        ("address", "site address", is_site_address(wanted.address)),
        ("mail_host", "host", is_host(wanted.mail_host)),
        ("mail_sender", "mail address", is_mail_address(wanted.mail_sender)),
    )
    for name, fault, is_right in checks:
        text = getattr(wanted, name)
        if text and not (is_right and len(text) <= LONGEST_ADDRESS and text.isprintable()):
            faults.append(SettingFault(name, fault))
    if wanted.who_may_search not in WHO_MAY_SEARCH:
        faults.append(SettingFault("who_may_search", "choice"))
    if wanted.mail_security not in MAIL_SECURITY:
        faults.append(SettingFault("mail_security", "choice"))
    inside = wanted.mail_host in ("localhost", "127.0.0.1", "::1")
    if wanted.mail_user and wanted.mail_security == "none" and not inside:
        faults.append(SettingFault("mail_user", "unencrypted"))
    if not 1 <= wanted.mail_port <= HIGHEST_PORT:
        faults.append(SettingFault("mail_port", "port"))
    return tuple(faults)


def _is_line(text: str) -> bool:
    return len(text) <= LONGEST_NAME and (not text or text.isprintable())


def _tidied(wanted: Settings) -> Settings:
    texts = {
        field.name: value.strip()
        for field in fields(wanted)
        if isinstance(value := getattr(wanted, field.name), str)
    }
    address = texts["address"].rstrip("/")
    changed: dict[str, Any] = {**texts, "address": address}
    return replace(wanted, **changed)


@lru_cache(8)
def _read(value: str) -> Settings:
    # A setting that only another version knows is left out.
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: v for name, v in json.loads(value).items() if name in known})
