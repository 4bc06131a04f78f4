"""The door to query-term suggestion: terms for a query, and terms for its masks."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from search import budget
from search.exact import ExactSearch, quoted
from search.filters import Filters
from search.library.generation import Generation
from search.library.per_generation import PerGeneration
from search.ranked.engine import Engine, QueryError, clean_query
from search.suggest.grounding import Grounding, ground
from search.suggest.groups import GROUPS, Group
from search.suggest.masks import Context, Filling, JointFilling, fill, fill_together
from search.suggest.proposals import HITS, Proposals, Reason, TermProposal, incidence, propose
from search.suggest.query_parts import whole_names, words_of
from search.suggest.synonyms import Likeness, are_synonyms
from search.suggest.vocabulary import Vocabulary
from search.terminology.keys import key
from search.text.profile import MASK, split_masks, without_masks
from search.text.terms import terms

# Terms chosen beyond those asked for, in the place of those that no record within the filters has.
_SPARE = 4
# Blanks of one query: each takes a pass through the model, and all together thrice as many.
MAX_MASKS = 5
# Words that are told apart as concepts: nobody joins more of them by AND.
_MOST_CONCEPTS = 100
# Names of one concept that are offered, and the score of the first.
_MOST_NAMES = 2
_CERTAIN = 1000.0
# Fillings of all masks together: more than these are hardly told apart.
_TOGETHER = 5


@dataclass(frozen=True)
class Suggestion:
    """A term offered for a query.

    ``group`` is what it is to the query, ``reasons`` why it is offered, the strongest first.
    ``query`` is the query with it added; ``swapped`` the query with it in the place of
    ``replaces``, a part of the query that it is a synonym of (both empty for other groups, and
    where that part is not written so). ``grounding`` says what the library holds of it; ``score``
    orders suggestions of one query and means nothing beyond it.
    """

    term: str
    group: Group
    reasons: tuple[Reason, ...]
    query: str
    swapped: str
    replaces: str
    grounding: Grounding
    score: float


@dataclass(frozen=True)
class MaskFillings:
    """For each mask of a query, in order, the terms that fit there, best first; and where there
    are several masks, terms for all of them together."""

    masks: tuple[tuple[Filling, ...], ...]
    together: tuple[JointFilling, ...]


class Suggester:
    """Proposes terms for queries over an engine's library, all of them whole terms of its
    vocabulary. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._exact = ExactSearch(engine.library)
        self._beside = ThreadPoolExecutor(1, "mlm-head")
        self._vocabularies = PerGeneration[Vocabulary]()

    def vocabulary(self, generation: Generation) -> Vocabulary:
        """The terms of a generation, read once."""
        return self._vocabularies.of(
            generation, lambda: Vocabulary.load(generation, self.engine.encoder)
        )

    def prepare(self, generation: Generation) -> Vocabulary:
        """Read the terms of a generation before it is in use."""
        vocabulary = Vocabulary.load(generation, self.engine.encoder).warmed()
        self._vocabularies.prepare(generation, vocabulary)
        return vocabulary

    def suggest(
        self,
        query: str,
        limit: int = 8,
        filters: Filters | None = None,
        *,
        declined: Collection[str] = (),
        language: str = "",
    ) -> tuple[Suggestion, ...]:
        """Terms to add to ``query`` or to swap for a part of it, without those ``declined``, in
        the order of their groups, the best first in each. Masks in the query are left aside.

        Every one is in some record that ``filters`` leave in. Without an MLM head, or without term
        vectors in the library, the rest of the evidence decides. ``language`` is that of examples.

        Raises:
            QueryError: for an empty query.
            BudgetError: when the request may not cost so much.
        """
        filters = filters or Filters()
        query = clean_query(query)
        text = without_masks(query)
        if not text:
            raise QueryError("empty", "the query is empty: type a word, a phrase or a question")
        generation = self.engine.generation()
        vocabulary = self.vocabulary(generation)
        proposed = propose(
            vocabulary,
            self.engine.encoder,
            generation,
            text,
            self.engine.query_vectors.vector(text),
            lambda: self.engine.ranked(generation, text, filters),
            limit + _SPARE,
            declined,
            beside=self._beside,
        )
        suggestions = self._names(generation, query, text, proposed.hits, filters, language)
        suggestions = [s for s in suggestions if s.term not in declined][:limit]
        named = {key(s.term) for s in suggestions}
        # What lies in reserve is looked up only where it is needed.
        for few in (proposed.terms[:limit], proposed.terms[limit:]):
            if len(suggestions) < limit and few:
                found = replace(proposed, terms=few)
                others = self._grounded(generation, query, found, filters, language)
                suggestions += [s for s in others if key(s.term) not in named]
        return tuple(sorted(suggestions[:limit], key=lambda s: (GROUPS.index(s.group), -s.score)))

    def _names(
        self,
        generation: Generation,
        query: str,
        text: str,
        hits: Sequence[int],
        filters: Filters,
        language: str,
    ) -> list[Suggestion]:
        """Other names of what the query names, by the terminology, that some record has, the first
        few of each; then what its ambiguous names may stand for."""
        by_written: dict[str, list[str]] = {}
        for name in self.engine.names_of(generation, text):
            by_written.setdefault(name.written, []).append(name.term)
        found = [
            (name, written) for written, names in by_written.items() for name in names[:_MOST_NAMES]
        ]
        offered = self.engine.names_offered(generation, text)
        found += [(name, written) for written, name in offered[:_MOST_NAMES]]
        grounds = ground(
            self._exact,
            generation,
            query,
            [(name, None) for name, _ in found],
            filters,
            hits,
            language,
        )
        return [
            Suggestion(
                term=name,
                group="synonym",
                reasons=("name",),
                query=f"{query} {name}",
                swapped=query.replace(written, name, 1) if written in query else "",
                replaces=written if written in query else "",
                grounding=grounding,
                # Before what only evidence speaks for.
                score=_CERTAIN - place,
            )
            for place, ((name, written), grounding) in enumerate(zip(found, grounds, strict=True))
            if grounding is not None
        ]

    def _grounded(
        self,
        generation: Generation,
        query: str,
        proposed: Proposals,
        filters: Filters,
        language: str,
    ) -> list[Suggestion]:
        """Those proposals that some record has, as suggestions."""
        texts = self.vocabulary(generation).terms
        found = [(texts[p.term], p.hit) for p in proposed.terms]
        grounds = ground(self._exact, generation, query, found, filters, proposed.hits, language)
        return [
            Suggestion(
                term=term,
                group=p.group,
                reasons=p.reasons,
                query=f"{query} {term}",
                swapped=query.replace(p.replaces, term, 1) if _stands(p, query) else "",
                replaces=p.replaces if _stands(p, query) else "",
                grounding=grounding,
                score=p.score,
            )
            for (term, _), p, grounding in zip(found, proposed.terms, grounds, strict=True)
            if grounding is not None
        ]

    def concepts(self, query: str, accepted: Sequence[str] = ()) -> list[list[str]]:
        """The terms of a query and those accepted for it as concepts: each a term and the synonyms
        of it that are among them."""
        generation = self.engine.generation()
        vocabulary = self.vocabulary(generation)
        named = [query[m.start : m.end] for m in self.engine.terminology.mentions(query)]
        words = list(dict.fromkeys([*whole_names(words_of(query), named), *accepted]))
        words = words[:_MOST_CONCEPTS]
        vectors = self.engine.encoder.encode_queries(words)
        concepts: list[list[str]] = []
        likenesses: list[Likeness] = []
        for word, own in budget.within(zip(words, vectors, strict=True), "suggestions"):
            i = vocabulary.index.get(word, -1)
            same = [
                concept
                for concept, likeness in zip(concepts, likenesses, strict=True)
                if i >= 0 and are_synonyms(concept[0], word, float(likeness.of(np.array([i]))[0]))
            ]
            if same:
                same[0].append(word)
                continue
            concepts.append([word])
            # The records that have it are those that may introduce it by another name.
            numbers = self._exact.numbers(quoted(word), most=HITS).tolist()
            records = generation.records(numbers).values()
            likenesses.append(Likeness(vocabulary, word, own, records))
        return concepts

    def fill_masks(
        self,
        query: str,
        limit: int = 10,
        filters: Filters | None = None,
        *,
        declined: Collection[str] = (),
    ) -> MaskFillings:
        """The terms that fit the masks of ``query``, without those ``declined``.

        Raises:
            QueryError: for an empty query, one without a mask or with more than :data:`MAX_MASKS`.
            BudgetError: when the request may not take so long.
            ModelError: for a model without MLM head.
        """
        query = clean_query(query)
        parts = split_masks(query)
        if len(parts) < 2:
            raise QueryError(
                "no mask", f"the query has no mask: write {MASK} or ＿＿ where a word is missing"
            )
        if len(parts) - 1 > MAX_MASKS:
            raise QueryError(
                "too many masks",
                f"the query has {len(parts) - 1} masks; at most {MAX_MASKS} are filled at once",
            )
        generation = self.engine.generation()
        vocabulary = self.vocabulary(generation)
        encoder = self.engine.encoder
        context = self._context(generation, vocabulary, query, filters or Filters())
        filled = [
            fill(vocabulary, encoder, parts, position, context, limit, declined)
            for position in range(len(parts) - 1)
        ]
        return MaskFillings(
            masks=tuple(
                tuple(
                    Filling(
                        term=vocabulary.terms[i],
                        probability=float(np.exp(score)),
                        query=MASK.join(parts[: position + 1])
                        + vocabulary.terms[i]
                        + MASK.join(parts[position + 1 :]),
                        records=int(vocabulary.records[i]),
                    )
                    for i, score in found
                )
                for position, found in enumerate(filled)
            ),
            together=tuple(
                fill_together(vocabulary, encoder, parts, filled[0], context, _TOGETHER)
                if len(parts) > 2
                else ()
            ),
        )

    def _context(
        self, generation: Generation, vocabulary: Vocabulary, query: str, filters: Filters
    ) -> Context | None:
        """What the query without its masks finds."""
        text = without_masks(query)
        if not terms(text):
            return None
        vector = self.engine.query_vectors.vector(text)
        order = self.engine.ranked(generation, text, filters).order[:HITS]
        if not order:
            return None
        return Context(
            scores=order.scores,
            contained=incidence(vocabulary, order.numbers.tolist()),
            vector=vector,
        )


def _stands(proposal: TermProposal, query: str) -> bool:
    """Whether the part of the query that a term replaces is written there as it is."""
    return bool(proposal.replaces) and proposal.replaces in query
