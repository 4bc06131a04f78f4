"""The terms of one generation as suggestion needs them: texts, counts, pieces and vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search.encoder import Encoder
from search.library.generation import Generation
from search.library.pauses import pausing
from search.suggest.likeness_in_writing import Spellings
from search.text.phrases import is_term
from search.text.profile import MASK

# Terms longer than this many pieces are rare and each length costs a row of the forward pass.
MAX_PIECES = 4
# In a blank, a whole disease name is worth the longer rows.
MAX_FILLING_PIECES = 6
# The most frequent terms: what is rarer than all of these is not worth offering unseen.
_MAX_TERMS = 100_000
# Terms that are cut into pieces together.
_AT_ONCE = 500
_NEUTRAL = "{masks}。"


@dataclass(frozen=True)
class Fit:
    """How well every term fits at a mask: the mean and the sum of the log-probabilities of its
    pieces (terms,), -inf for terms that are too long."""

    mean: NDArray[np.float64]
    total: NDArray[np.float64]


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
        self.numbers = numbers
        self.records = records
        self.readings = readings
        self.index = {text: i for i, text in enumerate(texts)}
        self._generation = generation
        self._pieces = pieces
        # Where a term's number stands here, -1 for those that are left out.
        self._place = np.full(int(numbers.max(initial=0)) + 1, -1, np.int64)
        self._place[numbers] = np.arange(len(numbers))
        # Mean log-probability of each term where nothing has been said.
        self.prior = np.zeros(len(texts))

    @classmethod
    def load(cls, generation: Generation, encoder: Encoder) -> "Vocabulary":
        """Read ``terms.db`` and cut each term into the encoder's pieces."""
        rows = [
            tuple(row)
            for row in pausing(
                generation.terms.execute(
                    "select number, term, records, reading from terms "
                    "where standalone > 0 and records > 0 order by records desc, number limit ?",
                    [_MAX_TERMS],
                )
            )
            if is_term(row[1])
        ]
        texts = [row[1] for row in rows]
        profile = encoder.model.profile
        unknown = encoder.unknown_id
        by_length: dict[int, tuple[list[int], list[list[int]]]] = {}
        pieces_of = (
            ids
            for start in range(0, len(texts), _AT_ONCE)
            for ids in encoder.pieces(list(map(profile.normalize, texts[start : start + _AT_ONCE])))
        )
        for i, ids in enumerate(pausing(pieces_of)):
            if 0 < len(ids) <= MAX_FILLING_PIECES and unknown not in ids:
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
            prior = vocabulary.fit(encoder, [_NEUTRAL])[0].mean
            vocabulary.prior = np.where(np.isfinite(prior), prior, 0.0)
        return vocabulary

    def __len__(self) -> int:
        return len(self.terms)

    def warmed(self) -> "Vocabulary":
        """The same, with all that is otherwise worked out when it is first asked for."""
        _ = self.rarity, self.shares, self.latin, self.spellings, self._in_vectors
        return self

    def fit(
        self,
        encoder: Encoder,
        contexts: Sequence[str],
        skipped_masks: int = 0,
        longest: int = MAX_PIECES,
    ) -> list[Fit]:
        """How well every term of at most ``longest`` pieces fits at ``{masks}`` in each context.

        A term of n pieces is scored in a context of n masks, each mask seen independently of the
        others; all lengths and contexts go through one forward pass. ``skipped_masks`` masks of
        the context itself come before.
        """
        lengths = [length for length in self._pieces if length <= longest]
        filled = encoder.fill_masks([c.format(masks=MASK * n) for c in contexts for n in lengths])
        found = []
        for at in range(len(contexts)):
            mean = np.full(len(self.terms), -np.inf)
            total = mean.copy()
            for length, filling in zip(lengths, filled[at * len(lengths) :], strict=False):
                indices, ids = self._pieces[length]
                rows = filling.log_probabilities[skipped_masks : skipped_masks + length]
                if len(rows) == length:
                    scores = rows[np.arange(length), ids].sum(axis=1)
                    total[indices] = scores
                    mean[indices] = scores / length
            found.append(Fit(mean, total))
        return found

    def contained(self, records: Sequence[int]) -> list[NDArray[np.int64]]:
        """The terms that each of some records contains, as indices."""
        marks = ",".join("?" * len(records))
        rows = dict(
            tuple(row)
            for row in self._generation.terms.execute(
                f"select record, contained from record_terms where record in ({marks})",  # noqa: S608 - marks only
                list(map(int, records)),
            )
        )
        found = []
        for record in records:
            numbers = np.frombuffer(rows.get(record, b""), np.int32)
            places = self._place[numbers[numbers < len(self._place)]]
            found.append(places[places >= 0])
        return found

    @cached_property
    def rarity(self) -> NDArray[np.float64]:
        """The inverse document frequency of each term (terms,)."""
        total = self._generation.manifest.records
        rarity: NDArray[np.float64] = np.log(1 + total / self.records)
        return rarity

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """The share of the records that contain each term (terms,)."""
        shares: NDArray[np.float64] = self.records / max(self._generation.manifest.records, 1)
        return shares

    @cached_property
    def latin(self) -> NDArray[np.bool_]:
        """Which terms are in Latin letters (terms,)."""
        return np.array([term.isascii() for term in self.terms], bool)

    @cached_property
    def spellings(self) -> Spellings:
        """The terms by how they are written."""
        return Spellings(self.terms)

    @cached_property
    def _in_vectors(self) -> NDArray[np.int64]:
        """Where each term's vector is among the generation's (terms,), -1 for those without."""
        places = np.full(len(self.terms), -1, np.int64)
        indices = self._of_vectors
        places[indices[indices >= 0]] = np.flatnonzero(indices >= 0)
        return places

    @cached_property
    def _of_vectors(self) -> NDArray[np.int64]:
        """Which term each of the generation's vectors is of, -1 for those that are left out."""
        numbers = self._generation.term_vectors.numbers
        indices = np.full(len(numbers), -1, np.int64)
        known = numbers < len(self._place)
        indices[known] = self._place[numbers[known]]
        return indices

    def vectors_of(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some terms (n, dim), L2-normalised; rows of 0 for terms without one."""
        places = self._in_vectors[indices]
        vectors = self._generation.term_vectors
        found = np.zeros((len(indices), self._generation.manifest.dim), np.float32)
        found[places >= 0] = vectors.of(places[places >= 0])
        return found

    def meaning(
        self, vectors: NDArray[np.float32], indices: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The cosine of some vectors (k, dim) with those of some terms (k, n), all less the mean
        of the terms'; 0 for terms without a vector."""
        places = self._in_vectors[indices]
        found = np.zeros((len(vectors), len(indices)))
        found[:, places >= 0] = self._generation.term_vectors.likeness(vectors, places[places >= 0])
        return found

    def near(self, vector: NDArray[np.float32]) -> NDArray[np.int64]:
        """The terms that are likest to a vector (dim,) in meaning, some hundreds, in no order."""
        indices = self._of_vectors[self._generation.term_vectors.near(vector)]
        return indices[indices >= 0]


def literal(text: str) -> str:
    """``text`` as a part of a context of :meth:`Vocabulary.fit`: braces typed by a user are text,
    not fields."""
    return text.replace("{", "{{").replace("}", "}}")
