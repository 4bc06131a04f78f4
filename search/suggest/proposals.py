"""From a query and its hits to the terms that are worth proposing, and why.

What speaks for a term: that it stands in the hits and is rare elsewhere (pseudo-relevance
feedback), that the query makes it likelier to the MLM head than it is anyway, and that its
vector is near the query's. Which of the terms that are well spoken for are taken is decided by
what each would do to the hits (:mod:`search.suggest.effect`), a few of each group at most.
"""

import re
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search import budget
from search.encoder import Encoder
from search.library.generation import Generation
from search.ranked.ranking import Ranked
from search.suggest.effect import LeadingHits, choose, effects, leading_hits
from search.suggest.groups import Group, kind_by_ending, relation
from search.suggest.query_parts import folded, parts_of, words
from search.suggest.synonyms import Likeness, are_synonyms
from search.suggest.vocabulary import Vocabulary, literal
from search.text.terms import terms

# Why a term is offered: it is another name of something in the query, is used like a part of it,
# stands in the first hits, or is what the model would put there.
Reason = Literal["name", "synonym", "cooccurs", "fits"]

# The hits whose terms are looked at: what a searcher would skim.
HITS = 20
# How a searcher enumerates terms; the masks come last.
_CONTEXT = "{query}、{masks}。"
# How many terms may enter by being like a part of the query.
_LIKE = 12
# Terms at least so like a part of the query are weighed whatever else speaks for them.
_NEAR = 0.62
# What only its own text can say: 本症候群, 以下BOR症候群.
_LEADING = re.compile("以下|比較的|別名|通称|いわゆる|[本同当](?=症|疾患|病|欠損|群|例|法|剤)")
# The terms with the best evidence, among which effects decide.
_WEIGHED = 60
# How much of each kind of evidence counts, each standardised over the candidates; set by hand.
_COOCCURRENCE, _FIT, _MEANING = 1.0, 0.5, 0.5
# What a standard deviation of evidence is worth in nDCG, and how much what a term does on average
# counts against what it does for those whom it suits.
_EVIDENCE, _CARE = 0.02, 1.0
# Likeness of a synonym counts beside its evidence.
_LIKENESS = 2.0
# Evidence of so many standard deviations is a reason of its own.
_TELLING = 1.0


def _not_offered() -> set[str]:
    file = resources.files("search.suggest") / "not_offered.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return {folded(word) for line in lines if not line.startswith("#") for word in line.split()}


_NOT_OFFERED = _not_offered()


@dataclass(frozen=True)
class TermProposal:
    """A term of the vocabulary (its index) for a query; ``replaces`` is the part of the query that
    a synonym can stand for, ``hit`` the number of the first hit that contains the term."""

    term: int
    group: Group
    reasons: tuple[Reason, ...]
    replaces: str
    hit: int | None
    score: float


@dataclass(frozen=True)
class Proposals:
    """Terms for a query, best first, and the numbers of the hits that they were drawn from."""

    terms: list[TermProposal]
    hits: list[int]


@dataclass(frozen=True)
class Evidence:
    """What speaks for each of some candidates (k,), which are indices of terms.

    The kinds are standardised over the candidates; ``likeness`` (k,) is that to the part of the
    query (``part``: its index) that a candidate is most like.
    """

    candidates: NDArray[np.int64]
    cooccurrence: NDArray[np.float64]
    fit: NDArray[np.float64]
    meaning: NDArray[np.float64]
    likeness: NDArray[np.float64]
    part: NDArray[np.int64]

    @property
    def score(self) -> NDArray[np.float64]:
        """All of it together."""
        score: NDArray[np.float64] = (
            _COOCCURRENCE * self.cooccurrence + _FIT * self.fit + _MEANING * self.meaning
        )
        return score

    def of(self, rows: NDArray[np.int64]) -> "Evidence":
        """That of some of the candidates."""
        return Evidence(*(getattr(self, f.name)[rows] for f in fields(self)))


