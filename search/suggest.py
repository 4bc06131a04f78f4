"""Query-term suggestion: the MLM head proposes, the library's vocabulary and its hits decide.

Only whole terms of ``terms.db`` are offered, so no fragment and nothing that the library lacks. A
term of n pieces is scored in a context of n masks by the mean log-probability of its pieces, each
mask seen independently of the others (one forward pass for every length).
"""

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder
from search.engine import Engine, QueryError, clean_query
from search.filters import Filters
from search.library import Generation
from search.ranking import rank
from search.text.fold import to_lexical
from search.text.phrases import is_term
from search.text.profile import MASK, has_mask, split_masks, without_masks
from search.text.terms import terms

# Terms longer than this many pieces are rare and each length costs a row of the forward pass.
_MAX_PIECES = 4
# The most frequent terms: what is rarer than all of these is not worth offering unseen.
_MAX_TERMS = 100_000
# The hits whose terms are looked at: what a searcher would skim.
_HITS = 20
# How a searcher enumerates terms; the masks come last.
_CONTEXT = "{query}、{masks}。"
_NEUTRAL = "{masks}。"


@dataclass(frozen=True)
class Suggestion:
    """A term offered for a query.

    ``kind`` is "fill" when it fills the query's first mask and "add" when it is to be added;
    ``query`` is the query with it; ``records`` the number of records that contain it; ``score``
    orders suggestions of one query and means nothing beyond it.
    """

    term: str
    kind: Literal["add", "fill"]
    query: str
    records: int
    score: float


@dataclass(frozen=True)
class Filling:
    """A whole term for one mask: its probability there (the product over its pieces), the query
    with it, and the number of records that contain it."""

    term: str
    probability: float
    query: str
    records: int


