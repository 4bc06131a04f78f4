"""The groups in which a searcher thinks of terms: the same, broader, narrower, and what belongs to
it: therapy, test, complication, population."""

import re
from importlib import resources
from typing import Literal, get_args

from search.suggest.query_parts import folded
from search.text.fold import to_lexical

Group = Literal[
    "synonym",
    "broader",
    "narrower",
    "therapy",
    "test",
    "complication",
    "population",
    "related",
]
GROUPS: tuple[Group, ...] = get_args(Group)
# What a term can be by itself, whatever the query.
_KINDS: tuple[Group, ...] = ("therapy", "test", "complication", "population")


def _endings() -> dict[str, Group]:
    lines = (resources.files("search.suggest") / "endings.txt").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    kinds = {str(kind): kind for kind in _KINDS}
    return {ending: kinds[kind] for kind, *endings in rows for ending in endings}


_BY_ENDING = _endings()
_LONGEST = max(map(len, _BY_ENDING))
_WORD = re.compile(r"[a-z]")
# What turns a word into another one instead of narrowing it: 副甲状腺 is no 甲状腺.
_TURNING = "副非無不抗偽未反逆脱"
# What a name can end with or without.
_EMPTY_ENDINGS = {"", "症", "病", "性", "型", "法", "術", "薬", "剤"}


def kind_by_ending(term: str) -> Group | None:
    """What a term is by how it ends, if that says anything."""
    folded = to_lexical(term)
    for length in range(min(_LONGEST, len(folded)), 0, -1):
        kind = _BY_ENDING.get(folded[-length:])
        if kind and not (_WORD.match(folded[-length:]) and folded[:-length][-1:].isalpha()):
            return kind
    return None


def contains(term: str, part: str) -> bool:
    """Whether a term says a part of the query and more (糖尿病患者), or less: no synonym of it, but
    for an ending that only makes a noun of it (心筋梗塞症)."""
    ours, theirs = folded(term), folded(part)
    longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
    rest = longer.replace(shorter, "", 1)
    return len(rest) < len(longer) and not (longer.startswith(shorter) and rest in _EMPTY_ENDINGS)


def relation(term: str, part: str) -> Group | None:
    """How a term stands to a part of the query by the words that they share: in Japanese and in
    English what comes before a head narrows it (急性心筋梗塞 for 心筋梗塞)."""
    ours, theirs = folded(term), folded(part)
    if ours == theirs or min(len(ours), len(theirs)) < 2:
        return None
    longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
    if not longer.endswith(shorter) or longer.removesuffix(shorter)[-1] in _TURNING:
        return None
    return "narrower" if longer == ours else "broader"
