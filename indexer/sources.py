"""What a librarian points at: files, folders, patterns, archives, standard input.

Each becomes a :class:`Source`: a name for messages, its size where known, and a way to open it.
Archives are read member by member and never unpacked to disk, so a ``../`` in a member's name is a
name and nothing else; what a member expands to is bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

STANDARD_INPUT = "-"
# Text compresses to a tenth; beyond this ratio and size a member is a bomb, not literature.
_MAX_RATIO = 200
_MAX_SUSPECT = 256 * 1024**2
_MAX_MEMBERS = 100_000


@dataclass(frozen=True)
class Source:
    """Something that holds records. ``size`` is in bytes, 0 where unknown."""

    name: str
    size: int
    open: Callable[[], BinaryIO]
