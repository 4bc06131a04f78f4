"""もしかして: terms of the library for what was typed in kana, in romaji, with the wrong kanji or
with a slip. They are offered, never applied.

Offered are only terms that records contain, and only for words that no record contains. A word is
recognised by its reading (しんきんこうそく, sinkinkousoku and 心筋硬塞 sound like 心筋梗塞) or by a
spelling that is nearly the same (asprin).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from search import budget
from search.library.generation import Generation
from search.library.per_generation import PerGeneration
from search.spelling.known_terms import LATIN, KnownTerm, KnownTerms
from search.text.fold import fold_with_offsets, nfkc, to_lexical
from search.text.phrases import is_term
from search.text.profile import with_blanks
from search.text.readings import KANA, reading, romaji_readings
from search.text.terms import is_known_word, morphemes
from search.text.variants import fold

# Words of a query that are looked at: a pasted abstract is not proof-read.
_MAX_LOOKED_AT = 12
_MAX_LENGTH = 40
_MAX_WORDS = 8
_MIN_KANA = 3
_MIN_ROMAJI = 4
# A slip in fewer characters than these leaves another word as often as not.
_MIN_SLIP_KANJI = 3
_MIN_SLIP_LATIN = 4
_MIN_TWO_SLIPS = 8
_PARTICLES = "のとやをがはにでへも"
_TOKEN = re.compile(r"[^\s、。，．,.;:!?・()\[\]{}<>「」『』\"“”/=*#&+]+")
_STRETCH = re.compile(
    r"(?P<latin>[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f'’-]*)|(?P<kana>[ぁ-ゖァ-ヺー]+)"
)
_KATAKANA_WORD = re.compile(r"[ァ-ヺー]{3,}")
# What is hardly heard, and left out first.
_WEAK_KANA = "ンッー"
# Kanji after a katakana word that belong to its name: 病, 症候群.
_MAX_TAIL = 4
_KANJI = re.compile(r"[々㐀-䶿一-鿿豈-﫿]")
_NOUNS = {"名詞", "接頭辞", "接尾辞", "形状詞"}

Kind = Literal["reading", "spelling"]


@dataclass(frozen=True)
class Offer:
    """A term offered for a word of a query.

    ``written`` is the word as typed, ``offered`` the term, ``query`` the query with the term in
    the word's place, ``records`` in how many records the term occurs. ``kind`` is "reading" where
    both sound the same, "spelling" where they are nearly the same.
    """

    written: str
    offered: str
    query: str
    kind: Kind
    records: int


@dataclass(frozen=True)
class _Candidate:
    """A term for ``text[start:end]``; ``distance`` 0 is the same reading, edits count one each."""

    start: int
    end: int
    term: KnownTerm
    distance: float

    @property
    def kind(self) -> Kind:
        return "spelling" if self.distance >= 1 else "reading"


class Corrector:
    """Offers terms for what was mistyped. Safe to call from several threads."""

    def __init__(self) -> None:
        self._of_generations = PerGeneration[KnownTerms]()

    def offers(self, generation: Generation, query: str, limit: int = 3) -> tuple[Offer, ...]:
        """At most ``limit`` terms for words of ``query`` that no record of ``generation`` contains.

        Likeliest first, and of equally likely ones the most frequent.
        """
        # Masks are not proof-read: [MASK] is no slip for a word.
        folded = fold_with_offsets(with_blanks(query), nfkc)
        offers: dict[str, Offer] = {}
        for candidate in _ordered(_candidates(folded.text, self._terms(generation))):
            first, last = folded.original_span(candidate.start, candidate.end)
            corrected = query[:first] + candidate.term.text + query[last:]
            offer = Offer(
                query[first:last],
                candidate.term.text,
                corrected,
                candidate.kind,
                candidate.term.records,
            )
            offers.setdefault(corrected, offer)
        return tuple(offers.values())[:limit]

    def _terms(self, generation: Generation) -> KnownTerms:
        return self._of_generations.of(generation, lambda: KnownTerms(generation))

    def prepare(self, generation: Generation) -> None:
        """Read the terms of a generation before it is in use."""
        self._of_generations.prepare(generation, KnownTerms(generation))


def _ordered(candidates: list[_Candidate]) -> list[_Candidate]:
    """Likeliest first; of equally likely ones the best for each word before the second best."""
    candidates = sorted(candidates, key=lambda c: (c.distance, -c.term.records, c.term.text))
    seen: Counter[tuple[int, int]] = Counter()
    keyed = []
    for candidate in candidates:
        word = (candidate.start, candidate.end)
        keyed.append((candidate.distance, seen[word], candidate.start, candidate))
        seen[word] += 1
    return [item[-1] for item in sorted(keyed, key=lambda item: item[:-1])]


def _candidates(text: str, known: KnownTerms) -> list[_Candidate]:
    """Terms for the words of NFKC-folded ``text``."""
    tokens = [match.span() for match in _TOKEN.finditer(text)][:_MAX_LOOKED_AT]
    if 1 < len(tokens) <= 4 and all(LATIN.fullmatch(to_lexical(text[a:b])) for a, b in tokens):
        # shinkin kousoku; myocardial infraction, where Myocardial Infarction is a keyword
        whole = _latin(text, tokens[0][0], tokens[-1][1], known)
        if together := [c for c in whole if " " in c.term.text or not c.term.text.isascii()]:
            return together
    found: list[_Candidate] = []
    for start, end in budget.within(tokens, "search"):
        if not known.contains(text[start:end]):
            found += _of_token(text, start, end, known)
    return found


def _of_token(text: str, start: int, end: int, known: KnownTerms) -> list[_Candidate]:
    found: list[_Candidate] = []
    for run in _noun_runs(text, start, end):
        found += _kanji(text, run, known)
    if found:
        return found
    for stretch in _STRETCH.finditer(text, start, end):
        if stretch["latin"]:
            found += _latin(text, *stretch.span(), known)
        else:
            found += _kana(text, *stretch.span(), known)
    return found


def _latin(text: str, start: int, end: int, known: KnownTerms) -> list[_Candidate]:
    """For romaji and for slips in Latin letters; ``text[start:end]`` may be several words."""
    word = to_lexical(text[start:end])
    if not _MIN_ROMAJI <= len(word) <= _MAX_LENGTH or not is_term(word) or known.contains(word):
        return []
    readings = romaji_readings("".join(word.split()))
    same = [term for kana in readings for term in known.with_reading(kana)]
    if same:
        return [_Candidate(start, end, term, 0.0) for term in same]
    if all(is_known_word(part) for part in word.split()):
        # Correct English that no record happens to have.
        return []
    most = 2 if len(word) >= _MIN_TWO_SLIPS else 1
    near = [
        (term, distance)
        for term, distance in known.near_spelling(word, most)
        if _is_latin_slip(word, to_lexical(term.text), distance)
    ]
    near += [item for kana in readings for item in known.near_reading(kana)]
    nearest = min((distance for _, distance in near), default=0)
    return [
        _Candidate(start, end, term, distance) for term, distance in near if distance == nearest
    ]


def _is_latin_slip(word: str, term: str, distance: int) -> bool:
    if not term.isascii() and word.isascii():
        return False
    if distance > 1 and word[0] != term[0]:
        return False
    # A plural is no slip.
    return word.rstrip("s") != term.rstrip("s")


def _kana(text: str, start: int, end: int, known: KnownTerms) -> list[_Candidate]:
    """For a stretch of kana: words that sound like terms, with particles between them; else the
    whole of it with one slip."""
    found: list[_Candidate] = []
    position = start
    while end - position >= _MIN_KANA:
        for stop in range(min(end, position + _MAX_LENGTH), position + _MIN_KANA - 1, -1):
            word = text[position:stop]
            if stop < end and text[stop] not in _PARTICLES:
                continue
            if same := known.with_reading(reading(word)):
                if not known.contains(word):
                    found += [_Candidate(position, stop, term, 0.0) for term in same]
                position = stop + 1
                break
        else:
            break
    word = text[start:end]
    if found or position > start or len(word) > _MAX_LENGTH:
        return found
    return [
        _Candidate(start, end, term, distance)
        for term, distance in known.near_reading(reading(word))
    ]


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    surface: str


def _noun_runs(text: str, start: int, end: int) -> Iterator[list[_Word]]:
    """The runs of nouns in ``text[start:end]`` that hold kanji, as Sudachi's words."""
    run: list[_Word] = []
    for morpheme, first, last in morphemes(text[start:end]):
        surface = morpheme.surface()
        # The stem of an adjective is one kanji of a word that Sudachi does not know: 高|血|厚.
        if morpheme.part_of_speech()[0] in _NOUNS or _KANJI.fullmatch(surface):
            run.append(_Word(start + first, start + last, surface))
            continue
        if any(_KANJI.search(word.surface) for word in run):
            yield run
        run = []
    if any(_KANJI.search(word.surface) for word in run):
        yield run


