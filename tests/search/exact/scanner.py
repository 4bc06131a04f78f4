"""The naive scanner: what an expression means, in plain Python over records.

It reads every record for every question and knows nothing of the index. Only what counts as the
same writing (:func:`fold`) and what a truncated stem covers (:func:`stems`) is taken from the
product; units, areas and values are worked out here anew.
"""

import unicodedata
from collections.abc import Iterable
from itertools import product

from search.exact.expression import And, Dates, Expression, Flag, Near, Not, Or, Term
from search.formats.fields.dois import clean_doi
from search.records import Record
from search.text.spellings import greek, stems
from search.text.variants import fold

_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC")


def row(text: str) -> list[str]:
    """The units of a text: words in Latin or Greek letters, single Japanese characters, ``|`` for
    what separates two of these."""
    found: list[str] = []
    word, separated = "", False
    for character in f"{fold(text)} ":
        japanese = _is_japanese(character)
        if word and _is_greek(word[-1]) != _is_greek(character):
            found.append(word)
            word = ""
            separated = False
        if character.isalnum() and not japanese:
            word += character
            continue
        if word:
            found.append(word)
            word = ""
            separated = False
        if japanese:
            if separated and found and _is_japanese(found[-1]):
                found.append("|")
            found.append(character)
            separated = False
        else:
            separated = True
    return found


def _is_japanese(text: str) -> bool:
    name = unicodedata.name(text, "") if len(text) == 1 else ""
    return text.isalnum() and name.startswith(_SCRIPTS)


def _is_greek(character: str) -> bool:
    return unicodedata.name(character, "").startswith("GREEK")


def squeezed(text: str) -> str:
    """A whole value for comparison."""
    found = ""
    for unit in row(text):
        if unit == "|":
            continue
        latin = not _is_japanese(unit) and bool(found) and not _is_japanese(found[-1])
        found += " " * latin + unit
    return found


class View:
    """A record as the scanner sees it; each method answers one question about it."""

    def __init__(self, record: Record) -> None:
        self.record = record
        versions = [(record.title, record.abstract)]
        versions += [(t.title, t.abstract) for t in record.translations]
        self.rows = {
            "title": [row(t) for t, _ in versions if t],
            "abstract": [row(a) for _, a in versions if a],
            "keywords": [row(k) for k in record.keywords],
        }

    def __repr__(self) -> str:
        return f"View({self.record.id})"

    def ti(self, text: str) -> bool:
        return self.has(text, "title")

    def ab(self, text: str) -> bool:
        return self.has(text, "abstract")

    def tiab(self, text: str) -> bool:
        return self.has(text, "title", "abstract")

    def tw(self, text: str) -> bool:
        return self.has(text, "title", "abstract", "keywords")

    def al(self, text: str) -> bool:
        anything = self.tw(text) or self.au(text) or self.jn(text)
        return anything or (not text.endswith("*") and self.identifier(text))

    def has(self, text: str, *areas: str) -> bool:
        wanted = Wanted(text)
        return any(wanted.spans(units) for area in areas for units in self.rows[area])

    def near(self, distance: int, *texts: str, ordered: bool = False, areas: str = "tw") -> bool:
        chosen = {"tw": ["title", "abstract", "keywords"], "ti": ["title"], "ab": ["abstract"]}
        chosen["tiab"] = ["title", "abstract"]
        return any(
            close(distance, [Wanted(t).spans(units) for t in texts], ordered)
            for area in chosen[areas]
            for units in self.rows[area]
        )

    def value(self, text: str, values: Iterable[str]) -> bool:
        key = squeezed(text.rstrip("*"))
        found = [squeezed(v) for v in values]
        if text.endswith("*"):
            return any(v.startswith(key) for v in found)
        return key in found

    def au(self, text: str) -> bool:
        return self.value(text, (n for a in self.record.authors for n in _names(a)))

    def first(self, text: str) -> bool:
        return self.value(text, (n for a in self.record.authors[:1] for n in _names(a)))

    def last(self, text: str) -> bool:
        return self.value(text, (n for a in self.record.authors[-1:] for n in _names(a)))

    def jn(self, text: str) -> bool:
        journal = self.record.journal
        return bool(journal) and self.value(text, (journal, journal.split(" (")[0]))

    def mh(self, text: str) -> bool:
        headings = [k.strip("* ") for k in self.record.keywords]
        return self.value(text, headings + [h.split("/")[0] for h in headings])

    def sh(self, text: str) -> bool:
        return self.value(text, (p for k in self.record.keywords for p in k.split("/")[1:]))

    def pt(self, text: str) -> bool:
        types = self.record.publication_types
        return self.value(text, (*types, *(p for t in types for p in t.split("/"))))

    def la(self, code: str) -> bool:
        found = {t.language for t in self.record.translations if t.title or t.abstract}
        return code in found | {self.record.language}

    def identifier(self, text: str) -> bool:
        wanted = fold(clean_doi(text) or text).replace(" ", "")
        r = self.record
        known = [r.id, r.doi, r.pmid, r.ichushi_id, *r.trial_ids]
        kinds = [f"pmid:{r.pmid}", f"doi:{r.doi}", f"ichushi:{r.ichushi_id}"]
        named = [k for k in kinds if not k.endswith(":")]
        return wanted in [fold(k) for k in (*known, *named) if k]

    def dp(self, low: str, high: str) -> bool:
        """Dates as YYYYMMDD."""
        padded = (self.record.date.replace("-", "") + "0101")[:8] if self.record.date else ""
        return padded != "" and low <= padded <= high

    @property
    def abstract(self) -> bool:
        return bool(self.rows["abstract"])

    @property
    def retracted(self) -> bool:
        return self.record.retraction == "retracted"


