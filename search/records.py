"""Record: the one bibliographic item that flows through every part of jmedsearch."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

Retraction = Literal["", "retracted", "expression of concern", "corrected"]

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")
_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_MAX_ID = 200
# Ten times the longest abstracts. What is longer is broken or a book, and would embed for minutes.
_MAX_TEXT = 200_000
# Control characters and lone surrogates: broken input that no page or index can carry.
_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NESTED = {"authors", "notices", "translations"}
_STRUCTURED = {
    "authors",
    "keywords",
    "notices",
    "publication_types",
    "retraction",
    "translations",
    "trial_ids",
}


class RecordError(ValueError):
    """A record that cannot be taken: names the field, the value and what it should be."""


@dataclass(frozen=True)
class Author:
    """A person as family and given name, or an organisation as ``family`` alone."""

    family: str
    given: str = ""

    def display(self) -> str:
        """The name as its script writes it: 山田 太郎, Yamada T."""
        return f"{self.family} {self.given}".strip()


@dataclass(frozen=True)
class Translation:
    """Title and abstract of a record in another language than the record's own."""

    language: str
    title: str = ""
    abstract: str = ""

    @property
    def text(self) -> str:
        """What is encoded, and what offsets of passages and sentences refer to."""
        return "\n".join(part for part in (self.title, self.abstract) if part)

    @property
    def abstract_start(self) -> int:
        """Where the abstract begins in :attr:`text`."""
        return len(self.title) + 1 if self.title else 0


@dataclass(frozen=True)
class Notice:
    """A published notice about a record: ``kind`` as the source names it (Retraction, Erratum …),
    ``reference`` its citation, ``pmid`` where it has one."""

    kind: str
    reference: str = ""
    pmid: str = ""


@dataclass(frozen=True)
class Record:
    """One bibliographic item.

    ``language`` is an ISO 639-1 code and belongs to ``title`` and ``abstract``; further languages
    stand in ``translations``. ``date`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``. ``id`` is stable
    across rebuilds and safe in addresses once percent-encoded.
    """

    id: str
    title: str = ""
    abstract: str = ""
    language: str = ""
    translations: tuple[Translation, ...] = ()
    authors: tuple[Author, ...] = ()
    journal: str = ""
    date: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    ichushi_id: str = ""
    url: str = ""
    keywords: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    retraction: Retraction = ""
    issn: str = ""
    trial_ids: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def year(self) -> int | None:
        """The year of publication, or None where the date is unknown."""
        return int(self.date[:4]) if self.date else None

    def versions(self) -> Iterator[Translation]:
        """Title and abstract in every language, the record's own first."""
        yield Translation(self.language, self.title, self.abstract)
        yield from self.translations

    def version(self, language: str) -> Translation:
        """Title and abstract in ``language``, or in the record's own where there is none."""
        own = Translation(self.language, self.title, self.abstract)
        return next((v for v in self.versions() if v.language == language and v.title), own)

    def link(self) -> str:
        """Where the full record lives on the web: its DOI, else PubMed, else its own address."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/"
        return self.url

    def content_hash(self) -> str:
        """SHA-256 over every field: two records with the same hash say the same."""
        return hashlib.sha256(
            json.dumps(record_to_dict(self), ensure_ascii=False, sort_keys=True).encode()
        ).hexdigest()


_FIELDS = {f.name for f in fields(Record)}
_PLAIN = sorted(_FIELDS - _STRUCTURED)


def record_to_dict(record: Record) -> dict[str, Any]:
    """The record as plain data for JSON; empty fields are left out."""
    # Not by dataclasses.asdict, which copies every string: indexing spends its time here.
    return {
        name: tuple(dict(vars(item)) for item in value) if name in _NESTED else value
        for name, value in vars(record).items()
        if value
    }


def record_from_dict(data: Mapping[str, Any]) -> Record:
    """A checked record from plain data, the inverse of :func:`record_to_dict`.

    Unknown keys are refused, text is stripped and freed of control characters, a missing language
    is guessed from the script.

    Raises:
        RecordError: naming the field that is wrong and what it should be.
    """
    unknown = sorted(set(data) - _FIELDS)
    if unknown:
        raise RecordError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
    values: dict[str, Any] = {}
    for name in _PLAIN:
        values[name] = _text(name, data.get(name, ""))
    values["authors"] = tuple(_author(item) for item in _list("authors", data.get("authors")))
    values["translations"] = tuple(
        _translation(item) for item in _list("translations", data.get("translations"))
    )
    values["notices"] = tuple(_notice(item) for item in _list("notices", data.get("notices")))
    for name in ("keywords", "publication_types", "trial_ids"):
        values[name] = tuple(t for item in _list(name, data.get(name)) if (t := _text(name, item)))
    retraction = data.get("retraction") or ""
    if retraction not in get_args(Retraction):
        allowed = ", ".join(repr(v) for v in get_args(Retraction))
        raise RecordError(f"retraction is {retraction!r}; it should be one of {allowed}")
    values["retraction"] = retraction
    record = Record(**values)
    if not record.id:
        raise RecordError("id is missing; every record needs one that stays the same")
    if len(record.id) > _MAX_ID:
        raise RecordError(f"id has {len(record.id)} characters; at most {_MAX_ID} are taken")
    if record.date:
        _check_date(record.date)
    if not any(v.title or v.abstract for v in record.versions()):
        raise RecordError("title and abstract are both empty; there is nothing to search")
    if not record.language:
        record = replace(record, language=guess_language(record.title + record.abstract))
    return record


def guess_language(text: str) -> str:
    """``ja``, ``ko`` or ``en`` by script alone.

    Kanji without kana count as Japanese: titles here are often so.
    """
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "ja" if _HAN.search(text) else "en"


def _check_date(date: str) -> None:
    match = _DATE.match(date)
    year, month, day = (int(g) if g else 1 for g in match.groups()) if match else (0, 0, 0)
    if not match or not (1000 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= 31):
        raise RecordError(f"date is {date!r}; it should be YYYY, YYYY-MM or YYYY-MM-DD")


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise RecordError(f"{name} is {type(value).__name__}; it should be text")
    if len(value) > _MAX_TEXT:
        raise RecordError(f"{name} has {len(value)} characters; at most {_MAX_TEXT} are taken")
    if value.isprintable():  # so are most, and it is told faster than by a pattern
        return value.strip()
    return _BROKEN.sub("", value).replace("\t", " ").strip()


def _list(name: str, value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    if not isinstance(value, list | tuple):
        raise RecordError(f"{name} is {type(value).__name__}; it should be a list")
    return list(value)


def _author(item: Any) -> Author:
    if isinstance(item, str):
        return Author(_text("authors", item))
    if not isinstance(item, Mapping) or not item.get("family"):
        raise RecordError(f"author {item!r} should be {{'family': …, 'given': …}} or a name")
    return Author(_text("authors", item["family"]), _text("authors", item.get("given")))


def _translation(item: Any) -> Translation:
    if not isinstance(item, Mapping) or not item.get("language"):
        raise RecordError(
            f"translation {item!r} should be {{'language': …, 'title': …, 'abstract': …}}"
        )
    return Translation(
        *(_text(f"translations.{n}", item.get(n)) for n in ("language", "title", "abstract"))
    )


def _notice(item: Any) -> Notice:
    if not isinstance(item, Mapping) or not item.get("kind"):
        raise RecordError(f"notice {item!r} should be {{'kind': …, 'reference': …, 'pmid': …}}")
    return Notice(*(_text(f"notices.{n}", item.get(n)) for n in ("kind", "reference", "pmid")))