def _kanji(text: str, run: list[_Word], known: KnownTerms) -> list[_Candidate]:
    """For a run of nouns that no record contains: it, or what it holds, with the right kanji."""
    start, end = run[0].start, run[-1].end
    if known.contains(text[start:end]):
        return []
    if found := _homophones(text, start, end, known):
        return found
    suspect = _suspects(run, known)
    if not suspect or len(run) > _MAX_WORDS:
        return []
    # Less and less around what is unknown.
    for size in range(len(run) - 1, 0, -1):
        for at in range(len(run) - size + 1):
            if any(at <= i < at + size for i in suspect):
                words = run[at : at + size]
                if found := _homophones(text, words[0].start, words[-1].end, known):
                    return found
    return (
        _dropped_kana(text, start, end, known)
        or _kanji_slips(text, run, known)
        or _kanji_slips(text, run[suspect[0] : suspect[-1] + 1], known)
    )


def _homophones(text: str, start: int, end: int, known: KnownTerms) -> list[_Candidate]:
    """Terms that sound like ``text[start:end]``, but for those that are another way to write it
    (肺がん, 肺癌), which are found anyway."""
    if not 1 < end - start <= _MAX_LENGTH:
        return []
    same = known.with_reading(reading(text[start:end]))
    written = fold(text[start:end])
    return [_Candidate(start, end, term, 0.0) for term in same if fold(term.text) != written]


