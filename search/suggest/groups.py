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
# A vector has to be nearer to one kind than to the next by this much to say what a term is.
_MARGIN = 0.04


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

    def __init__(self, terms: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self._of: list[Group | None] = [kind_by_ending(term) for term in terms]
        if not len(vectors):
            return
        known = np.any(vectors, axis=1)
        members = [
            np.flatnonzero(known & np.array([found == kind for found in self._of]))
            for kind in _KINDS
        ]
        if min(map(len, members)) < 1:
            return
        centres = np.stack([vectors[rows].mean(axis=0) for rows in members])
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
        near = vectors @ centres.T
        ordered = np.sort(near, axis=1)
        clear = known & (ordered[:, -1] - ordered[:, -2] > _MARGIN) & (ordered[:, -1] > 0)
        for i in np.flatnonzero(clear).tolist():
            self._of[i] = self._of[i] or _KINDS[int(near[i].argmax())]

    def __getitem__(self, term: int) -> Group:
        return self._of[term] or "related"


def relation(term: str, part: str) -> Group | None:
    """How a term stands to a part of the query by the words that they share: in Japanese and in
    English what comes before a head narrows it (急性心筋梗塞 for 心筋梗塞)."""
    ours, theirs = fold(term), fold(part)
    if ours == theirs or min(len(ours), len(theirs)) < 2:
        return None
    if ours.endswith(theirs):
        return "narrower"
    if theirs.endswith(ours):
        return "broader"
    return None
