"""What changed between two runs of a search: new, gone, and of a ranked list, moved."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from search.library.generation import Generation


@dataclass(frozen=True)
class Move:
    """A record that stands elsewhere among those that both lists have; ranks count from 1."""

    id: str
    before: int
    after: int


@dataclass(frozen=True)
class Comparison:
    """``new`` in the order of the later run, ``gone`` in that of the earlier, ``moved`` by later
    rank; sets have no order, so nothing moves in them."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[Move, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.moved)


def compare(
    before: Sequence[str], after: Sequence[str], *, ranked: bool, generation: Generation | None
) -> Comparison:
    """What changed from one list of ids to the next.

    A record that the library has merged into another since, which is found in its place, is the
    same one; ``generation`` tells which. What newcomers push down has not moved: moved are the
    fewest records whose moving explains the new order of those that stayed.
    """
    later = set(after)
    absent = [i for i in before if i not in later]
    if absent and generation is not None:
        led = {i: number for i, (number, _) in generation.present(absent).items()}
        own = dict(zip(led.values(), generation.ids(list(led.values())), strict=True))
        same = {i: own[number] for i, number in led.items()}
        before = list(dict.fromkeys(same.get(i, i) for i in before))
    earlier = {i: rank for rank, i in enumerate(before, 1)}
    moved: tuple[Move, ...] = ()
    if ranked:
        stayed = [(i, earlier[i], rank) for rank, i in enumerate(after, 1) if i in earlier]
        in_place = _longest_rising([old for _, old, _ in stayed])
        moved = tuple(Move(i, old, new) for i, old, new in stayed if old not in in_place)
    return Comparison(
        tuple(i for i in after if i not in earlier),
        tuple(i for i in before if i not in later),
        moved,
    )


def _longest_rising(ranks: Sequence[int]) -> set[int]:
    """The longest rising subsequence of distinct numbers: patience sorting."""
    ends: list[int] = []
    piles: list[int] = []
    before: dict[int, int | None] = {}
    for rank in ranks:
        place = bisect_left(piles, rank)
        before[rank] = ends[place - 1] if place else None
        piles[place : place + 1] = [rank]
        ends[place : place + 1] = [rank]
    chosen: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        chosen.add(last)
        last = before[last]
    return chosen
