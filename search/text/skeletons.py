"""Foreign names in Latin letters and in katakana, compared by what is heard.

Japanese writes foreign names as it hears them: Ehlers is エーラス, Parkinson パーキンソン. Vowels
change, r and l are one, an r before a consonant is a long vowel, n and m are one before b. What
stays are classes of consonants, a capital for each: R, N, K, G, S (all that hisses, チ and ツ too),
T, D, B (v too), P, F. Where spelling leaves open what is heard (th, ch, g before e), there are
several. A word's consonants are its *skeleton*; vowels tell apart words of one skeleton.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import product

import jaconv
from rapidfuzz.distance import OSA

# Letters from the left, the first rule that fits; what may be heard, an empty text for nothing.
_VOWELS = "aeiouy"
_HEARD: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), heard)
    for pattern, heard in (
        (r"sch|sh|tch|dg|tz|ts|cz", ("S",)),
        (r"ch", ("S", "K")),
        (r"s?c(?=[eiy])", ("S",)),
        (r"ck|c|k|qu?", ("K",)),
        (r"\bx", ("S",)),
        (r"x", ("KS",)),
        (r"gh", ("G", "")),
        (r"\bgn", ("N",)),
        (r"g(?=[eiy])", ("G", "S")),
        (r"g", ("G",)),
        (r"j", ("S", "")),
        (r"ph|f", ("F",)),
        (r"th", ("T", "S")),
        (r"t(?=[iuy])", ("T", "S")),
        (r"d(?=[iuy])", ("D", "S")),
        (r"t", ("T",)),
        (r"d", ("D",)),
        (r"[sz]", ("S",)),
        (r"hu", ("u", "Fu")),
        (r"[mn]", ("N",)),
        (r"[bv]", ("B",)),
        (r"p", ("P",)),
        (r"l", ("R",)),
        (rf"r(?=[^{_VOWELS}h]|$)", ("", "R")),
        (r"rh|r", ("R",)),
        (r"e$", ("", "e")),
        (r"[aeiou]", ()),
        (r"y", ("i",)),
    )
)
_DOUBLED = re.compile(r"([a-z])\1+")
_MOST = 48
_KATAKANA = re.compile("[ァ-ヺー]+")
_LATIN = re.compile("[a-z]+")
# Romaji of katakana to the classes.
_SOUNDS = (("sh|ch|ts|[szjc]", "S"), ("v|b", "B"), ("f", "F"), ("hu", "Fu"), ("[mn]", "N"))
_CLASSES = str.maketrans("kgtdprl", "KGTDPRR", "hwy'-")
# A vowel that katakana puts in because no syllable of Japanese ends so.
_PUT_IN = re.compile("(?<=[A-Z])u|(?<=[TD])o(?=[A-Z]|$)")
_LEAST = 2


def skeletons(word: str) -> frozenset[str]:
    """The skeletons of a word in katakana, or in lower-case Latin letters without accents; none of
    anything else, nor of a word of fewer than two consonants."""
    found = {_consonants(heard) for heard in _heard(word)}
    return frozenset(skeleton for skeleton in found if len(skeleton) >= _LEAST)


def likeness(one: str, other: str) -> float:
    """How alike two words of a skeleton sound, 0 to 1."""
    return max(
        (
            OSA.normalized_similarity(a, b)
            for a in _heard(one)
            for b in _heard(other)
            if _consonants(a) == _consonants(b)
        ),
        default=0.0,
    )


def _consonants(heard: str) -> str:
    return "".join(letter for letter in heard if letter.isupper())


@lru_cache(65_536)
def _heard(word: str) -> frozenset[str]:
    """What may be heard of a word: classes of consonants in capitals, and vowels."""
    if _KATAKANA.fullmatch(word):
        return frozenset({_of_katakana(word)})
    if not _LATIN.fullmatch(word):
        return frozenset()
    letters = _DOUBLED.sub(r"\1", word)
    sounds: list[tuple[str, ...]] = []
    position = 0
    while position < len(letters):
        for pattern, heard in _HEARD:
            if match := pattern.match(letters, position):
                sounds.append(heard or (match.group(),))
                position = match.end()
                break
        else:
            position += 1
    found: set[str] = set()
    for chosen in product(*sounds):
        found.add("".join(chosen))
        if len(found) == _MOST:
            break
    return frozenset(found)


def _of_katakana(word: str) -> str:
    romaji = str(jaconv.kata2alphabet(word.replace("ッ", "").replace("ー", "")))
    romaji = unicodedata.normalize("NFD", romaji)
    for pattern, heard in _SOUNDS:
        romaji = re.sub(pattern, heard, romaji)
    return _PUT_IN.sub("", re.sub(r"([aeiou])\1+", r"\1", romaji.translate(_CLASSES)))
