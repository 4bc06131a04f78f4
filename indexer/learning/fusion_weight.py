"""The weight of the dense leg, learnt without labels from queries that the library makes itself.

Some records are set aside one by one: part of a record's text becomes a query (its title, a
sentence, key terms of a sentence, one term), and the record is found again by the rest of its
text alone. What is taken out is out of both legs, so neither wins by copying: the dense leg reads
the shortened text, the lexical leg indexes it. The weight with the best mean reciprocal rank over
all kinds of queries is taken, each kind counting the same.
"""

import math
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.stages.embed import segment_vectors
from indexer.stages.lexical_writer import write_lexical
from indexer.store.record_store import RecordStore
from search.encoder import Encoder
from search.filters import Filters
from search.library.lexical_index import LexicalIndex
from search.library.manifest import Fusion, Segment
from search.library.query_words import query_words
from search.library.scored_records import Ranking
from search.ranked.fusion import weighted
from search.records import Record
from search.text.latin import is_latin
from search.text.phrases import is_term, phrases
from search.text.sentences import sentence_spans

# Of a small library at most this share, but no fewer than what tells something: among the others
# they have to be found again.
_SET_ASIDE = 120
_SET_ASIDE_SHARE = 1 / 4
_LEAST_SET_ASIDE = 40
# The records among which each one has to be found again.
_HAYSTACK = 4_000
_DEPTH = 200
WEIGHTS = tuple(round(0.05 * step, 2) for step in range(21))
# Fewer known-item queries than this say nothing about a library.
_MIN_QUERIES = 20
_ACCEPTED_LOSS = 0.05
# The weight for queries in a script in which the library has no text to learn from: few of their
# words can be met, and those by chance as often as not.
_OTHER_SCRIPT = 0.65


@dataclass(frozen=True)
class FusionChoice:
    """How a library's legs are fused, and how many records it had when that was learnt.

    ``latin_weight`` is the dense weight for queries in Latin letters alone, ``dense_weight`` for
    all others.
    """

    fusion: Fusion
    dense_weight: float
    latin_weight: float
    records: int


@dataclass(frozen=True)
class KnownItem:
    """A query made of a part of record ``number``, which has to be found by ``rest`` alone, and by
    its ``title`` where that is left; ``latin`` is a record in Latin letters alone."""

    latin: bool
    kind: str
    query: str
    number: int
    rest: str
    title: str = ""


def learn_fusion(
    store: RecordStore, encoder: Encoder, vectors: Path, segments: Sequence[Segment]
) -> FusionChoice:
    """The weights for this library; RRF where it has too little text to learn from."""
    count, _ = store.counts()
    gains = known_item_gains(store, encoder, vectors, segments)
    if not gains:
        return FusionChoice("rrf", 0.5, 0.5, count)
    return FusionChoice(
        "weighted",
        _weight(gains, latin=False),
        _weight(gains, latin=True),
        count,
    )


def known_item_gains(
    store: RecordStore, encoder: Encoder, vectors: Path, segments: Sequence[Segment]
) -> dict[tuple[bool, str], NDArray[np.float64]]:
    """Reciprocal ranks (queries, weights) of the known items of a library, by script and kind of
    query; nothing where it has too little text to tell."""
    numbers = [row[0] for row in store.db.execute("select number from records order by number")]
    chosen = random.Random(0).sample(numbers, min(_HAYSTACK, len(numbers)))
    records = dict(store.records(chosen))
    latin, other = (list(known_items(records, latin=script)) for script in (True, False))
    items = [*latin, *other]
    if len(items) < _MIN_QUERIES:
        return {}
    return reciprocal_ranks(items, records, encoder, _passages(store, chosen, vectors, segments))


def _weight(gains: Mapping[tuple[bool, str], NDArray[np.float64]], *, latin: bool) -> float:
    """The weight for queries of a script, by the known items of texts in it."""
    group = {kind: rows for (script, kind), rows in gains.items() if script is latin}
    enough = sum(map(len, group.values())) >= _MIN_QUERIES
    return choose_weight(group) if enough else _OTHER_SCRIPT


