"""Folding for exact search: what counts as the same writing of a word.

Width and case (NFKC, case folding), old and variant kanji, accents on Latin letters, dashes that
stand for the long-vowel mark, a final ー of a longer katakana word (コンピューター = コンピュータ),
kana spellings of medical words (癌 = がん = ガン, ``kana_words.txt``), British and American
spellings.
Index, query and marks use this one function.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from search.text.fold import Folded, fold_with_offsets, has_joining, to_lexical
from search.text.kanji import new_forms
from search.text.spellings import Rule, rules

_HIRAGANA = "ぁ-ゖ"
_KATAKANA = "ァ-ヺー"
# A dash after katakana is a long vowel that a converter or a typist missed, unless it joins a
# number or a letter (タイプ−A); a hyphen only between two katakana.
_DASH = re.compile(rf"(?<=[{_KATAKANA}])(?:[‐‑‒–—―−─━](?![0-9a-zα-ω])|-(?=[ァ-ヺ]))")
# Not of ギランバレー, which is ギラン・バレー too: バレー alone is too short to lose it.
_FINAL_MARK = re.compile(
    rf"(?<![{_KATAKANA}])([{_KATAKANA}]{{2,}}[ァ-ヺ])(?<!バレ)ー+(?![{_KATAKANA}])"
)
_SOUNDS = {
    "ヴァ": "バ",
    "ヴィ": "ビ",
    "ヴェ": "ベ",
    "ヴォ": "ボ",
    "ヴ": "ブ",
    "ウィ": "ウイ",
    "ウェ": "ウエ",
    "ウォ": "ウオ",
}
_SOUND = re.compile("|".join(_SOUNDS))
_MONTHS = re.compile(r"[ヶヵカケ箇個](?<=[\d数何〇一二三四五六七八九十百].)(?=[月所国年])")
# The marks between the parts of a foreign name, which may be left out: エーラス・ダンロス.
_JOINED = re.compile(rf"(?<=[{_KATAKANA}])[・=゠](?=[ァ-ヺ])")
# At the beginning of a word: ベータブロッカー, ガンマグロブリン; アルファベット is none.
_GREEK_LETTERS = {"アルファ": "α", "ベータ": "β", "ガンマ": "γ", "デルタ": "δ", "オメガ": "ω"}
_GREEK_LETTER = re.compile(
    rf"(?<![{_KATAKANA}])(?:{'|'.join(_GREEK_LETTERS)})(?!ベット)(?:ー(?![{_KATAKANA}]))?"
)
# がん is also in がんばる, がんこ, がんらい; before it stand only particles and the ends of verbs.
_CANCER = re.compile(
    rf"ガン(?<![{_KATAKANA}]ガン)(?![{_KATAKANA}])"
    rf"|がん(?:(?<![{_HIRAGANA}]がん)|(?<=[のやとはがもにでをなるたいかへ]がん))"
    r"(?!ば[らりるれろっん]|こ[なにだでさの]|じがらめ|らい|ぐ|ぜ|ぼう)"
)


def fold(text: str) -> str:
    """``text`` as exact search sees it."""
    folded = _base(text)
    for pattern, replacement in _applicable(folded):
        folded = pattern.sub(replacement, folded)
    return folded


def fold_with_spans(text: str) -> Folded:
    """Like :func:`fold`, with the span of the original text that each character came from."""
    folded = fold_with_offsets(text, _base)
    for pattern, replacement in _applicable(folded.text):
        folded = _replaced(folded, pattern, replacement)
    return folded


def is_respelled(text: str) -> bool:
    """Whether folding does more to ``text`` than change the case of its letters."""
    return fold(text) != text.casefold()


def _base(text: str) -> str:
    """Character by character: width, case, kanji, accents."""
    # Where characters combine, NFKC first; it is the slower way.
    return (to_lexical(text) if has_joining(text) else text).translate(_characters)


class _Characters(dict[int, str]):
    """Each character's folded form, worked out when it first comes up."""

    def __missing__(self, code: int) -> str:
        self[code] = new_forms(to_lexical(chr(code))).translate(plain_letters())
        return self[code]


_characters = _Characters()


@cache
def plain_letters() -> dict[int, str]:
    """What :meth:`str.translate` makes of accented Latin letters: plain ones; accents that stand
    alone become nothing."""
    table = dict.fromkeys(range(0x300, 0x370), "")
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        plain = unicodedata.normalize("NFD", chr(code))[0]
        if plain != chr(code):
            table[code] = plain
    return table | str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})


def _applicable(text: str) -> Sequence[Rule]:
    """The rules that can find anything: most texts are in one script."""
    return (() if text.isascii() else _japanese()) + (rules() if _LATIN.search(text) else ())


_LATIN = re.compile("[a-z]{3}")


@cache
def _japanese() -> tuple[Rule, ...]:
    forms = _kana_words()
    # Longer forms first; their first two letters first of all, which is what makes it fast.
    listed = sorted(forms, key=len, reverse=True)
    first, second = ("".join({form.strip("<")[i] for form in listed}) for i in (0, 1))
    words = re.compile(f"(?=[{first}][{second}])(?:{'|'.join(map(_pattern, listed))})")
    plain = {form.strip("<="): canonical for form, canonical in forms.items()}
    return (
        (_DASH, lambda _: "ー"),
        (_GREEK_LETTER, lambda m: _GREEK_LETTERS[m.group().rstrip("ー")]),
        (_SOUND, lambda m: _SOUNDS[m.group()]),
        (_MONTHS, lambda _: "か"),
        (words, lambda m: plain[m.group()]),
        (_CANCER, lambda _: "癌"),
        (_FINAL_MARK, lambda m: m.group(1)),
        # Last: what a final ー is dropped of is a part of a name, not the whole.
        (_JOINED, lambda _: ""),
    )


def _kana_words() -> dict[str, str]:
    """Form, with its conditions, to the form of the index."""
    file = resources.files("search.text") / "kana_words.txt"
    found: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            canonical, *forms = line.split()
            found |= {_base(form): _base(canonical) for form in forms}
    return found


def _pattern(form: str) -> str:
    word = form.strip("<=")
    kana = _KATAKANA if re.match(f"[{_KATAKANA}]", word) else _HIRAGANA
    before = f"(?<![{kana}])" if form != word else ""
    after = f"(?![{kana}])" if form.endswith("=") else ""
    return before + re.escape(word) + after


def _replaced(
    folded: Folded, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
) -> Folded:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for match in pattern.finditer(folded.text):
        pieces.append(folded.text[position : match.start()])
        starts += folded.starts[position : match.start()]
        ends += folded.ends[position : match.start()]
        new = replacement(match)
        pieces.append(new)
        start, end = folded.original_span(*match.span())
        starts += [start] * len(new)
        ends += [end] * len(new)
        position = match.end()
    if not position:
        return folded
    return Folded(
        "".join(pieces) + folded.text[position:],
        starts + list(folded.starts[position:]),
        ends + list(folded.ends[position:]),
    )
