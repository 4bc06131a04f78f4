"""Other names of the concepts that a query names, looked for in their place: 夜尿症 for おねしょ.

What the terminology knows for certain is used. An ambiguous name, or an abbreviation of up to three
letters, is used where the library's records or the rest of the query say what it stands for
(:mod:`search.library.abbreviations`). Who is asked about (お年寄り, 子ども) stays as it was typed:
that is said in so many texts that it would outweigh what is asked. A concept weighs in BM25 as one
term: a record counts by the best of the names that it has, and none weighs more than the query's
own.
"""

from collections.abc import Iterable

from search.library.abbreviations import Abbreviations
from search.library.expansion import Expansion, words_in
from search.library.lexical_index import LexicalIndex
from search.library.query_words import query_words
from search.terminology.concepts import SHORT, Concept, Label
from search.terminology.keys import key
from search.terminology.terminology import Terminology

# Concepts of a query, and names of each, that are looked for.
_CONCEPTS = 5
_NAMES = 8
# Concepts of an ambiguous name that are offered.
_OFFERED = 3
# Characters of a query that are read for names: a longer one is a text, whose words say enough.
_READ = 400


def other_names(
    index: LexicalIndex,
    terminology: Terminology,
    text: str,
    abbreviations: Abbreviations | None = None,
) -> tuple[Expansion, ...]:
    """What the library calls the concepts of ``text`` beside what stands there; names that no
    record can have are left out. Without ``abbreviations`` short and ambiguous names stay as they
    are."""
    found: list[Expansion] = []
    read = text[:_READ]
    concepts = 0
    for mention in terminology.mentions(read):
        if concepts == _CONCEPTS:
            break
        if mention.sure:
            concept = mention.concepts[0]
        elif abbreviations and (meant := abbreviations.meant(index, read, mention)):
            concept = meant
        else:
            continue
        if concept.is_check_tag:
            continue
        concepts += 1
        written = text[mention.start : mention.end]
        own = tuple(dict.fromkeys(query_words(index, written).terms))
        if own:
            found += _names(index, concept, written, own)
    return tuple(found)


def offered_names(
    index: LexicalIndex, terminology: Terminology, text: str, abbreviations: Abbreviations
) -> tuple[tuple[str, str], ...]:
    """What names in ``text`` may stand for where that is not clear: (as written, a concept's name
    in a language of the library). It is for a person to choose."""
    read = text[:_READ]
    offered: list[tuple[str, str]] = []
    for mention in terminology.mentions(read):
        if mention.sure or abbreviations.meant(index, read, mention):
            continue
        written = text[mention.start : mention.end]
        for concept in mention.concepts[:_OFFERED]:
            names = [concept.preferred(language) for language in ("ja", "en")]
            known = [name for name in names if name and _has(index, name)]
            if known and not concept.is_check_tag:
                offered.append((written, known[0]))
    return tuple(dict.fromkeys(offered))


def _has(index: LexicalIndex, name: str) -> bool:
    words = words_in(name)
    return bool(words) and all(map(index.document_frequency, words))


def _names(
    index: LexicalIndex, concept: Concept, written: str, own: tuple[str, ...]
) -> Iterable[Expansion]:
    typed = sum(map(index.inverse_document_frequency, own))
    known = all(map(index.document_frequency, own))
    looked_for: dict[tuple[str, ...], float] = {}
    texts: dict[tuple[str, ...], str] = {}
    for label in concept.labels:
        words = words_in(label.text)
        if not words or set(words) == set(own) or words in looked_for or not _may_stand(label):
            continue
        if not _has(index, label.text):
            continue
        looked_for[words] = sum(map(index.inverse_document_frequency, words))
        texts[words] = label.text
        if len(looked_for) == _NAMES:
            break
    if not looked_for:
        return
    # As one term: no name counts more than the query's own, or where no record has that, than the
    # most frequent of the others.
    whole = typed if known else min(looked_for.values())
    for words, rarity in looked_for.items():
        weight = min(1.0, whole / rarity) if rarity else 1.0
        yield Expansion(texts[words], words, weight, own, written)


def _may_stand(label: Label) -> bool:
    """Whether a name is looked for that nobody typed: not what means something else elsewhere."""
    return label.kind != "lay" and not (label.text.isascii() and len(key(label.text)) <= SHORT)
