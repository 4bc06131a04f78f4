"""Pairs of texts that belong together, made of a library's own records: what labels would be for.

===========  ===========================================  ========================================
kind         anchor                                       positive
===========  ===========================================  ========================================
title        a title                                      its abstract
translation  a title                                      title or abstract in the other language
sentence     a sentence                                   the abstract without it (Lee et al. 2019,
                                                          inverse cloze task)
crop         a run of sentences                           another run of the same text (Izacard et
                                                          al. 2022, Contriever)
definition   a term                                       the sentence that says what it is, without
                                                          the term
terms        some noun phrases, as a searcher lists them  the text without them
===========  ===========================================  ========================================
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from search.filters import Filters
from search.library.generation import Generation
from search.records import Record, Translation
from search.text.phrases import is_term, phrases
from search.text.sentences import sentence_spans
from search.text.terms import terms

# Shorter texts say too little to be recognised by.
_LEAST = 12
_NAMED = (2, 5)
_TRIES = 20
_LOOKED_AT = 500
# The best lexical hits are looked through for one of another record.
_MINED = 8
_DEFINITION = re.compile(
    r"^(?P<term>[^、。，,：:「」()（）\s]{2,24}?)(?:[(（][^)）]*[)）])?(?:とは、?|は、)(?P<rest>.{12,})$",
    re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """Two texts that belong together, and the number of the record that they come from."""

    kind: str
    anchor: str
    positive: str
    number: int


def examples(number: int, record: Record, generator: random.Random) -> Iterator[Example]:
    """One example of each kind that ``record`` allows, drawn anew at every call."""
    versions = [v for v in record.versions() if v.title or v.abstract]
    for version in versions:
        if version.title and len(version.abstract) >= _LEAST:
            yield Example("title", version.title, version.abstract, number)
    if len(versions) > 1:
        one, other = generator.sample(versions, 2)
        against = [text for text in (other.title, other.abstract) if text]
        if one.title:
            yield Example("translation", one.title, generator.choice(against), number)
    longest = max(versions, key=lambda v: len(v.abstract), default=None)
    if longest is not None:
        for kind, make in _WITHIN.items():
            pair = make(longest, generator)
            if pair is not None and pair[0].strip() and len(pair[1].strip()) >= _LEAST:
                yield Example(kind, pair[0].strip(), pair[1].strip(), number)


_Pair = tuple[str, str] | None


def _sentence(version: Translation, generator: random.Random) -> _Pair:
    sentences = _sentences(version)
    if len(sentences) < 3:
        return None
    chosen = generator.randrange(len(sentences))
    rest = [version.title, *sentences[:chosen], *sentences[chosen + 1 :]]
    return sentences[chosen], "\n".join(filter(None, rest))


def _crop(version: Translation, generator: random.Random) -> _Pair:
    sentences = _sentences(version)
    if len(sentences) < 4:
        return None
    border = generator.randrange(1, len(sentences))
    halves = ["".join(sentences[:border]), "".join(sentences[border:])]
    generator.shuffle(halves)
    return halves[0], halves[1]


def _definition(version: Translation, generator: random.Random) -> _Pair:
    found = [m for m in map(_DEFINITION.match, _sentences(version)) if m]
    if not found:
        return None
    match = generator.choice(found)
    return match["term"], match["rest"].replace(match["term"], "")


def _terms(version: Translation, generator: random.Random) -> _Pair:
    text = version.text
    named = list(dict.fromkeys(p for p in map("".join, phrases(text)) if is_term(p) and p in text))
    if len(named) < _NAMED[0]:
        return None
    count = min(len(named), generator.randint(*_NAMED))
    chosen = generator.sample(named, count)
    rest = text
    for term in sorted(chosen, key=len, reverse=True):
        rest = rest.replace(term, "")
    return " ".join(chosen), rest


_WITHIN: dict[str, Callable[[Translation, random.Random], _Pair]] = {
    "sentence": _sentence,
    "crop": _crop,
    "definition": _definition,
    "terms": _terms,
}


def _sentences(version: Translation) -> list[str]:
    text = version.abstract
    return [text[start:end] for start, end in sentence_spans(text, version.language)]


class Examples:
    """Batches of examples out of a library. Batch ``i`` is the same whenever it is asked for, so
    a run that resumes goes on as if it had not stopped."""

    def __init__(
        self, generation: Generation, numbers: Sequence[int], batch: int, seed: int
    ) -> None:
        """``numbers`` are the records to learn from."""
        self.generation = generation
        self.numbers = numbers
        self.size = batch
        self.seed = seed
        generator = random.Random(seed)
        sample = generator.sample(numbers, min(len(numbers), _LOOKED_AT))
        self.counts: dict[str, int] = {}
        for number, record in generation.records(sample).items():
            for example in examples(number, record, generator):
                self.counts[example.kind] = self.counts.get(example.kind, 0) + 1

    @property
    def kinds(self) -> list[str]:
        """The kinds that enough of the records allow for a batch to be filled."""
        return sorted(kind for kind, n in self.counts.items() if n >= min(self.size, 8))

    def batch(self, step: int) -> list[Example]:
        """Examples of one kind, each of another record: in a batch, each positive is a negative
        for the other anchors, and they should differ in what they say, not in what they are."""
        generator = random.Random(f"{self.seed} {step}")
        kind = generator.choice(self.kinds)
        found: dict[str, Example] = {}
        for _ in range(_TRIES):
            drawn = generator.sample(self.numbers, min(len(self.numbers), 2 * self.size))
            records = self.generation.records(drawn)
            for number in drawn:
                for example in examples(number, records[number], generator):
                    if example.kind == kind and len(found) < self.size:
                        # Equal anchors or texts would be each other's false negatives.
                        found.setdefault(example.anchor, example)
            if len(found) == self.size:
                break
        return list(found.values())

    def negative(self, example: Example, apart: frozenset[int]) -> str | None:
        """The text of the record that BM25 takes for the best answer to the anchor although it is
        none of ``apart`` (Karpukhin et al. 2020, DPR); None where no word is shared."""
        hits = self.generation.lexical.search(terms(example.anchor), _MINED, Filters())
        for number, _ in hits:
            if number not in apart:
                record = self.generation.records([number])[number]
                version = max(record.versions(), key=lambda v: len(v.abstract))
                return version.abstract or version.title
        return None