def propose(
    vocabulary: Vocabulary,
    encoder: Encoder,
    generation: Generation,
    query: str,
    vector: NDArray[np.float32],
    ranking: Callable[[], Ranked],
    limit: int,
    left_out: Collection[str] = (),
    *,
    beside: Executor,
) -> Proposals:
    """At most ``limit`` terms, best first, for a query without masks, whose vector is ``vector``
    (dim,) and whose list ``ranking`` gives. The MLM head works ``beside`` the rest: it takes as
    long as all of that together."""
    fitting = beside.submit(_fit, vocabulary, encoder, query)
    parts = parts_of(query)
    vectors = np.stack([vector, *_vectors(vocabulary, encoder, query, vector, parts)])
    ranked = ranking()
    numbers = ranked.order.numbers[:HITS].tolist()
    if not numbers or not len(vocabulary):
        return Proposals([], numbers)
    nearest = ranked.nearest.passages_of(numbers)
    hits = leading_hits(
        ranked.order[:HITS],
        ranked.dense,
        ranked.lexical,
        generation.vectors(
            nearest[n] if n in nearest else generation.passages_of(n)[0].number for n in numbers
        ),
        0.5 if ranked.dense_weight is None else ranked.dense_weight,
        ranked.full_match,
    )
    contained = incidence(vocabulary, numbers)
    records = generation.records(numbers).values()
    likenesses = [
        Likeness(vocabulary, part, own, records)
        for part, own in budget.within(zip(parts, vectors[1:], strict=True), "suggestions")
    ]
    near = [likeness.best(_LIKE) for likeness in likenesses]
    candidates = np.unique(np.concatenate([np.flatnonzero(contained.any(axis=1)), *near]))
    evidence = gather(
        vocabulary, fitting.result(), vector, hits.scores, contained, likenesses, candidates
    )
    rows = np.union1d(
        np.argsort(-evidence.score, kind="stable")[:_WEIGHED],
        np.flatnonzero(evidence.likeness >= _NEAR),
    )
    own_words = [words(vocabulary.terms[i]) for i in evidence.candidates[rows]]
    present = frozenset(terms(query))
    unwanted = _NOT_OFFERED | {folded(term) for term in left_out}
    new = [
        bool(said)
        and not said <= present
        and folded(vocabulary.terms[i]) not in unwanted
        and not _LEADING.match(vocabulary.terms[i])
        for said, i in zip(own_words, evidence.candidates[rows].tolist(), strict=True)
    ]
    kept = evidence.of(rows[new])
    if not len(kept.candidates):
        return Proposals([], numbers)
    said = [w for w, is_new in zip(own_words, new, strict=True) if is_new]
    found = _chosen(
        vocabulary, query, vectors[0], parts, hits, numbers, contained, kept, said, limit
    )
    return Proposals(found, numbers)


def _fit(vocabulary: Vocabulary, encoder: Encoder, query: str) -> NDArray[np.float64] | None:
    """How much likelier the query makes each term than it is anyway (治療, 患者), by the MLM head
    (terms,); None without one."""
    if not encoder.can_fill_masks:
        return None
    context = _CONTEXT.format(query=literal(query), masks="{masks}")
    return vocabulary.fit(encoder, [context])[0].mean - vocabulary.prior


def _vectors(
    vocabulary: Vocabulary,
    encoder: Encoder,
    query: str,
    vector: NDArray[np.float32],
    parts: Sequence[str],
) -> list[NDArray[np.float32]]:
    """The vectors of the parts of a query; those of terms of the library are there already."""
    indices = {t: i for t in parts if (i := vocabulary.index.get(t)) is not None}
    found = vocabulary.vectors_of(np.array(list(indices.values()), np.int64))
    known = {t: row for t, row in zip(indices, found, strict=True) if row.any()} | {query: vector}
    unknown = [part for part in parts if part not in known]
    if unknown:
        known |= dict(zip(unknown, encoder.encode_queries(unknown), strict=True))
    return [known[part] for part in parts]


def divergence(
    vocabulary: Vocabulary,
    scores: NDArray[np.float64],
    contained: NDArray[np.bool_],
    candidates: NDArray[np.int64],
) -> NDArray[np.float64]:
    """What each candidate adds to the Kullback-Leibler divergence of the hits from the library
    (k,): p log(p / q), with p the share of the hits that contain it, each weighed by how much its
    score exceeds the last one's, and q the share of all records (Carpineto et al., An
    Information-Theoretic Approach to Automatic Query Expansion, ACM TOIS 2001)."""
    weights = scores - scores.min() + 1e-6
    inside = contained @ (weights / weights.sum())
    outside = vocabulary.shares[candidates]
    found: NDArray[np.float64] = inside * np.log(np.maximum(inside, 1e-9) / outside)
    return found


