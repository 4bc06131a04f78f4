"""Known items: what the searcher has in hand already, found by identifier, title or author.

Only a query that is a title, an author's name or an identifier as a whole counts, so that a topic
is never taken for one; identifiers that can be nothing else (a DOI, ``PMID: 30776994``, an address
of PubMed or 医中誌Web, a trial's number) also count inside other text, such as a pasted citation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import tantivy

from search.filters import Filters, values_query
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import accession_in, ichushi_id_in, pmid_in
from search.library.exact_fields import AREAS, identifier_key, title_key
from search.library.generation import Generation
from search.library.lexical_index import schema
from search.text.fold import nfkc
from search.text.units import is_cjk, tokens, value_key
from search.text.variants import fold

Known = Literal["identifier", "title", "author"]

# Identifiers of one query that are looked up: a pasted list, not a pasted reference section.
_MAX_LOOKED_UP = 100
_MAX_NAME = 60
_MAX_NAME_WORDS = 5
_LABELS = (
    (re.compile(r"\bpmid\s*[::]?\s*(?=\d)", re.IGNORECASE), "pmid:"),
    (re.compile(r"\bdoi\s*[::]?\s*(?=10\.)", re.IGNORECASE), "doi:"),
    (re.compile(r"医中誌\s*(?:id|番号)?\s*[::]?\s*(?=\w*\d)", re.IGNORECASE), "ichushi:"),
)
# 10.1000/1 [doi]. as PubMed writes it
_TAG = re.compile(r"\s\[(?:doi|pii|pmid)\]\.?")
_TRIAL = re.compile(
    r"(?:jprn-)?(?:nct\d{8}|jrcts?\d{6,12}|umin\d{9}|isrctn\d{8}|japiccti-?\d{5,7}"
    r"|jma-iia\d{5}|chictr\S*\d{6,}|actrn\d{14}|drks\d{8})",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"(?:pmid|doi|ichushi):\S+")


@dataclass(frozen=True)
class KnownItems:
    """The records that a query names, by number, each with what it was found by.

    ``identifiers_only`` says that the query consists of identifiers and of nothing that could be
    searched for, whether or not the library has them.
    """

    found: tuple[tuple[int, Known], ...] = ()
    identifiers_only: bool = False


def known_items(generation: Generation, query: str, filters: Filters, limit: int) -> KnownItems:
    """The records of ``generation`` that ``query`` names and ``filters`` leave in, at most
    ``limit``.

    Identifiers come in the order in which they were typed, then records with this title, then
    those of this author, each the newest first.
    """
    identified, identifiers_only = _by_identifier(generation, query, filters)
    found: dict[int, Known] = dict.fromkeys(identified, "identifier")
    if not identifiers_only:
        sought: tuple[tuple[Known, str, list[str]], ...] = (
            ("title", "title_key", [title_key(query)]),
            ("author", "author", _names(query)),
        )
        for kind, field, names in sought:
            numbers = _numbers(generation, field, names, filters, limit) if any(names) else []
            if kind == "author" and numbers and _occurs(generation, query):
                continue
            for number in numbers:
                found.setdefault(number, kind)
    return KnownItems(tuple(found.items())[:limit], identifiers_only)


def _by_identifier(generation: Generation, query: str, filters: Filters) -> tuple[list[int], bool]:
    """Record numbers in order, and whether the query is nothing but identifiers."""
    text = nfkc(query)
    for label, plain in _LABELS:
        text = label.sub(plain, text)
    parts = [p for word in _TAG.sub(" ", text).split() if (p := word.strip("、,;。"))]
    looked_up = parts[:_MAX_LOOKED_UP]
    kinds = [_identifier(part) for part in looked_up]
    numbers = [
        _with_identifier(generation, part, key, filters) if key else []
        for part, (key, _) in zip(looked_up, kinds, strict=True)
    ]
    only = bool(parts) and len(parts) == len(looked_up)
    only = only and all(
        certain or found for (_, certain), found in zip(kinds, numbers, strict=True)
    )
    # A number or an id among other words is a word.
    named = [
        number
        for (_, certain), found in zip(kinds, numbers, strict=True)
        if certain or only
        for number in found
    ]
    return list(dict.fromkeys(named)), only


def _identifier(part: str) -> tuple[str, bool]:
    """What to look up for a part of a query, empty for a word, and whether it can be nothing but
    an identifier."""
    if doi := clean_doi(part):
        return identifier_key(doi), True
    if pmid := pmid_in([part]):
        return f"pmid:{pmid}", True
    if number := ichushi_id_in([part]):
        return f"ichushi:{identifier_key(number)}", True
    source, accession = accession_in([part])
    if accession and "/" in part:
        return f"{source}:{identifier_key(accession)}", True
    key = identifier_key(part)
    if _TRIAL.fullmatch(key) or _LABELLED.fullmatch(key):
        return key, True
    # An id of letters alone (asthma) is a word.
    return (key if any(c.isdigit() for c in key) else ""), False


def _with_identifier(generation: Generation, part: str, key: str, filters: Filters) -> list[int]:
    numbers = _numbers(generation, "identifier", [key], filters, _MAX_LOOKED_UP)
    # The id of a record that was merged into another leads to that one.
    merged = None if numbers else generation.record(part)
    if merged is None:
        return numbers
    query = tantivy.Query.term_query(schema(), "number", merged[0])
    return generation.lexical.sorted_page(
        generation.lexical.filtered(query, filters), "year", 0, 1
    )[1]


def _numbers(
    generation: Generation, field: str, values: Sequence[str], filters: Filters, limit: int
) -> list[int]:
    """The records with one of these whole values in a field, the newest first."""
    query = values_query(schema(), field, values)
    return generation.lexical.sorted_page(
        generation.lexical.filtered(query, filters), "year", 0, limit
    )[1]


def _names(query: str) -> list[str]:
    """The author's names that a query may be: 山田太郎, Yamada Taro, Taro Yamada, T. Yamada."""
    if len(query) > _MAX_NAME or any(c.isdigit() for c in query):
        return []
    name = value_key(query)
    words = name.split()
    if len(name) < len("山田") or len(words) > _MAX_NAME_WORDS:
        return []
    if len(words) == 1 or "," in nfkc(query):
        return [name]
    *given, family = words
    initials = "".join(word[0] for word in given)
    return [name, " ".join((family, *given)), f"{family} {initials}"]


def _occurs(generation: Generation, query: str) -> bool:
    """Whether the query stands in the text of some record: then it is a topic (Long QT, 川崎)
    before it is an author's name."""
    units = tokens(fold(query))
    # The last of several CJK characters is a token of its own only where a text ends.
    if len(units) > 1 and len(units[-1]) == 1 and is_cjk(units[-1]):
        units.pop()
    if not units:
        return False
    queries = [
        tantivy.Query.phrase_query(schema(), area, list(enumerate(units)))
        if len(units) > 1
        else tantivy.Query.term_query(schema(), area, units[0])
        for area in AREAS
    ]
    anywhere = tantivy.Query.boolean_query([(tantivy.Occur.Should, q) for q in queries])
    return generation.lexical.count(anywhere) > 0
