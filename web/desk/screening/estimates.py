"""What a reviewer's decisions say of recall, computed anew at every tenth decision."""

from web.desk.kept_answers import Remembered
from web.desk.screening.learning import probabilities
from web.desk.screening.ordering import collection_features, own_labels
from web.desk.screening.outcomes import Screened
from web.desk.screening.plan import Stage
from web.desk.screening.recall import Recall, recall
from web.desk.store import Store

# The estimate moves slowly, and is dearer than the next record.
_EVERY = 10


def stage_recall(
    store: Store,
    number: int,
    stage: Stage,
    reviewer: str,
    found: Screened,
    *,
    fresh: bool = False,
) -> Recall | None:
    """The recall of a reviewer's decisions, as of their last full ten, or all where ``fresh``; None
    before there are ten."""
    labels = own_labels(found, reviewer)
    if not fresh:
        labels = dict(list(labels.items())[: len(labels) // _EVERY * _EVERY])
    if not labels:
        return None
    total = len(found.outcomes)
    key = (store.path, number, stage, reviewer, tuple(labels.items()), total)
    return _remembered.get(key, lambda: _recall(store, number, labels, found))


_remembered: Remembered[Recall] = Remembered(64)


def _recall(store: Store, number: int, labels: dict[str, bool], found: Screened) -> Recall:
    weighed = collection_features(store, number)
    left = [i for i in found.outcomes if i not in labels]
    chances = probabilities(weighed, labels, left) if weighed else None
    known = chances if chances is not None and len(chances) else None
    return recall(list(labels.values()), len(found.outcomes), known)
