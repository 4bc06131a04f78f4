"""Where a reviewer's own words stand in a text: offsets into the original."""

import re
from typing import Literal

from search.text.fold import fold_with_offsets, to_lexical
from web.desk.screening.plan import Words

Side = Literal["include", "exclude"]
_ASCII = re.compile(r"[0-9a-z]")


def word_marks(text: str, words: Words) -> list[tuple[int, int, Side]]:
    """The spans of ``text`` that the words cover, (start, end, side), without overlaps, the longer
    word before the shorter.

    Width and case do not matter. A word in Latin letters is found at the beginning of words
    (random in randomised), one in Japanese everywhere.
    """
    sided: list[tuple[str, Side]] = [(to_lexical(w), "include") for w in words.include]
    sided += [(to_lexical(w), "exclude") for w in words.exclude]
    if not sided or not text:
        return []
    folded = fold_with_offsets(text, to_lexical)
    side_of = dict(sided)
    pattern = re.compile(
        "|".join(_pattern(w) for w in sorted(side_of, key=lambda w: (-len(w), w)) if w)
    )
    return [
        (*folded.original_span(m.start(), m.end()), side_of[m.group()])
        for m in pattern.finditer(folded.text)
    ]


def _pattern(word: str) -> str:
    bound = r"(?<![0-9a-z])" if _ASCII.match(word) else ""
    return bound + re.escape(word)
