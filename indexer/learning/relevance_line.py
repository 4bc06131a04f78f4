"""The line where relevance ends, learnt from a library's scores without labels.

The null model is queries that have nothing to do with the library: random words of the encoder's
own vocabulary. What their best hits score is what chance brings up here, among these records and
with this encoder. For the dense leg the words are those that are rarest in the library, for the
lexical leg any: it is chance hits of common words that have to be told from an answer.

What other topics of the field reach is a second line: the library's own rare terms are asked, and
the best record counts that lacks some word of the term.
"""

import random
from collections.abc import Sequence

import numpy as np

from search.encoder import Encoder
from search.filters import Filters
from search.library.generation import Generation
from search.library.relevance import DenseScale, RelevanceLine
from search.text.latin import is_latin
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
# Terms that at most so many records have are topics that the others lack; how many are asked, how
# many there have to be, how many hits are looked through for one that lacks the term, and which
# share of the topics stays below the line.
_RARE = 2
_TOPICS = 300
_MIN_TOPICS = 40
_TOPIC_DEPTH = 20
_TOPIC_QUANTILE = 0.97


def learn_relevance_line(generation: Generation, encoder: Encoder) -> RelevanceLine | None:
    """The line for this generation; None where it has too few records, the encoder too few whole
    words, or the scores of unrelated records no spread."""
    if generation.manifest.records < _MIN_RECORDS:
        return None
    generator = random.Random(2)
    words = [word for word in encoder.words() if word.isalpha() and is_term(word)]
    japanese, latin = (
        _dense_scale(generation, encoder, generator, chosen, latin=latin)
        for chosen, latin in (
            ([word for word in words if not word.isascii()], False),
            ([word for word in words if word.isascii()], True),
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
    *,
    latin: bool,
) -> DenseScale | None:
    """None where there are too few words."""
    lengths = _LATIN_LENGTHS if latin else _JAPANESE_LENGTHS
    looked_up = generator.sample(words, min(_LOOKED_UP, len(words)))
    rare = sorted(looked_up, key=lambda word: _frequency(generation, word))
    rare = rare[: max(_MIN_WORDS, int(_RAREST * len(rare)))]
    if len(rare) < _MIN_WORDS:
        return None
    vectors = encoder.encode_queries(_queries(generator, rare, lengths))
    average = np.array([generation.average_score(vector) for vector in vectors])
    floor = float(average.mean())
    best = np.array(
        [generation.nearest_records(vector, 1, Filters()).ranking[0][1] for vector in vectors]
    )
    line = float(np.quantile(best, _QUANTILE))
    spread = None if latin else float(np.quantile(best - average, _QUANTILE))
    if line - floor <= 1e-6:
        return None
    topic = _topic_line(generation, encoder, _rare_terms(generation, latin=latin))
    return DenseScale(floor, line, max(line, topic), spread)


def _rare_terms(generation: Generation, *, latin: bool) -> list[str]:
    """Terms that stand alone somewhere and that hardly any record has, always the same ones."""
    rows = generation.terms.execute(
        "select term from terms where standalone > 0 and records between 1 and ? order by number",
        [_RARE],
    )
    found = [term for (term,) in rows if is_term(term) and is_latin(term) is latin]
    return random.Random(4).sample(found, min(_TOPICS, len(found)))


def _topic_line(generation: Generation, encoder: Encoder, topics: Sequence[str]) -> float:
    """What the best record that lacks a topic hardly ever reaches for it; -1 of too few topics."""
    if len(topics) < _MIN_TOPICS:
        return -1.0
    best = []
    for topic, vector in zip(topics, encoder.encode_queries(topics), strict=True):
        found = generation.nearest_records(vector, _TOPIC_DEPTH, Filters()).ranking
        query_terms = generation.query_words(topic).terms
        shares = generation.lexical.word_shares(query_terms, found.numbers.tolist())
        lacking = [score for number, score in found if shares[number] < 1.0 - 1e-9]
        best.append(lacking[0] if lacking else found[-1][1])
    return float(np.quantile(best, _TOPIC_QUANTILE))


def _lexical_line(generation: Generation, queries: Sequence[str]) -> float:
    """The share of a full match that the best hit of such queries hardly ever reaches."""
    reached = []
    for query in queries:
        query_terms = generation.query_words(query).terms
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
