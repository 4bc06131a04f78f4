"""A bridge out: a query and its accepted terms as draft strategies for 医中誌Web and PubMed.

A draft is a beginning for a librarian. For 医中誌Web a term is searched as a heading (/TH) only
where records of the library carry it as one, and always in all fields (/AL). Where the terminology
knows what a term means, its other names go in beside it, in either language. Otherwise only English
terms go in for PubMed that the library itself pairs with the Japanese ones; a term without a
partner is listed and left out, not translated.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from search import budget
from search.exact import ExactSearch, quoted
from search.ranked.engine import QueryError, clean_query
from search.suggest.english import Partner, is_latin, names, partners
from search.suggest.suggester import Suggester
from search.terminology.keys import key
from search.text.profile import without_masks

_PEOPLE = re.compile("の?(?:患者さん|患者|患児|症例)$")


@dataclass(frozen=True)
class DraftTerm:
    """A term of a draft: whether records of the library carry it as a heading, in how many records
    it stands, its English partners, and what it is called in Japanese beside, each with whether
    records carry that as a heading."""

    term: str
    heading: bool
    records: int
    english: tuple[Partner, ...]
    japanese: tuple[tuple[str, bool], ...] = ()

    @property
    def has_english(self) -> bool:
        """Whether PubMed can be asked for it: it has a partner, or is English itself."""
        return bool(self.english) or is_latin(self.term)


@dataclass(frozen=True)
class Draft:
    """``concepts`` are joined by AND, the terms of each by OR; ``ichushi`` and ``pubmed`` are the
    strategies as text (PubMed's is empty where no concept has an English term);
    ``without_english`` are the terms that nobody pairs with an English one."""

    concepts: tuple[tuple[DraftTerm, ...], ...]
    ichushi: str
    pubmed: str
    without_english: tuple[str, ...]


def draft(suggester: Suggester, query: str, accepted: Sequence[str] = ()) -> Draft:
    """Draft strategies for a query and the terms accepted for it.

    Each word of the query between spaces, or each noun phrase of a sentence, is a concept; an
    accepted term joins the one that it is a synonym of, or is a concept of its own.

    Raises:
        QueryError: for an empty query.
    """
    text = without_masks(clean_query(query))
    if not text:
        raise QueryError("empty", "the query is empty: type a word, a phrase or a question")
    concepts = _without_people(
        suggester.concepts(text, accepted), suggester.engine.terminology.certain
    )
    exact = ExactSearch(suggester.engine.library)
    generation = suggester.engine.generation()

    def described_term(term: str) -> DraftTerm:
        meant = suggester.engine.terminology.certain(term)
        ask_library = meant is None and not is_latin(term)
        return DraftTerm(
            term=term,
            heading=_is_heading(exact, term),
            records=exact.count(quoted(term)),
            english=tuple(
                partner
                for partner in partners(exact, generation, term, meant)
                if key(partner.english) != key(term)
            )
            if meant or ask_library
            else (),
            japanese=tuple(
                (name, _is_heading(exact, name))
                for name in (names(meant, "ja") if meant else ())
                if key(name) != key(term)
            ),
        )

    described = tuple(
        tuple(described_term(term) for term in budget.within(concept, "suggestions"))
        for concept in concepts
    )
    lines = [_any(f for t in concept for f in _ichushi(t)) for concept in described]
    english = [
        list({f.casefold(): f for t in concept for f in _pubmed(exact, t)}.values())
        for concept in described
    ]
    return Draft(
        concepts=described,
        ichushi=" and ".join(lines),
        pubmed=" AND ".join(_any(found, " OR ") for found in english if found),
        without_english=tuple(
            t.term for concept in described for t in concept if not t.has_english
        ),
    )


def _without_people(
    concepts: Sequence[Sequence[str]], known: Callable[[str], object]
) -> list[list[str]]:
    """Concepts without those who have what they name: 心不全患者 is 心不全, and 患者 narrows nothing
    down."""
    told = [
        [
            illness if (illness := _PEOPLE.sub("", term)) != term and known(illness) else term
            for term in concept
        ]
        for concept in concepts
    ]
    return [c for c in told if not all(map(_PEOPLE.fullmatch, c))] or told


def _is_heading(exact: ExactSearch, term: str) -> bool:
    return exact.count(f"{quoted(term)}/TH") > 0


def _ichushi(term: DraftTerm) -> list[str]:
    return [
        form
        for name, heading in ((term.term, term.heading), *term.japanese)
        for form in ([f"{_written(name)}/TH"] if heading else []) + [f"{_written(name)}/AL"]
    ]


def _pubmed(exact: ExactSearch, term: DraftTerm) -> list[str]:
    asked = [(p.english, p.heading) for p in term.english]
    if is_latin(term.term):
        asked.insert(0, (term.term, exact.count(f"{quoted(term.term)}[mh]") > 0))
    return [
        form
        for name, heading in asked
        for form in ([f'"{name}"[mh]'] if heading else []) + [f'"{name}"[tiab]']
    ]


def _written(term: str) -> str:
    """A term as 医中誌Web takes it: in quotes where it has spaces or signs of the syntax."""
    clean = term.replace('"', " ")
    return clean if clean.isalnum() else f'"{clean}"'


def _any(forms: Iterable[str], word: str = " or ") -> str:
    listed = list(dict.fromkeys(forms))
    return listed[0] if len(listed) == 1 else f"({word.join(listed)})"
