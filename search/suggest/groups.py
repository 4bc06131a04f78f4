"""The groups in which a searcher thinks of terms: the same, broader, narrower, and what belongs to
it: therapy, test, complication, population."""

import re
from collections.abc import Sequence
from importlib import resources
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from search.text.fold import to_lexical
from search.text.variants import fold

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
# A vector has to be nearer to one kind than to the next by this much to say what a term is.
_MARGIN = 0.15


def kind_by_ending(term: str) -> Group | None:
    """What a term is by how it ends, if that says anything."""
    folded = to_lexical(term)
    for length in range(min(_LONGEST, len(folded)), 0, -1):
        kind = _BY_ENDING.get(folded[-length:])
        if kind and not (_WORD.match(folded[-length:]) and folded[:-length][-1:].isalpha()):
            return kind
    return None


class Kinds:
    """What each of some terms is by itself: by its ending, or else by the terms that its vector is
    near to."""

    def __init__(
        self, terms: Sequence[str], places: NDArray[np.int64], vectors: NDArray[np.float32]
    ) -> None:
        """``vectors`` (n, dim) are those of the terms at ``places`` (n,)."""
        self._of: list[Group | None] = [kind_by_ending(term) for term in terms]
        of_row = np.array([_KINDS.index(k) if (k := self._of[i]) else -1 for i in places.tolist()])
        if any(not (of_row == kind).any() for kind in range(len(_KINDS))):
            return
        centres = np.stack([vectors[of_row == kind].mean(axis=0) for kind in range(len(_KINDS))])
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
        near = vectors @ centres.T
        ordered = np.sort(near, axis=1)
        clear = (of_row < 0) & (ordered[:, -1] - ordered[:, -2] > _MARGIN) & (ordered[:, -1] > 0)
        for row in np.flatnonzero(clear).tolist():
            self._of[int(places[row])] = _KINDS[int(near[row].argmax())]

    def __getitem__(self, term: int) -> Group:
        return self._of[term] or "related"


def contains(term: str, part: str) -> bool:
    """Whether a term says a part of the query and more (糖尿病患者), or less: no synonym of it, but
    for an ending that only makes a noun of it (心筋梗塞症)."""
    ours, theirs = fold(term), fold(part)
    longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
    rest = longer.replace(shorter, "", 1)
    return len(rest) < len(longer) and not (longer.startswith(shorter) and rest in _EMPTY_ENDINGS)


def relation(term: str, part: str) -> Group | None:
    """How a term stands to a part of the query by the words that they share: in Japanese and in
    English what comes before a head narrows it (急性心筋梗塞 for 心筋梗塞)."""
    ours, theirs = fold(term), fold(part)
    if ours == theirs or min(len(ours), len(theirs)) < 2:
        return None
    longer, shorter = (ours, theirs) if len(ours) > len(theirs) else (theirs, ours)
    if not longer.endswith(shorter) or longer.removesuffix(shorter)[-1] in _TURNING:
        return None
    return "narrower" if longer == ours else "broader"
