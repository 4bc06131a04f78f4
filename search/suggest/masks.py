"""Masks: terms of the library for each blank of a query, one by one and together.

A term of n pieces is scored in a context of n masks (search.suggest.vocabulary). The product over
its pieces is its probability, but the longer a term, the smaller that is, so terms are ordered by
the mean over the pieces, together with how probably the hit that is wanted contains it and with its
likeness to the rest of the query. Several blanks are filled together from left to right by a beam
search.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search import budget
from search.encoder import Encoder
from search.suggest.effect import wanted
from search.suggest.proposals import standardised
from search.suggest.vocabulary import MAX_FILLING_PIECES, Vocabulary, literal
from search.text.fold import to_lexical
from search.text.profile import MASK
from search.text.terms import terms

# What the hits and the query's vector count beside the MLM head: of those tried on the quarter of
# the cloze texts that is for choosing, the best.
_COOCCURRENCE, _MEANING = 1.0, 0.3
# The terms by the MLM head alone that are looked at.
_CONSIDERED = 400
# Partial fillings that are followed when there are several blanks.
_BEAM = 3


@dataclass(frozen=True)
class Filling:
    """A whole term for one mask: its probability there by the MLM head (the product over its
    pieces), the query with it, and the number of records that contain it."""

    term: str
    probability: float
    query: str
    records: int


@dataclass(frozen=True)
class JointFilling:
    """A term for every mask of a query: the product of their probabilities, each given those
    before it, and the query with all of them."""

    terms: tuple[str, ...]
    probability: float
    query: str


@dataclass(frozen=True)
class Context:
    """What is known beside the text: the hits' fused scores (hits,), which term each contains
    (terms, hits), and the vector of the query without its masks (dim,)."""

    scores: NDArray[np.float64]
    contained: NDArray[np.bool_]
    vector: NDArray[np.float32]


def fill(
    vocabulary: Vocabulary,
    encoder: Encoder,
    parts: Sequence[str],
    position: int,
    context: Context | None,
    limit: int,
    left_out: Collection[str] = (),
) -> list[tuple[int, float]]:
    """The best terms for mask ``position`` (0 is the first) among the masks between ``parts``, as
    (index, log-probability), best first.

    Raises:
        BudgetError: when the request has no time left.
    """
    budget.check("suggestions")
    left, right = MASK.join(parts[: position + 1]), MASK.join(parts[position + 1 :])
    text = literal(left) + "{masks}" + literal(right)
    fit = vocabulary.fit(encoder, [text], position, MAX_FILLING_PIECES)[0]
    considered = np.argsort(-fit.mean, kind="stable")[:_CONSIDERED]
    considered = considered[np.isfinite(fit.mean[considered])]
    if context is not None:
        inside = np.flatnonzero(context.contained.any(axis=1))
        considered = np.union1d(considered, inside[np.isfinite(fit.mean[inside])])
    if not len(considered):
        return []
    score = standardised(fit.mean[considered])
    if context is not None:
        hits = context.contained[considered] @ wanted(context.scores)
        score = score + _COOCCURRENCE * standardised(hits)
        meaning = vocabulary.meaning(context.vector[None], considered)[0]
        score = score + _MEANING * standardised(meaning)
    order = considered[np.argsort(-score, kind="stable")]
    present = set(terms(" ".join(parts)))
    unwanted = {to_lexical(term) for term in left_out}
    kept: list[tuple[int, float]] = []
    said: list[set[str]] = []
    for i in order.tolist():
        text = vocabulary.terms[i]
        words = set(terms(text)) or {to_lexical(text)}
        if words <= present or words in said or to_lexical(text) in unwanted:
            continue
        kept.append((i, float(fit.total[i])))
        said.append(words)
        if len(kept) == limit:
            break
    return kept


def fill_together(
    vocabulary: Vocabulary,
    encoder: Encoder,
    parts: Sequence[str],
    first: Sequence[tuple[int, float]],
    context: Context | None,
    limit: int,
) -> list[JointFilling]:
    """Terms for all masks between ``parts`` at once; ``first`` are fillings of the first mask."""
    beam: list[tuple[tuple[int, ...], float]] = [((i,), score) for i, score in first[:_BEAM]]
    for position in range(1, len(parts) - 1):
        longer: list[tuple[tuple[int, ...], float]] = []
        for chosen, score in beam:
            begun = parts[0]
            for term, part in zip(chosen, parts[1:], strict=False):
                begun += vocabulary.terms[term] + part
            rest = [begun, *parts[position + 1 :]]
            longer += [
                ((*chosen, i), score + more)
                for i, more in fill(vocabulary, encoder, rest, 0, context, _BEAM)
            ]
        last = position == len(parts) - 2
        beam = sorted(longer, key=lambda item: (-item[1], item[0]))[: limit if last else _BEAM]
    found = []
    for chosen, score in beam[:limit]:
        whole = parts[0]
        for term, part in zip(chosen, parts[1:], strict=True):
            whole += vocabulary.terms[term] + part
        found.append(
            JointFilling(tuple(vocabulary.terms[i] for i in chosen), float(np.exp(score)), whole)
        )
    return found