def _suspects(run: list[_Word], known: KnownTerms) -> list[int]:
    """Positions of the words of a run that no record contains, and of single kanji in a row: where
    Sudachi falls apart into these, there is no such word."""
    single = [len(w.surface) == 1 and bool(_KANJI.fullmatch(w.surface)) for w in run]
    return [
        i
        for i, word in enumerate(run)
        if (single[i] and any(single[j] for j in (i - 1, i + 1) if 0 <= j < len(run)))
        or not known.contains(word.surface)
    ]


def _dropped_kana(text: str, start: int, end: int, known: KnownTerms) -> list[_Candidate]:
    """Terms for a katakana word of ``text[start:end]``, with the kanji that it goes on with, that
    has lost or gained a ン, ッ or ー: パーキソン病. The longest that makes a term counts."""
    for stretch in _KATAKANA_WORD.finditer(text, start, end):
        for stop in range(min(end, stretch.end() + _MAX_TAIL), stretch.end() - 1, -1):
            written = to_lexical(text[stretch.start() : stop])
            found = [
                _Candidate(stretch.start(), stop, term, distance)
                for term, distance in known.near_spelling(written, 1)
                if _differ_by_a_weak_kana(written, to_lexical(term.text))
            ]
            if found:
                return found
    return []


def _differ_by_a_weak_kana(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(longer) == len(shorter) + 1 and any(
        longer[i] in _WEAK_KANA and longer[:i] + longer[i + 1 :] == shorter
        for i in range(len(longer))
    )


def _kanji_slips(text: str, words: list[_Word], known: KnownTerms) -> list[_Candidate]:
    """Terms with one other character, or two swapped.

    肝臓癌 is no slip for 膵臓癌: what differs has to be katakana, or a word of one character here
    and part of a longer word in the term.
    """
    start, end = words[0].start, words[-1].end
    written = text[start:end]
    if len(written) < _MIN_SLIP_KANJI:
        return []
    loose_ends = {w.start - start for w in words if len(w.surface) == 1}
    found = []
    for term, distance in known.near_spelling(to_lexical(written), 1):
        if len(term.text) != len(written):
            continue
        differs = {i for i, (a, b) in enumerate(zip(written, term.text, strict=True)) if a != b}
        held = {
            i
            for morpheme, first, last in morphemes(term.text)
            if last - first > 1
            for i in range(first, last)
        }
        kana = {i for i in differs if KANA.fullmatch(written[i] + term.text[i])}
        if differs <= loose_ends & held | kana:
            found.append(_Candidate(start, end, term, distance))
    return found