def choose_weight(gains: Mapping[str, NDArray[np.float64]]) -> float:
    """The weight for reciprocal ranks (queries, weights) by kind of query.

    The queries are in the words of the very text that they look for, while two people rarely
    choose the same word (Furnas et al., The vocabulary problem, CACM 1987): they flatter the
    lexical leg. So the choice goes three quarters of the way from the best weight to equal
    weights, and less far where that would lose more than a twentieth: a leg that finds nothing
    gets no weight.
    """
    mean = np.mean([g.mean(axis=0) for g in gains.values()], axis=0)
    best = int(np.argmax(mean))
    chosen = (best + 3 * (len(WEIGHTS) // 2) + 2) // 4
    while chosen != best and mean[chosen] < (1 - _ACCEPTED_LOSS) * mean[best]:
        chosen += 1 if chosen < best else -1
    return WEIGHTS[chosen]


def known_items(records: dict[int, Record], *, latin: bool) -> Iterator[KnownItem]:
    """Queries of every kind, in Latin letters or in others, from 40 to 120 of ``records`` (by
    number) that are so written, a quarter of them where that lies between; always the same ones."""
    generator = random.Random(1)
    taken = 0
    written = {n: r for n, r in records.items() if is_latin(r.title + r.abstract) is latin}
    share = math.ceil(_SET_ASIDE_SHARE * len(written))
    wanted = min(_SET_ASIDE, max(_LEAST_SET_ASIDE, share))
    for number, record in written.items():
        if taken == wanted:
            return
        text = record.abstract
        sentences = [text[a:b] for a, b in sentence_spans(text, record.language)]
        if len(sentences) < 3:
            continue
        taken += 1
        if record.title:
            yield KnownItem(latin, "title", record.title, number, text)
        held_out = generator.randrange(len(sentences))
        rest = "\n".join(
            part for i, part in enumerate([record.title, *sentences]) if part and i != held_out + 1
        )
        sentence = sentences[held_out]
        yield KnownItem(latin, "sentence", sentence, number, rest, record.title)
        found = ["".join(words) for words in phrases(sentence)]
        named = list(dict.fromkeys(p for p in found if is_term(p)))
        if len(named) >= 3:
            terms = " ".join(generator.sample(named, 3))
            yield KnownItem(latin, "terms", terms, number, rest, record.title)
        if named:
            yield KnownItem(latin, "term", max(named, key=len), number, rest, record.title)


def reciprocal_ranks(
    items: Sequence[KnownItem],
    records: dict[int, Record],
    encoder: Encoder,
    passages: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> dict[tuple[bool, str], NDArray[np.float64]]:
    """Reciprocal ranks (queries, weights) by script (whether in Latin letters alone) and kind of
    query, for each of :data:`WEIGHTS`.

    ``passages`` are the record number (n,) and the vector (n, dim) of every passage.
    """
    owners, matrix = passages
    queries = encoder.encode_queries([item.query for item in items])
    rests = list(dict.fromkeys((item.number, item.rest) for item in items))
    texts = list(dict.fromkeys([*(item.rest for item in items), *(i.title for i in items)]))
    windows = [(text, encoder.windows(text)[0]) for text in texts if text]
    encoded = encoder.encode_passages(windows)
    vector_of = {text: e.vector for (text, _), e in zip(windows, encoded, strict=True)}
    gains: dict[tuple[bool, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        # Set-aside records stand in the index in each of their shortened forms, and each form is
        # seen by its own query only.
        first = max(records) + 1
        form = {rest: first + i for i, rest in enumerate(rests)}
        stand_ins = (
            (
                form[rest],
                replace(records[rest[0]], title="", abstract=rest[1], translations=(), keywords=()),
            )
            for rest in rests
        )
        set_aside = {number for number, _ in rests}
        write_lexical(
            Path(folder) / "lexical",
            None,
            (),
            [*((n, r) for n, r in records.items() if n not in set_aside), *stand_ins],
        )
        lexical = LexicalIndex(Path(folder) / "lexical")
        for item, vector in zip(items, queries, strict=True):
            query_terms = query_words(lexical, item.query).terms
            words = Ranking.of(
                (item.number if n >= first else n, s)
                for n, s in lexical.search(query_terms, _DEPTH * 2, Filters())
                if n < first or n == form[item.number, item.rest]
            )[:_DEPTH]
            left = [vector_of[text] for text in (item.rest, item.title) if text]
            dense = _dense(vector, owners, matrix, item.number, np.stack(left))
            full_match = lexical.full_match(query_terms)
            # Without word pairs: what is cut out of a text has all of its pairs, as no query has.
            gains.setdefault((item.latin, item.kind), []).append(
                [
                    _reciprocal_rank(weighted(dense, words, w, full_match), item.number)
                    for w in WEIGHTS
                ]
            )
    return {group: np.array(values) for group, values in gains.items()}


def _dense(
    query: NDArray[np.float32],
    owners: NDArray[np.int64],
    matrix: NDArray[np.float32],
    number: int,
    left: NDArray[np.float32],
) -> Ranking:
    """The records nearest to a query, of which record ``number`` has the passages ``left``
    (passages, dim) alone."""
    scores = matrix @ query
    best = np.full(int(owners.max()) + 1, -np.inf, np.float32)
    np.maximum.at(best, owners, scores)
    best[number] = (left @ query).max()
    order = np.argsort(-best, kind="stable")[:_DEPTH]
    order = order[np.isfinite(best[order])]
    return Ranking(order, best[order])


def _reciprocal_rank(ranking: Ranking, number: int) -> float:
    for position, (found, _) in enumerate(ranking[:100], 1):
        if found == number:
            return 1 / position
    return 0.0


def _passages(
    store: RecordStore, numbers: Sequence[int], directory: Path, segments: Sequence[Segment]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Record number and vector of every passage of ``numbers``."""
    wanted = set(numbers)
    owner = {
        number: record
        for number, record in store.db.execute("select number, record from passages")
        if record in wanted
    }
    owners: list[int] = []
    rows: list[NDArray[np.float32]] = []
    number = 0
    for block in segment_vectors(directory, segments):
        kept = [i for i in range(len(block)) if number + i in owner]
        owners += [owner[number + i] for i in kept]
        rows.append(block[kept])
        number += len(block)
    return np.array(owners, np.int64), np.concatenate(rows)