class Suggester:
    """Proposes terms for queries over an engine's library. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._loaded: tuple[Generation, Vocabulary] | None = None

    def suggest(self, query: str, limit: int = 8) -> tuple[Suggestion, ...]:
        """Terms to add to ``query``, or to fill its first mask; best first.

        Without an MLM head, terms are chosen by the hits alone.

        Raises:
            QueryError: for an empty query. ModelError: for a mask and a model without MLM head.
        """
        query = clean_query(query)
        if has_mask(query):
            return tuple(
                Suggestion(f.term, "fill", f.query, f.records, math.log(f.probability))
                for f in self.fill_masks(query, limit)[0]
            )
        if not query:
            raise QueryError("empty", "the query is empty: type a word, a phrase or a question")
        generation = self.engine.generation()
        vocabulary = self.vocabulary(generation)
        vector = self.engine.query_vectors.vector(query)
        query_terms = terms(query)
        hits = rank(generation, vector, query_terms, Filters()).order[: _HITS + 1]
        cooccurrence = vocabulary.cooccurrence(hits)
        if not cooccurrence:
            return ()
        candidates = np.array(sorted(cooccurrence), np.int64)
        weights = np.array([cooccurrence[int(c)] for c in candidates])
        if self.engine.encoder.can_fill_masks:
            context = _CONTEXT.format(query=literal(query), masks="{masks}")
            # What the query makes likelier, not what is likely anyway (治療, 患者).
            fit = vocabulary.fit(self.engine.encoder, context)[0] - vocabulary.prior
            chosen = fit[candidates]
            # Terms too long to be scored are neither helped nor hurt.
            chosen = np.where(np.isfinite(chosen), chosen, np.median(_finite(chosen)))
            weights = standardised(weights) + standardised(chosen)
        order = candidates[np.lexsort((candidates, -weights))]
        score_of = dict(zip(candidates.tolist(), weights.tolist(), strict=True))
        kept = _distinct((int(i) for i in order), vocabulary.terms, set(query_terms), limit)
        return tuple(
            Suggestion(
                term=vocabulary.terms[i],
                kind="add",
                query=f"{query} {vocabulary.terms[i]}",
                records=int(vocabulary.records[i]),
                score=float(score_of[i]),
            )
            for i in kept
        )

    def fill_masks(self, query: str, limit: int = 10) -> tuple[tuple[Filling, ...], ...]:
        """For each mask of ``query``, in order, the terms that fit there, best first.

        Raises:
            QueryError: for an empty query or one without a mask.
            ModelError: for a model without MLM head.
        """
        query = clean_query(query)
        parts = split_masks(query)
        if len(parts) < 2:
            raise QueryError(
                "no mask", f"the query has no mask: write {MASK} or ＿＿ where a word is missing"
            )
        generation = self.engine.generation()
        vocabulary = self.vocabulary(generation)
        present = set(terms(without_masks(query)))
        filled = []
        for position in range(1, len(parts)):
            left, right = MASK.join(parts[:position]), MASK.join(parts[position:])
            context = literal(left) + "{masks}" + literal(right)
            total = vocabulary.fit(self.engine.encoder, context, position - 1)[1]
            order = np.argsort(-total, kind="stable")[: limit * 8]
            possible = (int(i) for i in order if np.isfinite(total[i]))
            kept = _distinct(possible, vocabulary.terms, present, limit)
            filled.append(
                tuple(
                    Filling(
                        term=vocabulary.terms[i],
                        probability=float(np.exp(total[i])),
                        query=left + vocabulary.terms[i] + right,
                        records=int(vocabulary.records[i]),
                    )
                    for i in kept
                )
            )
        return tuple(filled)

    def vocabulary(self, generation: Generation) -> "Vocabulary":
        """The terms of a generation, read once."""
        with self._lock:
            if self._loaded is None or self._loaded[0] is not generation:
                self._loaded = (generation, Vocabulary.load(generation, self.engine.encoder))
            return self._loaded[1]


class Vocabulary:
    """The terms of one generation, the most frequent first: their texts, in how many records each
    is, their readings in katakana (empty where Sudachi has none) and their pieces."""

    def __init__(
        self,
        generation: Generation,
        numbers: NDArray[np.int64],
        texts: Sequence[str],
        records: NDArray[np.int64],
        readings: Sequence[str],
        pieces: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]],
    ) -> None:
        self.terms = texts
        self.records = records
        self.readings = readings
        self._generation = generation
        self._pieces = pieces
        self._index = {int(n): i for i, n in enumerate(numbers)}
        # Mean log-probability of each term where nothing has been said.
        self.prior = np.zeros(len(texts))

    @classmethod
    def load(cls, generation: Generation, encoder: Encoder) -> "Vocabulary":
        """Read ``terms.db`` and cut each term into the encoder's pieces."""
        rows = [
            tuple(row)
            for row in generation.terms.execute(
                "select number, term, records, reading from terms "
                "where standalone > 0 and records > 0 order by records desc, number limit ?",
                [_MAX_TERMS],
            )
            if is_term(row[1])
        ]
        texts = [row[1] for row in rows]
        profile = encoder.model.profile
        unknown = encoder.unknown_id
        by_length: dict[int, tuple[list[int], list[list[int]]]] = {}
        for i, ids in enumerate(encoder.pieces([profile.normalize(t) for t in texts])):
            if 0 < len(ids) <= _MAX_PIECES and unknown not in ids:
                indices, rows_ = by_length.setdefault(len(ids), ([], []))
                indices.append(i)
                rows_.append(ids)
        pieces = {
            length: (np.array(indices, np.int64), np.array(rows_, np.int64))
            for length, (indices, rows_) in sorted(by_length.items())
        }
        vocabulary = cls(
            generation,
            np.array([row[0] for row in rows], np.int64),
            texts,
            np.array([row[2] for row in rows], np.int64),
            [row[3] or "" for row in rows],
            pieces,
        )
        if encoder.can_fill_masks and texts:
            prior = vocabulary.fit(encoder, _NEUTRAL)[0]
            vocabulary.prior = np.where(np.isfinite(prior), prior, 0.0)
        return vocabulary

    def fit(
        self, encoder: Encoder, context: str, skipped_masks: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How well every term fits at ``{masks}`` in ``context``.

        Gives the mean and the sum of the log-probabilities of its pieces, -inf for terms that
        are too long. ``skipped_masks`` masks of the context itself come before.
        """
        mean = np.full(len(self.terms), -np.inf)
        total = mean.copy()
        lengths = list(self._pieces)
        fillings = encoder.fill_masks([context.format(masks=MASK * n) for n in lengths])
        for length, filling in zip(lengths, fillings, strict=True):
            indices, ids = self._pieces[length]
            rows = filling.log_probabilities[skipped_masks : skipped_masks + length]
            if len(rows) == length:
                scores = rows[np.arange(length), ids].sum(axis=1)
                total[indices] = scores
                mean[indices] = scores / length
        return mean, total

    def cooccurrence(self, hits: Sequence[tuple[int, float]]) -> dict[int, float]:
        """Terms of some hits with a weight: in which of them, against how rare they are.

        A hit weighs as much as its score exceeds the last one's. The weight is that sum times the
        inverse document frequency, as in pseudo-relevance feedback (Rocchio, 1971).
        """
        if not hits:
            return {}
        db = self._generation.terms
        total = db.execute("select count(*) from record_terms").fetchone()[0]
        floor = hits[-1][1]
        weights: defaultdict[int, float] = defaultdict(float)
        for record, score in hits:
            row = db.execute(
                "select contained from record_terms where record = ?", [record]
            ).fetchone()
            for number in np.frombuffer(row[0], np.int32).tolist() if row else ():
                if number in self._index:
                    weights[self._index[number]] += max(score - floor, 1e-6)
        return {
            i: weight * math.log(1 + total / float(self.records[i]))
            for i, weight in weights.items()
        }


def _distinct(
    order: Iterable[int], texts: Sequence[str], present: set[str], limit: int
) -> list[int]:
    """The first terms that say something that neither the query nor an earlier one says."""
    kept: list[int] = []
    said: list[set[str]] = []
    for i in order:
        words = set(terms(texts[i])) or {to_lexical(texts[i])}
        if words <= present or any(words <= other or other <= words for other in said):
            continue
        kept.append(i)
        said.append(words)
        if len(kept) == limit:
            break
    return kept


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``values`` with mean 0 and standard deviation 1; all 0 where they are equal."""
    spread = float(values.std())
    result: NDArray[np.float64] = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return result


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = values[np.isfinite(values)]
    return finite if len(finite) else np.zeros(1)


def literal(text: str) -> str:
    """``text`` as a part of a context of :meth:`Vocabulary.fit`: braces typed by a user are text,
    not fields."""
    return text.replace("{", "{{").replace("}", "}}")
