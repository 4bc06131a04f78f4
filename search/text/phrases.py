"""Noun phrases: the terms that a searcher would type, cut out of running text by Sudachi.

A phrase is a run of nouns with their prefixes and suffixes, as written: 急性心筋梗塞, β遮断薬,
HbA1c. Its inner runs (心筋梗塞) count as contained in it.
"""

import re
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

import sudachipy

from search.records import guess_language
from search.text.fold import fold_with_offsets, nfkc, to_lexical
from search.text.terms import EXPRESSION, morphemes

# A phrase of more words is a list or a title; its runs of more words are left to the whole.
_MAX_WORDS = 10
_MAX_RUN = 6
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
# Parts of the body that Sudachi takes for counters: 筋萎縮 is no number of 萎縮. The others are
# parts of a name after a noun: リンパ球, ケトン体, 拡張期, 頭頂部.
_BODY_PARTS = {"筋", "腹", "口"}
_ENDINGS = {"球", "体", "期", "部", "束", "基"}
# α, CoA, 5', 1,6 in the name of a substance.
_SIGN = r"[a-z0-9α-ω]+(?:,[0-9]+){0,3}['′]?"
# Not within a katakana word, nor at one joined to another: tried there too, long runs take forever.
_BEGINS = r"(?<![ァ-ヺー])(?<![ァ-ヺー][・=-])"
# What stays whole though Sudachi cuts it or takes a part of it for an adverb, a verb or a number;
# the name of several people before what it names (フォン・ヒッペル・リンドウ病; without that, it
# may be a list); what a hyphen joins to katakana (LDL-コレステロール, 3-ヒドロキシアシルCoA);
# karyotypes.
_WHOLE = re.compile(
    r"[内外]分泌|くる病|期外収縮|[一二三]尖弁|急速進行性|"
    rf"{_BEGINS}[ァ-ヺー]+(?:[・=-][ァ-ヺー]+)+"
    r"(?=病|症|型|法|徴候|反応|奇形|麻痺|運動失調|貧血|スコア|試験)|"
    r"(?<![a-z0-9α-ω])(?<![a-z0-9α-ω'′][-‐–−])"
    rf"(?:{_SIGN}[-‐–−])+[ァ-ヺー]+(?:[-‐–−](?:[ァ-ヺー]+|{_SIGN}))*|"
    rf"{_BEGINS}[ァ-ヺー]+(?:[-‐–−](?:[ァ-ヺー]+|{_SIGN}))+|"
    r"[0-9]{2},x[xy]*(?:/[0-9]{2},x[xy]*)*"
)
# What names are written in.
_NAMING = re.compile("[一-鿿々ァ-ヺーa-z0-9α-ω]+")
# The end of a name that goes on: 症 is one, 症例 begins a word of its own.
_HEAD = r"(?:症候群|症(?![例状候])|病(?![一-鿿])|炎(?!症)|型(?![一-鿿])|奇形|徴候|麻痺)"
# A mark that joins what stands on both sides into one name: De Vaal, Sjögren’s, Morquio 症候群,
# ダイアモンド・ブラックファン貧血 (but アスピリン・ワルファリンを), 変形性関節（脊椎）症.
_JOINT = re.compile(
    rf"(?<=[a-z]) (?=[a-z]|{_HEAD})|(?<=[a-z])['’](?=s\b)|(?<=[ァ-ヺー])・(?=[ァ-ヺー]+[一-鿿])|"
    rf"\((?=[^()]{{1,30}}\){_HEAD})|\)(?={_HEAD})"
)
_BETWEEN_KATAKANA = re.compile(r"(?<=[ァ-ヺー])・(?=[ァ-ヺー])")
_WORTHLESS = re.compile(r"[0-9.,%±~<>=＝\-\s]*|[a-zぁ-んァ-ンー]|[0-9]+\.[a-z].*")


def _common_words() -> set[str]:
    file = resources.files("search.text") / "common_words.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return {word for line in lines if not line.startswith("#") for word in line.split()}


_COMMON = _common_words()


def is_common(word: str) -> bool:
    """Whether every other abstract has the word (検討, 患者, results): it tells none apart."""
    return word.lower() in _COMMON


class Phrase(NamedTuple):
    """A noun phrase: its words as written, and whether it is ``whole``: no part of a longer name
    that Sudachi cut (形成性糸球体腎炎 of 半月体形成性糸球体腎炎, Vaal of De Vaal)."""

    words: tuple[str, ...]
    whole: bool


