"""Other names of the concepts that a query names, looked for in their place: 夜尿症 for おねしょ.

What the terminology knows for certain is used. An ambiguous name stays as it was typed, and so do
an abbreviation of up to three letters and who is asked about (お年寄り, 子ども): that is said in so
many texts that it would outweigh what is asked. A concept weighs in BM25 as one term: a record
counts by the best of the names that it has, and none weighs more than the query's own.
"""

from collections.abc import Iterable

from search.library.expansion import Expansion, words_in
from search.library.lexical_index import LexicalIndex
from search.library.query_words import query_words
from search.terminology.concepts import SHORT, Concept, Label
from search.terminology.keys import key
from search.terminology.terminology import Terminology

# Concepts of a query, and names of each, that are looked for.
_CONCEPTS = 5
_NAMES = 8
# Characters of a query that are read for names: a longer one is a text, whose words say enough.
_READ = 400


def other_names(index: LexicalIndex, terminology: Terminology, text: str) -> tuple[Expansion, ...]:
    """What the library calls the concepts of ``text`` beside what stands there; names that no
    record can have are left out."""
    found: list[Expansion] = []
    named = [
        mention
        for mention in terminology.mentions(text[:_READ])
        if mention.sure and not mention.concepts[0].is_check_tag
    ]
    for mention in named[:_CONCEPTS]:
        written = text[mention.start : mention.end]
        own = tuple(dict.fromkeys(query_words(index, written).terms))
        if own:
            found += _names(index, mention.concepts[0], written, own)
    return tuple(found)


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
        if not all(map(index.document_frequency, words)):
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
