"""What the pages say about the library, read once for each generation."""

import threading
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from search.library.generation import Generation

# A list that a browser still offers at once; any other journal can be typed.
_JOURNALS = 200


@dataclass(frozen=True)
class Facts:
    """Counts, and the choices that filters offer, as (value, number of records)."""

    generation: str
    records: int
    created: datetime | None
    years: tuple[int, int] | None
    journals: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]
    is_sample: bool


_known: WeakKeyDictionary[Generation, Facts] = WeakKeyDictionary()
_lock = threading.Lock()


def facts(generation: Generation) -> Facts:
    """The facts of a generation; counting over all records happens once."""
    with _lock:
        found = _known.get(generation)
    if found is None:
        found = _read(generation)
        with _lock:
            _known[generation] = found
    return found


def _read(generation: Generation) -> Facts:
    return Facts(
        generation=generation.name,
        records=generation.manifest.records,
        created=_moment(generation.manifest.created),
        years=generation.years(),
        journals=tuple(generation.journals()[:_JOURNALS]),
        languages=tuple(generation.languages()),
        is_sample=generation.is_sample,
    )


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
