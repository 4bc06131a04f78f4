"""The line where relevance ends, learnt from a library's scores without labels.

The null model is queries that have nothing to do with the library: random words of the encoder's
own vocabulary. What their best hits score is what chance brings up here, among these records and
with this encoder. For the dense leg the words are those that are rarest in the library, for the
lexical leg any: it is chance hits of common words that have to be told from an answer.
"""

import random
from collections.abc import Sequence

import numpy as np

from search.encoder import Encoder
from search.filters import Filters
from search.library.generation import Generation
from search.library.relevance import DenseScale, RelevanceLine
from search.text.phrases import is_term
from search.text.terms import terms

# With 150 the line moves by 0.004 from draw to draw, with 600 by 0.0015 (standard deviations).
_QUERIES = 600
# One query in twenty that has no answer may get one.
_QUANTILE = 0.95
# Words a query. Of Latin letters the vocabulary has pieces rather than words.
_JAPANESE_LENGTHS = (1, 2, 3, 4, 5)
_LATIN_LENGTHS = (2, 4, 6, 8, 10)
# One word alone that a record has is a full match, and no chance.
_LEXICAL_LENGTHS = (3, 4, 5)
# Of a small library random words hit nothing; so little of a full match is chance all the same.
_LEAST_LEXICAL = 0.1
# Words of the vocabulary that are looked up, and the share of them that counts as rare.
_LOOKED_UP = 2_000
_RAREST = 0.25
# Of fewer records, the best is too often good or bad by chance.
_MIN_RECORDS = 10
_MIN_WORDS = 100


def learn_relevance_line(generation: Generation, encoder: Encoder) -> RelevanceLine | None:
    """The line for this generation; None where it has too few records, the encoder too few whole
    words, or the scores of unrelated records no spread."""
    if generation.manifest.records < _MIN_RECORDS:
        return None
    generator = random.Random(2)
    words = [word for word in encoder.words() if word.isalpha() and is_term(word)]
    japanese, latin = (
        _dense_scale(generation, encoder, generator, chosen, lengths)
        for chosen, lengths in (
            ([word for word in words if not word.isascii()], _JAPANESE_LENGTHS),
            ([word for word in words if word.isascii()], _LATIN_LENGTHS),
        )
    )
    # A vocabulary may have one script only; that one is then asked for both.
    japanese, latin = japanese or latin, latin or japanese
    if japanese is None or latin is None:
        return None
    lexical = _lexical_line(generation, _queries(generator, words, _LEXICAL_LENGTHS))
    return RelevanceLine(japanese, latin, max(lexical, _LEAST_LEXICAL))


def _dense_scale(
    generation: Generation,
    encoder: Encoder,
    generator: random.Random,
    words: Sequence[str],
    lengths: Sequence[int],
) -> DenseScale | None:
    """None where there are too few words."""
    looked_up = generator.sample(words, min(_LOOKED_UP, len(words)))
    rare = sorted(looked_up, key=lambda word: _frequency(generation, word))
    rare = rare[: max(_MIN_WORDS, int(_RAREST * len(rare)))]
    if len(rare) < _MIN_WORDS:
        return None
    vectors = encoder.encode_queries(_queries(generator, rare, lengths))
    floor = float(np.mean([generation.average_score(vector) for vector in vectors]))
    best = [generation.nearest_records(vector, 1, Filters()).ranking[0][1] for vector in vectors]
    line = float(np.quantile(best, _QUANTILE))
    return DenseScale(floor, line) if line - floor > 1e-6 else None


def _lexical_line(generation: Generation, queries: Sequence[str]) -> float:
    """The share of a full match that the best hit of such queries hardly ever reaches."""
    reached = []
    for query in queries:
        query_terms = terms(query)
        found = generation.lexical.search(query_terms, 1, Filters())
        full_match = generation.lexical.full_match(query_terms)
        reached.append(found[0][1] / full_match if found else 0.0)
    return float(np.quantile(reached, _QUANTILE))


def _queries(generator: random.Random, words: Sequence[str], lengths: Sequence[int]) -> list[str]:
    if len(words) < _MIN_WORDS:
        return []
    return [" ".join(generator.sample(words, lengths[i % len(lengths)])) for i in range(_QUERIES)]


def _frequency(generation: Generation, word: str) -> int:
    """In how many records the rarest term of ``word`` occurs."""
    return min(map(generation.lexical.document_frequency, terms(word)), default=0)