def phrases(text: str) -> Iterator[tuple[str, ...]]:
    """Each noun phrase of ``text`` as its words, in order of appearance.

    Joined without a space they are the phrase as written, NFKC-folded.
    """
    return (phrase.words for phrase in told_phrases(text))


def told_phrases(text: str) -> Iterator[Phrase]:
    """Like :func:`phrases`, and whether each stands whole in the text."""
    folded = fold_with_offsets(text, to_lexical)
    expressions = {
        m.start(): m.end()
        for pattern in (EXPRESSION, _WHOLE)
        for m in pattern.finditer(folded.text)
    }
    japanese = guess_language(text) == "ja"
    run: list[str] = []
    # Whether what stands right before the run, and what comes next to it, would cut it.
    cut = cut_next = False
    position = 0
    # The expression that the run ends with.
    skip_from = skip_until = 0

    def finish(*, cut_after: bool) -> Iterator[Phrase]:
        if run and len(run) <= _MAX_WORDS:
            yield Phrase(tuple(run), not (cut or cut_after))
        run.clear()

    for morpheme, start, end in morphemes(folded.text):
        if start < skip_until:
            if end > skip_until:
                # グルコース-6-リン酸: the word that it ends in belongs to it.
                skip_until = end
                run[-1] = _written(text, folded.original_span(skip_from, end))
            position = end
            continue
        if start != position:
            yield from finish(cut_after=False)
            cut_next = False
        position = end
        expression = expressions.get(start, 0) > end
        if expression or _belongs(morpheme, bool(run)):
            if not run:
                cut = cut_next
            if expression:
                # A gene name, a drug code and the like stay one word: IL-6, HbA1c.
                skip_from, end = start, expressions[start]
                skip_until = position = end
            run.append(_written(text, folded.original_span(start, end)))
            cut_next = False
        else:
            joint = japanese and (
                _JOINT.match(folded.text, start) is not None
                # 医師オットー・ウェルナー
                or (len(run) > 1 and _BETWEEN_KATAKANA.match(folded.text, start) is not None)
            )
            yield from finish(cut_after=joint or _cuts(morpheme, after=True))
            cut_next = joint or _cuts(morpheme, after=False)
    yield from finish(cut_after=False)


def _cuts(morpheme: sudachipy.Morpheme, *, after: bool) -> bool:
    """Whether a word that belongs to no phrase, right before or ``after`` one, is a part of its
    name all the same."""
    kind, surface = morpheme.part_of_speech(), morpheme.surface()
    if surface == "ら":
        # Loweら: people.
        return after
    if surface in _LOOSE_SUFFIXES or not _NAMING.fullmatch(surface):
        return False
    if kind[1] == "数詞":
        return not after
    if kind[2] == "副詞可能":
        # 近年, 今回 say when, 内視鏡下 says how; a single character can be anything.
        return kind[0] == "名詞" and len(surface) == 1
    return kind[0] in {"名詞", "接尾辞", "形状詞"}


def inner_runs(words: tuple[str, ...]) -> Iterator[str]:
    """Every run of at most six words inside a phrase, and the phrase itself."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MAX_RUN, len(words)) + 1):
            yield "".join(words[start:end])
    if len(words) > _MAX_RUN:
        yield "".join(words)


def is_term(phrase: str) -> bool:
    """Whether a phrase can stand as a search term of its own."""
    lowered = to_lexical(phrase)
    return (
        2 <= len(phrase) <= _MAX_LENGTH
        and lowered not in _COMMON
        and _WORTHLESS.fullmatch(lowered) is None
        # 特徴的 says how something is; 分子標的 is something.
        and (not lowered.endswith("的") or lowered.endswith("標的"))
        # 四肢、体幹ともに: no noun.
        and not lowered.endswith("とも")
    )


def _belongs(morpheme: sudachipy.Morpheme, inside: bool) -> bool:
    kind = morpheme.part_of_speech()
    if kind[0] == "名詞":
        kept = morpheme.surface() in (_BODY_PARTS | _ENDINGS if inside else _BODY_PARTS)
        return kept or bool(_NOT_TERMS.isdisjoint(kind[1:3]))
    if kind[0] == "接頭辞":
        return True
    if kind[0] == "接尾辞":
        return inside and kind[1] == "名詞的" and morpheme.surface() not in _LOOSE_SUFFIXES
    return bool(kind[0] == "記号" and kind[1] == "文字")


def _written(text: str, span: tuple[int, int]) -> str:
    # As the author wrote it, but for width: ＨｂＡ１ｃ and HbA1c are one term.
    return nfkc(text[slice(*span)])
