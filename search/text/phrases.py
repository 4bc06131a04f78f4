"""Noun phrases: the terms that a searcher would type, cut out of running text by Sudachi.

A phrase is a run of nouns with their prefixes and suffixes, as written: 急性心筋梗塞, β遮断薬,
HbA1c. Its inner runs (心筋梗塞) count as contained in it.
"""

import re
from collections.abc import Iterator
from importlib import resources

import sudachipy

from search.text.fold import fold_with_offsets, nfkc, to_lexical
from search.text.terms import EXPRESSION, morphemes

_MAX_WORDS = 6
_MAX_LENGTH = 30
_NOT_TERMS = {"代名詞", "数詞", "助数詞可能", "副詞可能", "助動詞語幹"}
# Suffixes that turn a noun into a point of time, a number or a manner: no part of a term.
_LOOSE_SUFFIXES = {
    "後",
    "前",
    "時",
    "中",
    "間",
    "的",
    "等",
    "など",
    "毎",
    "ごと",
    "以上",
    "以下",
    "未満",
}
_LOOSE_SUFFIXES |= {
    "以内",
    "以降",
    "以前",
    "化",
    "例",
    "群",
    "名",
    "人",
    "歳",
    "才",
    "年",
    "月",
    "日",
}
_LOOSE_SUFFIXES |= {
    "回",
    "件",
    "週",
    "度",
    "目",
    "率",
    "達",
    "ら",
    "ずつ",
    "程",
    "系",
    "別",
    "内",
    "外",
}
# Parts of the body that Sudachi takes for counters: 筋萎縮 is no number of 萎縮.
_BODY_PARTS = {"筋", "腹", "口"}
# What stays whole though Sudachi cuts it or takes a part of it for an adverb: 内分泌, and the
# name of several people before what it names (フォン・ヒッペル・リンドウ病; without that, it may be
# a list).
_WHOLE = re.compile(
    r"[内外]分泌|"
    r"[ァ-ヺー]+(?:[・=][ァ-ヺー]+)+(?=病|症|型|法|徴候|反応|奇形|麻痺|運動失調|スコア|試験)"
)
_WORTHLESS = re.compile(r"[0-9.,%±~<>=＝\-\s]*|[a-zぁ-んァ-ンー]")


def _common_words() -> set[str]:
    file = resources.files("search.text") / "common_words.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return {word for line in lines if not line.startswith("#") for word in line.split()}


_COMMON = _common_words()


def phrases(text: str) -> Iterator[tuple[str, ...]]:
    """Each noun phrase of ``text`` as its words, in order of appearance.

    Joined without a space they are the phrase as written, NFKC-folded.
    """
    folded = fold_with_offsets(text, to_lexical)
    expressions = {
        m.start(): m.end()
        for pattern in (EXPRESSION, _WHOLE)
        for m in pattern.finditer(folded.text)
    }
    run: list[str] = []
    position = 0
    skip_until = 0
    for morpheme, start, end in morphemes(folded.text):
        if start < skip_until:
            position = end
            continue
        if start != position:
            yield from _finish(run)
            run = []
        position = end
        if start in expressions and expressions[start] > end:
            # A gene name, a drug code and the like stay one word: IL-6, HbA1c.
            skip_until = position = expressions[start]
            run.append(_written(text, folded.original_span(start, skip_until)))
            continue
        if _belongs(morpheme, bool(run)):
            run.append(_written(text, folded.original_span(start, end)))
        else:
            yield from _finish(run)
            run = []
    yield from _finish(run)


def inner_runs(words: tuple[str, ...]) -> Iterator[str]:
    """Every run of words inside a phrase, the phrase itself included."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MAX_WORDS, len(words)) + 1):
            yield "".join(words[start:end])


def is_term(phrase: str) -> bool:
    """Whether a phrase can stand as a search term of its own."""
    lowered = to_lexical(phrase)
    return (
        2 <= len(phrase) <= _MAX_LENGTH
        and lowered not in _COMMON
        and _WORTHLESS.fullmatch(lowered) is None
        # 特徴的 says how something is; 分子標的 is something.
        and (not lowered.endswith("的") or lowered.endswith("標的"))
    )


def _belongs(morpheme: sudachipy.Morpheme, inside: bool) -> bool:
    kind = morpheme.part_of_speech()
    if kind[0] == "名詞":
        return morpheme.surface() in _BODY_PARTS or bool(_NOT_TERMS.isdisjoint(kind[1:3]))
    if kind[0] == "接頭辞":
        return True
    if kind[0] == "接尾辞":
        return inside and kind[1] == "名詞的" and morpheme.surface() not in _LOOSE_SUFFIXES
    return bool(kind[0] == "記号" and kind[1] == "文字")


def _finish(run: list[str]) -> Iterator[tuple[str, ...]]:
    if run and len(run) <= _MAX_WORDS:
        yield tuple(run)


def _written(text: str, span: tuple[int, int]) -> str:
    # As the author wrote it, but for width: ＨｂＡ１ｃ and HbA1c are one term.
    return nfkc(text[slice(*span)])
