"""Which sentences of a record answer a query: by meaning, and by the words they contain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search.library.generation import Generation, Passage
from search.ranked.highlighting import marks, word_shares
from search.records import AbstractLicense, Record

# What all words of a query in a sentence weigh beside the cosine, in choosing the one shown.
_WORDS = 0.05
# Sentences whose score is so little below the best one's answer a query too.
_NEARLY = 0.03


@dataclass(frozen=True)
class MatchedSentence:
    """The sentence of a hit that is nearest to the query.

    ``start`` and ``end`` are offsets into the title or abstract (``field``) of the record's
    version in ``language``; ``marks`` are offsets of matched terms into ``text``;
    ``abstract_license`` is that of the abstract which it stands in.
    """

    text: str
    language: str
    field: Literal["title", "abstract"]
    start: int
    end: int
    marks: tuple[tuple[int, int], ...]
    abstract_license: AbstractLicense = ""


def shareable_sentence(sentence: MatchedSentence | None) -> MatchedSentence | None:
    """A sentence as it may leave the installation: none of an abstract that must not be passed
    on."""
    return None if sentence is None or sentence.abstract_license else sentence


def best_sentence(
    generation: Generation,
    number: int,
    record: Record,
    vector: NDArray[np.float32],
    passages: dict[int, int],
    weights: Mapping[str, float],
) -> MatchedSentence | None:
    """The sentence of the hit's best passage that answers the query best, by meaning and by the
    weighted words it contains; the abstract's before the title's, which is in sight anyway."""
    passage = _best_passage(generation, number, record, vector, passages)
    if passage is None:
        return None
    version = next(v for v in record.versions() if v.language == passage.language)
    vectors, spans = generation.sentences(passage.number)
    sentences = [version.text[a:b] for a, b in spans.tolist()]
    scores = _scores(vectors, vector, sentences, weights)
    in_title = spans[:, 1] <= version.abstract_start
    if in_title.any() and not in_title.all():
        scores = np.where(in_title, -np.inf, scores)
    best = int(np.argmax(scores))
    start, end = (int(x) for x in spans[best])
    text = sentences[best]
    shift = 0 if in_title[best] else version.abstract_start
    return MatchedSentence(
        text=text,
        language=version.language,
        field="title" if in_title[best] else "abstract",
        start=start - shift,
        end=end - shift,
        marks=tuple(marks(text, weights)),
        abstract_license="" if in_title[best] else version.abstract_license,
    )


def _best_passage(
    generation: Generation,
    number: int,
    record: Record,
    vector: NDArray[np.float32],
    passages: dict[int, int],
) -> Passage | None:
    """The passage of a hit that a sentence is shown of: where the best one is a title, the best of
    the abstract in its language."""
    languages = {version.language: version for version in record.versions()}

    def is_title(passage: Passage) -> bool:
        return passage.end < languages[passage.language].abstract_start

    found = generation.passage(passages[number]) if number in passages else None
    if found is not None and not is_title(found):
        return found
    candidates = [
        passage
        for passage in generation.passages_of(number)
        if found is None or passage.language == found.language
    ]
    candidates = [passage for passage in candidates if not is_title(passage)] or candidates
    if not candidates:
        return None
    scores = generation.vectors([p.number for p in candidates]) @ vector
    return candidates[int(np.argmax(scores))]


def answering_sentences(
    generation: Generation,
    number: int,
    record: Record,
    vector: NDArray[np.float32],
    weights: Mapping[str, float],
    most: int,
) -> tuple[MatchedSentence, ...]:
    """The sentences of a record's abstracts that answer a query best, at most ``most`` in each
    language, in their order: those nearly as near as the nearest."""
    by_language: dict[str, list[tuple[float, int, int, str]]] = {}
    versions = {version.language: version for version in record.versions()}
    for passage in generation.passages_of(number):
        version = versions[passage.language]
        vectors, spans = generation.sentences(passage.number)
        texts = [version.text[a:b] for a, b in spans.tolist()]
        scores = _scores(vectors, vector, texts, weights)
        shift = version.abstract_start
        by_language.setdefault(passage.language, []).extend(
            (float(score), start - shift, end - shift, text)
            for score, (start, end), text in zip(scores, spans.tolist(), texts, strict=True)
            if start >= shift
        )
    chosen = []
    for language, scored in by_language.items():
        near = max((score for score, *_ in scored), default=0.0) - _NEARLY
        best = sorted((s for s in scored if s[0] >= near), reverse=True)[:most]
        # Windows of a long abstract overlap: a sentence can be in two.
        places = {(start, end): text for _, start, end, text in best}
        chosen += [
            MatchedSentence(
                text,
                language,
                "abstract",
                start,
                end,
                tuple(marks(text, weights)),
                versions[language].abstract_license,
            )
            for (start, end), text in sorted(places.items())
        ]
    return tuple(chosen)


def _scores(
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    sentences: Sequence[str],
    weights: Mapping[str, float],
) -> NDArray[np.float64]:
    """How well sentences (n,) with ``vectors`` (n, dim) answer a query (n,)."""
    scores: NDArray[np.float64] = vectors @ query + _WORDS * word_shares(sentences, weights)
    return scores
