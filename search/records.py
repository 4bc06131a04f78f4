"""Record: the one bibliographic item that flows through every part of jmedsearch."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

Retraction = Literal["", "retracted", "expression of concern", "corrected"]
# What a source says of passing an abstract on: nothing, or that it is not allowed.
AbstractLicense = Literal["", "disallow"]

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9f]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_EAST_ASIAN = re.compile(r"[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\uff21-\uff3a\uff41-\uff5a]")
_BRACKETED = re.compile(r"[(（\[［「『\"“][^()（）\[\]［］「」『』\"“”]{1,80}[)）\]］」』\"”]")
# A particle right after a Latin word: Pneumocystis pneumoniaの1例 is Japanese.
_PARTICLE = re.compile(r"[A-Za-z0-9)）\u3400-\u9fff\u30a1-\u30fc][のをにがはとでへもや]")
_ENGLISH = re.compile(
    r"(?<![\w-])(?:of|the|and|in|on|for|with|among|to|by|from|an|a|is|are|as|at|after|versus|was|were)"
    r"(?![\w-])",
    re.IGNORECASE,
)
# Simplified characters that no Japanese text has, frequent in medicine.
_SIMPLIFIED = re.compile(
    "[们这对说时为过还临疗药组检测结论观护诊术脏肿验显发现应级预问题较变统计义积该阴给实际续关键选择质谢识认产线继颈颅镜险缩剂综评标"
    "报龄岁压热风调节维艺细带车传损伤复杂单间长门见贝负责资银钱铁难须顾频马鱼鸟齿龙华东络课业务习头买卖处备优势动员劳输边辽连远遗释"
    "针经济乐农军净创剧办劲勋协厅历厉县叹哑团围图圆块坚坛]"
)
# Words of titles in traditional characters that Japanese does not have, old spellings included.
_TRADITIONAL = re.compile(
    "(?<![投付給供贈授關関])與|及其|之(?:影響|探討|關係|關聯|評估|應用|成效|效果|護理|態度|因素|經驗|相關)|護理|探討|"
    "病人[之的]|因素|評估|療效|腫瘤|滿意度|[們嗎這沒]|生活品質|癥狀|症狀|醫療照護|照顧者?之"
)
_SHORT = 200
# The share of its letters from which on a text is East Asian whatever its words are, and below
# which it is English where English words say so.
_MAINLY = 0.3
_HARDLY = 0.1
# No Japanese sentence is so long without kana.
_LONGEST_WITHOUT_KANA = 60
_MAX_ID = 200
# Ten times the longest abstracts. What is longer is broken or a book, and would embed for minutes.
_MAX_TEXT = 200_000
# Control characters and lone surrogates: broken input that no page or index can carry.
_BROKEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NESTED = {"authors", "headings", "notices", "translations"}
_STRUCTURED = {
    "abstract_license",
    "authors",
    "headings",
    "keywords",
    "notices",
    "publication_types",
    "retraction",
    "to_complete",
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
    """Title and abstract of a record in another language than the record's own;
    ``abstract_license`` is as in :class:`Record`."""

    language: str
    title: str = ""
    abstract: str = ""
    abstract_license: AbstractLicense = ""

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
class Heading:
    """A heading of a thesaurus (MeSH, 医学用語シソーラス) that an indexer gave a record.

    A descriptor with several qualifiers (副標目) is as many headings. ``major`` marks what the work
    is mainly about: the descriptor with this qualifier, or the descriptor as such. ``descriptor``
    is empty where a source names a qualifier by itself.
    """

    descriptor: str
    qualifier: str = ""
    major: bool = False


@dataclass(frozen=True)
class Record:
    """One bibliographic item.

    ``language`` is an ISO 639-1 code and belongs to ``title`` and ``abstract``; further languages
    stand in ``translations``. ``date`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``. ``id`` is stable
    across rebuilds and safe in addresses once percent-encoded. ``keywords`` begin with the
    descriptors of ``headings``. ``abstract_license`` is ``disallow`` where the source forbids to
    pass the abstract on (:meth:`shareable`). A record ``to_complete`` is known by its PMID or DOI
    alone.
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
    headings: tuple[Heading, ...] = ()
    pmcid: str = ""
    abstract_license: AbstractLicense = ""
    to_complete: bool = False

    @property
    def year(self) -> int | None:
        """The year of publication, or None where the date is unknown."""
        return int(self.date[:4]) if self.date else None

    def versions(self) -> Iterator[Translation]:
        """Title and abstract in every language, the record's own first."""
        yield Translation(self.language, self.title, self.abstract, self.abstract_license)
        yield from self.translations

    def version(self, language: str) -> Translation:
        """Title and abstract in ``language``, or in the record's own where there is none."""
        own = Translation(self.language, self.title, self.abstract, self.abstract_license)
        return next((v for v in self.versions() if v.language == language and v.title), own)

    def shareable(self) -> "Record":
        """The record as it may leave the installation: without the abstracts that must not be
        passed on. That they are missing is still said by ``abstract_license``."""
        if not any(v.abstract_license for v in self.versions()):
            return self
        return replace(
            self,
            abstract="" if self.abstract_license else self.abstract,
            translations=tuple(
                replace(t, abstract="") if t.abstract_license else t for t in self.translations
            ),
        )

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
        name: tuple(map(_ITEM.get(name, _whole), value)) if name in _NESTED else value
        for name, value in vars(record).items()
        if value
    }


def _whole(item: Any) -> dict[str, Any]:
    return dict(vars(item))


def _without_empty(item: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(item).items() if value}


def _of_translation(item: Translation) -> dict[str, Any]:
    data = dict(vars(item))
    if not item.abstract_license:
        del data["abstract_license"]
    return data


_ITEM: dict[str, Any] = {"headings": _without_empty, "translations": _of_translation}


def record_from_dict(data: Mapping[str, Any]) -> Record:
    """A checked record from plain data, the inverse of :func:`record_to_dict`.

    Unknown keys are refused, text is stripped and freed of control characters, a missing language
    is guessed from the script.

    Raises:
        RecordError: naming the field that is wrong and what it should be.
    """
    if not data.keys() <= _FIELDS:
        unknown = sorted(set(data) - _FIELDS)
        raise RecordError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
    values: dict[str, Any] = {}
    for name in _PLAIN:
        # Most are empty, and a call for each would be a tenth of all reading.
        values[name] = _text(name, value) if (value := data.get(name, "")) != "" else ""
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
    values["abstract_license"] = _license("abstract_license", data.get("abstract_license"))
    values["to_complete"] = _truth("to_complete", data.get("to_complete"))
    if headings := tuple(_heading(item) for item in _list("headings", data.get("headings"))):
        values["headings"] = headings
        values["keywords"] = descriptors_first(headings, values["keywords"])
    record = Record(**values)
    if not record.id:
        raise RecordError("id is missing; every record needs one that stays the same")
    if len(record.id) > _MAX_ID:
        raise RecordError(f"id has {len(record.id)} characters; at most {_MAX_ID} are taken")
    if record.date:
        _check_date(record.date)
    if not any(v.title or v.abstract for v in record.versions()):
        if not record.to_complete:
            raise RecordError("title and abstract are both empty; there is nothing to search")
        if not (record.pmid or record.doi):
            raise RecordError("to_complete is set, but there is neither a PMID nor a DOI")
        return replace(record, language="")
    if not record.language:
        record = replace(record, language=guess_language(record.title + record.abstract))
    return record


def descriptors_first(headings: Iterable[Heading], keywords: Iterable[str]) -> tuple[str, ...]:
    """Keywords with the descriptors of headings before them, each once."""
    descriptors = (heading.descriptor for heading in headings if heading.descriptor)
    return tuple(dict.fromkeys((*descriptors, *keywords)))


def guess_language(text: str) -> str:
    """``ja``, ``zh``, ``ko`` or ``en``, by the share of the scripts.

    An English title with 補中益気湯 in it is English, ``Pneumocystis pneumoniaの1例`` is Japanese.
    Kanji without kana count as Japanese, for titles here are often so, unless they are simplified
    ones, have a word that only Chinese has, or go on for too long.
    """
    if text.isascii():
        return "en"
    if not _EAST_ASIAN.search(text):
        return "en"
    own = len(_EAST_ASIAN.findall(text))
    share = own / (own + len(_LATIN.findall(text)))
    if share < _MAINLY and _is_english(text, share):
        return "en"
    if len(_HANGUL.findall(text)) * 2 > own:
        return "ko"
    return "zh" if _is_chinese(text, own) else "ja"


def _is_english(text: str, share: float) -> bool:
    """Whether a text with few East Asian letters is English that quotes them."""
    if len(text) > _SHORT:
        return share < 2 * _HARDLY
    outside = _BRACKETED.sub(" ", text)
    if not _EAST_ASIAN.search(outside):
        return bool(_LATIN.search(outside))
    if _PARTICLE.search(outside):
        return False
    return share < _HARDLY or bool(_ENGLISH.search(outside))


def _is_chinese(text: str, letters: int) -> bool:
    kana = len(_KANA.findall(text))
    if kana * 20 > letters:
        return False
    simplified = len(_SIMPLIFIED.findall(text))
    if simplified * 20 > letters:
        return True
    return not kana and (letters > _LONGEST_WITHOUT_KANA or bool(_TRADITIONAL.search(text)))


def _check_date(date: str) -> None:
    match = _DATE.match(date)
    year, month, day = (int(g) if g else 1 for g in match.groups()) if match else (0, 0, 0)
    if not match or not (1000 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= 31):
        raise RecordError(f"date is {date!r}; it should be YYYY, YYYY-MM or YYYY-MM-DD")


def _text(name: str, value: Any) -> str:
    if type(value) is str and len(value) <= _MAX_TEXT and value.isprintable():
        return value.strip()  # so are most, and it is told faster than by a pattern
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise RecordError(f"{name} is {type(value).__name__}; it should be text")
    if len(value) > _MAX_TEXT:
        raise RecordError(f"{name} has {len(value)} characters; at most {_MAX_TEXT} are taken")
    return _BROKEN.sub("", value).replace("\t", " ").strip()


def _list(name: str, value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    if not isinstance(value, list | tuple):
        raise RecordError(f"{name} is {type(value).__name__}; it should be a list")
    return list(value)


def _is_mapping(item: Any) -> bool:
    # Of a dict it is told at once; of other classes by asking each of their bases.
    return type(item) is dict or isinstance(item, Mapping)


def _author(item: Any) -> Author:
    if isinstance(item, str):
        return Author(_text("authors", item))
    if not _is_mapping(item) or not item.get("family"):
        raise RecordError(f"author {item!r} should be {{'family': …, 'given': …}} or a name")
    return Author(_text("authors", item["family"]), _text("authors", item.get("given")))


def _translation(item: Any) -> Translation:
    if not _is_mapping(item) or not item.get("language"):
        raise RecordError(
            f"translation {item!r} should be {{'language': …, 'title': …, 'abstract': …}}"
        )
    language, title, abstract = (
        _text(f"translations.{n}", item.get(n)) for n in ("language", "title", "abstract")
    )
    return Translation(
        language,
        title,
        abstract,
        _license("translations.abstract_license", item.get("abstract_license")),
    )


def _heading(item: Any) -> Heading:
    if not _is_mapping(item) or not (item.get("descriptor") or item.get("qualifier")):
        raise RecordError(
            f"heading {item!r} should be {{'descriptor': …, 'qualifier': …, 'major': true}}"
        )
    qualifier, major = item.get("qualifier", ""), item.get("major", False)
    return Heading(
        _text("headings.descriptor", item.get("descriptor")),
        _text("headings.qualifier", qualifier) if qualifier != "" else "",
        major if type(major) is bool else _truth("headings.major", major),
    )


def _license(name: str, value: Any) -> AbstractLicense:
    if value in (None, ""):
        return ""
    if value != "disallow":
        raise RecordError(f"{name} is {value!r}; it should be 'disallow' or left out")
    return "disallow"


def _truth(name: str, value: Any) -> bool:
    if value is None or value == "":
        return False
    if not isinstance(value, bool):
        raise RecordError(f"{name} is {value!r}; it should be true or false")
    return value


def _notice(item: Any) -> Notice:
    if not _is_mapping(item) or not item.get("kind"):
        raise RecordError(f"notice {item!r} should be {{'kind': …, 'reference': …, 'pmid': …}}")
    return Notice(*(_text(f"notices.{n}", item.get(n)) for n in ("kind", "reference", "pmid")))
