"""What mails of alerts say, as text and as HTML, in the language of their reader."""

from collections.abc import Callable
from urllib.parse import quote

from markupsafe import Markup, escape

from search.records import Record
from web.desk.alert_mails import AlertDigest, AlertNews
from web.desk.outbox import Letter
from web.desk.settings import Settings
from web.http.language import gettext, ngettext, spoken_language, written_date
from web.reports.prisma_s import frozen_note, syntax_name

_LONGEST_TITLE = 300
_LONGEST_ABSTRACT = 200
_LONGEST_QUERY = 500
_LONGEST_NAME = 150
_AUTHORS = 3
_HTML = Markup(
    '<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
    '<title>{subject}</title></head><body style="font-family: sans-serif; line-height: 1.6; '
    'max-width: 42rem; margin: 0 auto; padding: 1rem;">\n{parts}\n'
    '<hr><p style="font-size: .85rem;">{foot}</p>\n</body></html>\n'
)


def alert_letter(wanted: Settings, digest: AlertDigest, unsubscribe: str) -> Letter:
    """A mail of what is new in alerts; ``unsubscribe`` is where its reader ends such mails."""
    language = spoken_language()
    name = wanted.name(language) or "jmedsearch"
    total = sum(len(one.new) for one in digest.told)
    subject = gettext("%(name)s: %(new)s") % {"name": name, "new": _new(total)}
    foot = gettext("You get this because you follow these alerts at %(name)s.") % {"name": name}
    account = gettext("How often and in which language: %(address)s") % {
        "address": f"{wanted.address}/account"
    }
    end = gettext("No more such mails: %(address)s") % {"address": unsubscribe}
    text = "\n\n\n".join(_as_text(wanted, one) for one in digest.told)
    html = _HTML.format(
        language=language,
        subject=subject,
        parts=Markup("\n").join(_as_html(wanted, one) for one in digest.told),
        foot=Markup("<br>").join(
            (
                escape(foot),
                Markup('<a href="{}">{}</a>').format(
                    f"{wanted.address}/account", gettext("My account")
                ),
                Markup('<a href="{}">{}</a>').format(unsubscribe, gettext("No more such mails")),
            )
        ),
    )
    return Letter(
        subject,
        f"{text}\n\n-- \n{foot}\n{account}\n{end}\n",
        str(html),
        {
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def record_address(base: str, record_id: str) -> str:
    """Where a record is read, as pages address it, below the address of the installation."""
    return f"{base}/records/{quote(record_id, safe=':')}"


def alert_address(base: str, one: AlertNews) -> str:
    """Where an alert is read."""
    return f"{base}/collections/{one.collection.id}/strategy/{one.alert.search.number}/alert"


def _as_text(wanted: Settings, one: AlertNews) -> str:
    lines = [f"■ {_heading(one)}", _query(one), _new(len(one.new)), ""]
    for place, record in enumerate(one.records, 1):
        lines += [
            f"{place}. {_title(record)}",
            *(f"   {part}" for part in (_source(record), _abstract(record)) if part),
            f"   {record_address(wanted.address, record.id)}",
            "",
        ]
    more = len(one.new) - len(one.records)
    rest = gettext("The other %(n)s, and all of them:") % {"n": more} if more else gettext("All:")
    return "\n".join([*lines, f"{rest} {alert_address(wanted.address, one)}"])


def _as_html(wanted: Settings, one: AlertNews) -> Markup:
    item: Callable[..., Markup] = Markup(
        '<li style="margin-bottom: .8rem;"><a href="{address}">{title}</a>{source}{abstract}</li>'
    ).format
    small = Markup('<br><span style="font-size: .9rem;">{}</span>')
    records = Markup("\n").join(
        item(
            address=record_address(wanted.address, record.id),
            title=_title(record),
            source=small.format(source) if (source := _source(record)) else "",
            abstract=small.format(abstract) if (abstract := _abstract(record)) else "",
        )
        for record in one.records
    )
    listed = Markup("<ol>\n{}\n</ol>").format(records) if records else ""
    more = len(one.new) - len(one.records)
    rest = gettext("The other %(n)s, and all of them") % {"n": more} if more else gettext("All")
    return Markup(
        '<h2 style="font-size: 1.1rem;">{}</h2>\n<p><code>{}</code><br>{}</p>\n{}\n'
        '<p><a href="{}">{}</a></p>'
    ).format(
        _heading(one),
        _query(one),
        _new(len(one.new)),
        listed,
        alert_address(wanted.address, one),
        rest,
    )


def _heading(one: AlertNews) -> str:
    search = one.alert.search
    return " ".join(
        part
        for part in (
            _cut(one.collection.name, _LONGEST_NAME),
            search.mark,
            _cut(search.name, _LONGEST_NAME),
        )
        if part
    )


def _query(one: AlertNews) -> str:
    search = one.alert.search
    facts = [syntax_name(search), frozen_note(search)]
    told = " · ".join(fact for fact in facts if fact)
    return f"{_cut(search.asked.query, _LONGEST_QUERY)} ({told})"


def _title(record: Record) -> str:
    return _cut(record.version(spoken_language()).title or record.id, _LONGEST_TITLE)


def _source(record: Record) -> str:
    names = [author.display() for author in record.authors if author.display()]
    who = ", ".join(names[:_AUTHORS]) + (f" {gettext('et al.')}" if len(names) > _AUTHORS else "")
    when = written_date(record.date) if record.date else ""
    return _cut(". ".join(part for part in (who, record.journal, when) if part), _LONGEST_TITLE)


def _abstract(record: Record) -> str:
    version = record.version(spoken_language())
    told = version.abstract or next((v.abstract for v in record.versions() if v.abstract), "")
    return _cut(told, _LONGEST_ABSTRACT)


def _cut(text: str, most: int) -> str:
    """``text`` on one line, without control characters, at most so long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _new(n: int) -> str:
    return ngettext("%(n)s new record", "%(n)s new records", n)