class Wanted:
    """A string to look for; a ``*`` at its end truncates a word in Latin letters."""

    def __init__(self, text: str) -> None:
        self.units = row(text.rstrip("*"))
        last = self.units[-1]
        self.open = text.endswith("*") and not _is_japanese(last)
        self.begins = stems(last) if self.open else ()
        self.letters = greek(last) if self.open else ()

    def spans(self, units: list[str]) -> list[tuple[int, int]]:
        size = len(self.units)
        return [(i, i + size) for i in range(len(units)) if self._is(units[i : i + size])]

    def _is(self, piece: list[str]) -> bool:
        if len(piece) != len(self.units) or piece[:-1] != self.units[:-1]:
            return False
        if not self.open:
            return piece[-1] == self.units[-1]
        return piece[-1] in self.letters or any(piece[-1].startswith(b) for b in self.begins)


def close(distance: int, spans: list[list[tuple[int, int]]], ordered: bool) -> bool:
    """Whether one span of each can be chosen, not overlapping, with few units between."""
    for chosen in product(*spans):
        inside = set().union(*(range(a, b) for a, b in chosen))
        if len(inside) != sum(b - a for a, b in chosen):
            continue
        if ordered and list(chosen) != sorted(chosen):
            continue
        outer = max(b for _, b in chosen) - min(a for a, _ in chosen)
        if outer - len(inside) <= distance:
            return True
    return False


def _names(author: object) -> list[str]:
    family, given = author.family, author.given
    if not given:
        return [family]
    if not given.isascii() and _is_japanese(given[0]):
        return [family, family + given]
    initials = given if given.isupper() else "".join(w[0] for w in given.split())
    return [family, f"{family} {given}", f"{family} {initials}"]


_FIELDS = {
    "all": "al", "text": "tw", "title-abstract": "tiab", "title": "ti", "abstract": "ab",
    "keyword": "mh", "heading": "mh", "heading-alone": "mh",
    "subheading": "sh", "author": "au", "first-author": "first",
    "last-author": "last", "journal": "jn", "publication-type": "pt", "language": "la",
    "identifier": "identifier",
}  # fmt: skip


def scan(tree: Expression, view: View) -> bool:
    """Whether a record belongs to the set of a tree."""
    match tree:
        case Term():
            return bool(getattr(view, _FIELDS[tree.field])(tree.text + "*" * tree.truncated))
        case Dates():
            low = (tree.low.replace("/", "") + "00000000")[:8]
            return view.dp(low, (tree.high.replace("/", "") + "99999999")[:8])
        case Flag():
            return view.abstract if tree.name == "hasabstract" else view.retracted
        case Not():
            return not scan(tree.part, view)
        case And():
            return all(scan(part, view) for part in tree.parts)
        case Or():
            return any(scan(part, view) for part in tree.parts)
        case Near():
            choices = [o.parts if isinstance(o, Or) else (o,) for o in tree.operands]
            return any(_near(tree, terms, view) for terms in product(*choices))


def _near(tree: Near, terms: Iterable[Expression], view: View) -> bool:
    texts = [t.text + "*" * t.truncated for t in terms if isinstance(t, Term)]
    first = tree.operands[0]
    field = (first.parts[0] if isinstance(first, Or) else first).field
    areas = {"all": "tw", "text": "tw", "title": "ti", "abstract": "ab", "title-abstract": "tiab"}
    return view.near(tree.distance, *texts, ordered=tree.ordered, areas=areas[field])
