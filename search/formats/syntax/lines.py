"""A stream of bytes as numbered lines of text, whatever its encoding and however long its lines.

The encoding is found from the bytes: byte order mark, UTF-16, UTF-8, ISO-2022-JP, and CP932, EUC-JP
or Windows-1252 by how plausible the text is that they give. General detectors were tried and are
wrong too often on a few Japanese words, which is what the first lines of an export are.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from search import budget

_BLOCK = 64 * 1024
# Longer than any abstract by far; the rest of such a line is broken or hostile.
_MAX_LINE = 4 * 1024 * 1024
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_ENDS = b"\r\n"
# Lines between two looks at the clock.
_LOOK_EVERY = 64
_FEW = 4
_TELLING = 16 * 1024
# Japanese text has more kana than one character in twenty; how many letters it takes to say so.
_RARELY = 20
_ENOUGH = 12
# The most frequent characters of Chinese, simplified and traditional, and of Korean, and those of
# their medicine.
_COMMON = {
    "zh": frozenset(
        "的一是在了和与有中为对及患者治疗研究临床分析组结果方法结论观察探讨目的疗效作用影响应用病性不人这上"
        "與為對療臨組結論觀討響應學醫國時間發現過"
    ),
    "ko": frozenset("이다의에는을를한가고기사지로하서대과인자연구환치료성및법결정도시나어"),
}
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class Line(NamedTuple):
    """One line without its end, counted from 1; ``cut`` where it was too long to keep whole."""

    number: int
    text: str
    cut: bool


def text_lines(stream: BinaryIO) -> Iterator[Line]:
    """The lines of ``stream`` in bounded memory; ends may be LF, CR LF or CR.

    Bytes that the encoding does not know become U+FFFD; a line that is whole in another of the
    encodings (files put together from several exports) is read in that one. NUL is left out.
    """
    encoding = ""
    for number, (raw, block, end, cut, plain) in enumerate(_byte_lines(stream), start=1):
        if number % _LOOK_EVERY == 1:
            budget.check("upload")
        if plain:
            yield Line(number, raw.decode("ascii"), cut)
            continue
        if raw.isascii() and b"\x1b" not in raw:
            yield Line(number, raw.replace(b"\0", b"").decode("ascii"), cut)
            continue
        try:
            # What is UTF-8 to the last byte is no other encoding, whatever the rest of the file is.
            text = raw.decode("iso2022_jp_ext" if raw.isascii() else "utf-8")
        except UnicodeDecodeError:
            encoding = encoding or encoding_of(raw + b"\n" + block[end:])
            text = _decoded(raw, encoding)
        # A mark in the middle is what files put together leave.
        yield Line(number, text.replace("\0", "").lstrip("\ufeff"), cut)


def head_text(head: bytes) -> str:
    """The first bytes of a file as text, for recognisers."""
    if head[:2] in _UTF16_MARKS:
        return head.decode("utf-16", "replace")
    if width := _utf16_without_mark(head):
        return head.decode(width, "replace")
    return head.removeprefix(codecs.BOM_UTF8).decode(encoding_of(head), "replace")


def encoding_of(sample: bytes) -> str:
    """The encoding of bytes that are a superset of ASCII: the one that gives plausible text."""
    if sample.isascii():
        return "iso2022_jp_ext" if re.search(rb"\x1b\$[@B]", sample) else "utf-8"
    # From where it matters, and no more than it takes to tell.
    begin = next(found.start() for found in _BEYOND_ASCII.finditer(sample))
    sample = sample[max(0, begin - 100) :][:_TELLING]
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(1 for c in text if c > "\x7f") - broken
    # Multi-byte sequences of UTF-8 do not come about by chance; a broken one here and there may.
    if whole > 4 * broken or (whole and broken <= 1 and text.endswith("\ufffd")):
        return "utf-8"
    scores = {
        "cp932": _japanese(sample.decode("cp932", "replace")),
        "euc_jp": _japanese(sample.decode("euc_jp", "replace")),
        "cp1252": _western(sample.decode("cp1252", "replace")),
    }
    likely = max(scores, key=lambda name: scores[name])
    return _other_east_asian(sample, sample.decode(likely, "replace")) or likely


def _other_east_asian(sample: bytes, text: str) -> str:
    """The encoding of Chinese or Korean text, which read as EUC-JP or CP932 is plausible nonsense:
    many kanji, rare ones among them, and hardly any kana."""
    wide = sum(c > "\u2e80" for c in text)
    kana = sum("\u3041" <= c <= "\u30fa" for c in text)
    if kana * _RARELY > wide:
        return ""
    for codec, language in (("cp949", "ko"), ("gb18030", "zh"), ("big5", "zh")):
        other = sample.decode(codec, "replace")
        letters = [c for c in other if c > "\u2e80" and c.isalpha()]
        if len(letters) < _ENOUGH or other.count("\ufffd") > 1:
            continue
        hangul = sum("\uac00" <= c <= "\ud7a3" for c in letters)
        common = sum(c in _COMMON[language] for c in letters)
        mainly = hangul > 0.8 * len(letters) if language == "ko" else hangul == 0
        if mainly and common > 0.15 * len(letters):
            return codec
    return ""


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        other = encoding_of(raw)
        if other != encoding and sum(b > 127 for b in raw) >= _FEW:
            try:
                return raw.decode(other)
            except UnicodeDecodeError:
                pass
        return raw.decode(encoding, "replace")


def _japanese(text: str) -> float:
    """Share of the characters beyond ASCII that Japanese text is likely to hold, less the rest."""
    good = bad = 0
    for c in text:
        if c <= "\x7f":
            continue
        if "\u3040" <= c <= "\u30ff" or "\u3000" <= c <= "\u3015" or "\uff01" <= c <= "\uff5e":
            good += 2
        elif "\u4e00" <= c <= "\u9fff":
            # Kanji of JIS level 2 are rare, and what wrong decoding is full of.
            try:
                good, bad = (good + 2, bad) if c.encode("euc_jp")[0] < 0xD0 else (good, bad + 1)
            except UnicodeEncodeError:
                bad += 2
        else:
            bad += 2
    return (good - bad) / (good + bad) if good + bad else 0.0


def _western(text: str) -> float:
    """The same for western text: accented letters that touch plain ones, common punctuation."""
    good = bad = 0
    for before, c, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if c <= "\x7f":
            continue
        near = before.isascii() and after.isascii()
        good, bad = (good + 1, bad) if near and c != "\ufffd" else (good, bad + 1)
    return (good - bad) / (good + bad) if good + bad else 0.0


def _utf16_without_mark(head: bytes) -> str:
    sample = head[:400]
    nul_even, nul_odd = sample[::2].count(0), sample[1::2].count(0)
    most = max(nul_even, nul_odd)
    if len(sample) < _FEW or most * 4 < len(sample) or min(nul_even, nul_odd) * 4 > most:
        return ""
    return "utf-16-le" if nul_odd > nul_even else "utf-16-be"


def _byte_lines(stream: BinaryIO) -> Iterator[tuple[bytes, bytes, int, bool, bool]]:
    """Each line's bytes, the block where it ends, its end there, whether the line was cut, and
    whether it is known to be ASCII without escapes and NUL."""
    parts: list[bytes] = []
    size = 0
    for block in _blocks(stream):
        position = 0
        plain = block.isascii() and b"\x1b" not in block and b"\0" not in block
        for piece in block.splitlines(keepends=True):
            position += len(piece)
            if not size and piece[-1] in _LINE_ENDS:
                yield piece.rstrip(b"\r\n"), block, position, False, plain
                continue
            size += len(piece)
            if size <= _MAX_LINE:
                parts.append(piece)
            if piece.endswith((b"\n", b"\r")):
                yield b"".join(parts).rstrip(b"\r\n"), block, position, size > _MAX_LINE, False
                parts, size = [], 0
    if parts:
        yield b"".join(parts), b"", 0, size > _MAX_LINE, False


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in an encoding that holds ASCII as it is; no block ends between CR and LF."""
    block = stream.read(_BLOCK)
    width = "utf-16" if block[:2] in _UTF16_MARKS else _utf16_without_mark(block)
    decoder = codecs.getincrementaldecoder(width)("replace") if width else None
    block = block if width else block.removeprefix(codecs.BOM_UTF8)
    while block:
        if block.endswith(b"\r"):
            block += stream.read(1)
        elif width and block.endswith((b"\r\0", b"\0\r")):
            block += stream.read(2)
        yield decoder.decode(block).encode("utf-8", "replace") if decoder else block
        block = stream.read(_BLOCK)
    if decoder:
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")
