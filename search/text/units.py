"""Units: what exact search counts in, and how the index stores them.

A run of Latin letters and digits is one unit (IL-6 is ``il`` and ``6``), a run of Greek letters is
one (TNFα is ``tnf`` and ``α``, as TNF-α is); each Japanese, Chinese or Korean character is one.
White space and punctuation between two such characters is a break, a unit of its own; anywhere else
it is nothing, so that IL-6, IL 6 and ``IL6血清`` with or without a bracket between are told apart
by their letters alone.

The index has one token for each unit. For a CJK character followed by another it is the pair of
both, so that a word of two characters is one token, and a longer one a phrase of every second
pair: 心筋梗塞 is 心筋 at 0 and 梗塞 at 2.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from search.text.variants import fold

BREAK = "|"
_CJK = (
    r"\u3005-\u3007\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f"
    r"\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_GREEK = r"\u0370-\u03ff\u1f00-\u1fff"
_RUN = re.compile(rf"[{_CJK}]+|[{_GREEK}]+|[^\W_{_CJK}{_GREEK}]+")
_IS_CJK = re.compile(f"[{_CJK}]")
# No word is longer; what is (sequences, broken text) is found by its beginning.
_MAX_UNIT = 200


@dataclass(frozen=True)
class Unit:
    """A unit and its half-open span in the folded text that it came from; a break's is empty."""

    text: str
    start: int
    end: int


def is_cjk(text: str) -> bool:
    """Whether a unit is a Japanese, Chinese or Korean character."""
    return _IS_CJK.match(text) is not None


def units(folded: str) -> list[Unit]:
    """The units of folded text, breaks included, in order."""
    found: list[Unit] = []
    after_cjk = False
    for match in _RUN.finditer(folded):
        run, start = match.group(), match.start()
        cjk = is_cjk(run)
        if cjk and after_cjk:
            found.append(Unit(BREAK, start, start))
        if cjk:
            found += [Unit(c, start + i, start + i + 1) for i, c in enumerate(run)]
        else:
            found.append(Unit(run[:_MAX_UNIT], start, match.end()))
        after_cjk = cjk
    return found


def texts(folded: str) -> list[str]:
    """The texts of :func:`units` alone: a tenth of the time, where no span is needed."""
    found: list[str] = []
    after_cjk = False
    for run in _RUN.findall(folded):
        cjk = is_cjk(run)
        if cjk and after_cjk:
            found.append(BREAK)
        if cjk:
            found += run
        else:
            found.append(run[:_MAX_UNIT])
        after_cjk = cjk
    return found


def tokens(folded: str) -> list[str]:
    """The tokens that the index holds for folded text: one for each unit, at its place."""
    found: list[str] = []
    after_cjk = False
    for run in _RUN.findall(folded):
        cjk = is_cjk(run)
        if cjk and after_cjk:
            found.append(BREAK)
        if cjk:
            found += [run[i : i + 2] for i in range(len(run))]
        else:
            found.append(run[:_MAX_UNIT])
        after_cjk = cjk
    return found


@lru_cache(maxsize=65_536)
def value_key(text: str) -> str:
    """A whole value (a name, a heading, a journal) as it is compared: folded, its units in a row,
    a space between two words in Latin letters: ``Yamada, T.`` is ``yamada t``."""
    key = ""
    for run in _RUN.findall(fold(text)):
        key += f" {run}" if key and not is_cjk(run) and not is_cjk(key[-1]) else run
    return key[:1000]