def incidence(vocabulary: Vocabulary, numbers: Sequence[int]) -> NDArray[np.bool_]:
    """Which term each of some records contains: (terms, records)."""
    found = np.zeros((len(vocabulary), len(numbers)), bool)
    for column, indices in enumerate(vocabulary.contained(numbers)):
        found[indices, column] = True
    return found


def gather(
    vocabulary: Vocabulary,
    fit: NDArray[np.float64] | None,
    vector: NDArray[np.float32],
    scores: NDArray[np.float64],
    contained: NDArray[np.bool_],
    likenesses: Sequence[Likeness],
    candidates: NDArray[np.int64],
) -> Evidence:
    """The evidence for some candidates, from what the query does for each term by the MLM head,
    its ``vector`` (dim,), the hits' ``scores`` (hits,) and ``contained`` (terms, hits), and the
    terms' likeness to each of its parts."""
    cooccurrence = divergence(vocabulary, scores, contained[candidates], candidates)
    fits = np.zeros(len(candidates))
    if fit is not None:
        known = np.isfinite(fit[candidates])
        if known.any():
            # Terms too long to be scored are neither helped nor hurt.
            fits = np.where(known, fit[candidates], np.median(fit[candidates][known]))
    like = np.stack([each.of(candidates) for each in likenesses] or [np.zeros(len(candidates))])
    return Evidence(
        candidates=candidates,
        cooccurrence=standardised(cooccurrence),
        fit=standardised(fits),
        meaning=standardised(vocabulary.meaning(vector[None], candidates)[0]),
        likeness=like.max(axis=0),
        part=like.argmax(axis=0),
    )


def _chosen(
    vocabulary: Vocabulary,
    query: str,
    vector: NDArray[np.float32],
    parts: Sequence[str],
    hits: LeadingHits,
    numbers: Sequence[int],
    contained: NDArray[np.bool_],
    evidence: Evidence,
    said: Sequence[frozenset[str]],
    limit: int,
) -> list[TermProposal]:
    chosen = evidence.candidates
    texts = [vocabulary.terms[i] for i in chosen.tolist()]
    found = effects(
        hits,
        vector,
        len(query),
        vocabulary.vectors_of(chosen),
        np.array([len(text) for text in texts]),
        contained[chosen],
        vocabulary.rarity[chosen],
    )
    groups = [
        _group(text, parts, float(evidence.likeness[row]), int(evidence.part[row]))
        for row, text in enumerate(texts)
    ]
    quality = _EVIDENCE * (
        evidence.score + _LIKENESS * np.array([g == "synonym" for g in groups]) * evidence.likeness
    )
    rows = choose(found, quality, limit, _CARE, conflicts(said), groups)
    return [
        TermProposal(
            term=int(chosen[row]),
            group=groups[row],
            reasons=_reasons(evidence, row, groups[row], contained[chosen[row]].any()),
            replaces=parts[int(evidence.part[row])] if groups[row] == "synonym" else "",
            hit=_first(contained[chosen[row]], numbers),
            score=float(quality[row]),
        )
        for row in rows
    ]


def _first(contained: NDArray[np.bool_], numbers: Sequence[int]) -> int | None:
    return numbers[int(contained.argmax())] if contained.any() else None


def _group(
    text: str,
    parts: Sequence[str],
    likeness_: float,
    part: int,
) -> Group:
    for whole in parts:
        related = relation(text, whole)
        if related:
            return related
    if parts and are_synonyms(parts[part], text, likeness_):
        return "synonym"
    return kind_by_ending(text) or "related"


def _reasons(evidence: Evidence, row: int, group: Group, in_hits: np.bool_) -> tuple[Reason, ...]:
    """Why a term is offered, the strongest first."""
    strength: dict[Reason, float] = {
        "cooccurs": float(evidence.cooccurrence[row]) if in_hits else -np.inf,
        "fits": float(evidence.fit[row]) if evidence.fit.any() else -np.inf,
    }
    if group == "synonym":
        strength["synonym"] = np.inf
    ordered = sorted(strength, key=lambda reason: (-strength[reason], reason))
    return tuple(r for i, r in enumerate(ordered) if not i or strength[r] > _TELLING)


def conflicts(said: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    """Which terms should not both be offered: one has all the words of the other."""
    return np.array([[a <= b or b <= a for b in said] for a in said], bool).reshape(
        len(said), len(said)
    )


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``values`` with mean 0 and standard deviation 1; all 0 where they are equal."""
    spread = float(values.std())
    result: NDArray[np.float64] = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return result
