"""Names that a library writes in the other script: エーラス for Ehlers, pembrolizumab for
ペムブロリズマブ."""

import re
from collections import defaultdict

from search.library.lexical_index import LexicalIndex
from search.library.pauses import pausing
from search.text.skeletons import likeness, skeletons

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_KATAKANA = "".join(map(chr, range(0x30A1, 0x30F7)))
# What may be a name: a word in Latin letters or in katakana.
NAME = re.compile("[a-z\u00df-\u024f]{4,}|[ァ-ヺー]{3,}")
_LATIN_WORD = re.compile("(?=.*[aeiouy])[a-z]{4,}")
_KATAKANA_WORD = re.compile("[ァ-ヺー]{3,}")
# The most frequent words of each script; what is rarer is not worth the memory.
_MOST = 50_000
# How alike two words have to sound, by the number of their consonants: there are many of few.
_LIKE = ((4, 0.65), (0, 0.75))


class Names:
    """The words of an index in katakana and in Latin letters, by their skeletons
    (:mod:`search.text.skeletons`). Safe to call from several threads."""

    def __init__(self, index: LexicalIndex) -> None:
        self._katakana = _by_skeleton(index, _KATAKANA, _KATAKANA_WORD)
        self._latin = _by_skeleton(index, _LETTERS, _LATIN_WORD)

    def of(self, word: str) -> tuple[str, ...]:
        """The words of the other script that ``word`` (folded, without accents) sounds like; those
        equally like it, none where nothing is near enough."""
        if _LATIN_WORD.fullmatch(word):
            among = self._katakana
        elif _KATAKANA_WORD.fullmatch(word):
            among = self._latin
        else:
            return ()
        found = {other: len(s) for s in skeletons(word) for other in among.get(s, ())}
        likely = [
            (likeness(word, other), other)
            for other, consonants in found.items()
            if likeness(word, other) >= next(at for least, at in _LIKE if consonants >= least)
        ]
        best = max((like for like, _ in likely), default=0.0)
        return tuple(sorted(other for like, other in likely if like == best))


def _by_skeleton(
    index: LexicalIndex, first_letters: str, pattern: re.Pattern[str]
) -> dict[str, tuple[str, ...]]:
    words = [
        (word, records)
        for letter in first_letters
        for word, records in index.words_beginning_with(letter)
        if pattern.fullmatch(word)
    ]
    words = sorted(words, key=lambda item: (-item[1], item[0]))[:_MOST]
    found: defaultdict[str, list[str]] = defaultdict(list)
    for word, _ in pausing(words):
        for skeleton in skeletons(word):
            found[skeleton].append(word)
    return {skeleton: tuple(sharing) for skeleton, sharing in found.items()}
