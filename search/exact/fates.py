"""What becomes of each line of a strategy that was written for another platform: read as it is
here, or refused with whose syntax it is. A strategy is looked at as a whole: what stands in one of
its lines says which platform the others are of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from search.exact.foreign_syntax import Foreign, Platform, phrases_marked, recognise, words_in_a_row
from search.exact.parser import parse
from search.exact.platforms import FINDERS
from search.exact.syntax_errors import ExactSyntaxError

Fate = Literal["read", "refused"]


@dataclass(frozen=True)
class LineFate:
    """A line, by its number from 1: ``canonical`` is what it is read as; ``fault`` why it is not,
    with a proposal where there is one."""

    number: int
    line: str
    canonical: str = ""
    fault: ExactSyntaxError | None = None

    @property
    def fate(self) -> Fate:
        """Whether it is read."""
        return "refused" if self.fault else "read"


def platform_of(lines: Iterable[str]) -> Platform | None:
    """The platform that most constructs of a strategy belong to; None where there are none."""
    counted: Counter[Platform] = Counter()
    for line in lines:
        counted.update(one.platform for one in recognise(line, FINDERS))
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ranked[0][0] if ranked else None


def fates(lines: Iterable[str]) -> list[LineFate]:
    """What becomes of the lines of one strategy; empty ones and comments (``#`` and a blank) are
    left out."""
    numbered = [
        (number, line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("# ")
    ]
    platform = platform_of(line for _, line in numbered)
    return [_fate(number, line, platform) for number, line in numbered]


def _fate(number: int, line: str, platform: Platform | None) -> LineFate:
    try:
        canonical = str(parse(line, with_lines=True).tree)
    except ExactSyntaxError as error:
        return LineFate(number, line, fault=error)
    # Ovid takes words in a row for a phrase; read here they would be joined by AND.
    if platform == "Ovid" and (rows := words_in_a_row(line)):
        return LineFate(number, line, fault=_row(line, rows[0]))
    return LineFate(number, line, canonical)


def _row(line: str, place: tuple[int, int]) -> ExactSyntaxError:
    here = phrases_marked(line[slice(*place)]) or ""
    foreign = Foreign("Ovid", "words in a row", *place, None, here)
    proposal = phrases_marked(line)
    if proposal is not None:
        try:
            parse(proposal, with_lines=True)
        except ExactSyntaxError:
            proposal = None
    return ExactSyntaxError("other platform", line, *place, foreign=foreign, proposal=proposal)
