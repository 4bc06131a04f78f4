"""Readings: how Japanese sounds, as katakana, from Sudachi, from kana or from Latin letters.

Two readings are compared in a loose form, in which what writers of kana and of romaji leave out or
write in several ways (long vowels, ぢ and じ, ヴ and ブ) is the same.
"""

import re
import unicodedata

import jaconv

from search.text.fold import to_lexical
from search.text.terms import morphemes

KANA = re.compile(r"[ぁ-ゖァ-ヺー]+")
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ々㐀-䶿一-鿿豈-﫿]")
# Syllables of romaji: English words with other clusters are none (jaconv makes kana of anything).
_ROMAJI = re.compile(
    r"(?:(?:[kgsztdnhbpmyrwfjv]|[kgsztdnhbpmrjc]y|sh|ch|ts|dz)?[aiueo]"
    r"|n'?|m(?=[bpm])|([kstpgzjdbcfhr])(?=\1))+"
)
_MACRONS = re.compile("[\u0304\u0302]")

_SAME_SOUND = (
    ("ヴァ", "バ"),
    ("ヴィ", "ビ"),
    ("ヴェ", "ベ"),
    ("ヴォ", "ボ"),
    ("ヴ", "ブ"),
    ("ティ", "チ"),
    ("ディ", "ジ"),
    ("ヂ", "ジ"),
    ("ヅ", "ズ"),
    ("ヲ", "オ"),
)
# A vowel that only lengthens the one before it.
_LONG_VOWELS = (
    ("アァカガサザタダナハバパマヤャラワ", "アー"),
    ("イィキギシジチニヒビピミリ", "イー"),
    ("ウゥクグスズツヌフブプムユュル", "ウー"),
    ("エェケゲセゼテデネヘベペメレ", "エー"),
    ("オォコゴソゾトドノホボポモヨョロ", "オウー"),
)
_LENGTHENED = [re.compile(f"(?<=[{row}])[{vowels}]+") for row, vowels in _LONG_VOWELS]


def reading(text: str) -> str:
    """``text`` in katakana as Sudachi reads it; empty where it is not Japanese alone.

    What is written in kana is read as it stands.
    """
    folded = to_lexical(text)
    if KANA.fullmatch(folded):
        return str(jaconv.hira2kata(folded))
    if not _JAPANESE.search(folded):
        return ""
    read = "".join(morpheme.reading_form() for morpheme, _, _ in morphemes(folded))
    return read if _KATAKANA.fullmatch(read) else ""


def romaji_readings(text: str) -> list[str]:
    """The katakana that ``text`` in Latin letters may stand for, likeliest first; none where it is
    no romaji.

    Hepburn, Kunrei and what is typed into a computer are all read (jaconv): ``shi`` and ``si``,
    ``kō`` and ``kou``. They differ in what an n before a vowel is: ``kannen`` and ``kanen`` may be
    かんねん or かんえん.
    """
    # A macron says that the vowel is long, which the loose form leaves out anyway.
    decomposed = unicodedata.normalize("NFD", to_lexical(text).replace("’", "'"))
    letters = _MACRONS.sub("", decomposed)
    letters = letters.replace("-", "").replace("tch", "cch")
    if not _ROMAJI.fullmatch(letters):
        return []
    variants = (
        letters,
        re.sub(r"nn(?=[aiueoy])", "n'n", letters),
        re.sub(r"(?<!n)n(?=[aiueo])", "n'", letters),
    )
    read = [str(jaconv.hira2kata(jaconv.alphabet2kana(variant))) for variant in variants]
    return [kana for kana in dict.fromkeys(read) if _KATAKANA.fullmatch(kana)]


def loose(katakana: str) -> str:
    """The form in which two readings that sound alike are equal: コウソク and コソク, ヂ and ジ."""
    for written, heard in _SAME_SOUND:
        katakana = katakana.replace(written, heard)
    for lengthened in _LENGTHENED:
        katakana = lengthened.sub("", katakana)
    return katakana
