"""Terminologies that a user adds: a file each in one folder, beside the one that ships."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from indexer.terminology.joining import Joined, joined
from indexer.terminology.mesh import read_mesh
from indexer.terminology.own_pairs import own_pairs
from indexer.terminology.skos import read_skos, syntax_of
from indexer.terminology.statements import Statement, Statements
from indexer.terminology.term_file import write_terminology
from indexer.terminology.term_table import read_table
from search.formats.syntax.read_items import Rejected
from search.library.library import Library
from search.terminology.concepts import Source
from search.terminology.keys import key
from search.terminology.opened_file import TerminologyError
from search.terminology.terminology import added_files

_NAME = re.compile(r"[\w.-]{1,60}")
_HEAD = 4096
# NLM's two kinds of files by their root.
_MESH = (b"<DescriptorRecordSet", b"<SupplementalRecordSet")


@dataclass(frozen=True)
class Added:
    """What was added: where it lies, how many concepts and names it has, and what could not be
    read of its source."""

    path: Path
    concepts: int
    names: int
    rejected: tuple[Rejected, ...]


def add_terminology(
    file: Path, folder: Path, name: str = "", version: str = "", licence: str = ""
) -> Added:
    """Add a table of names, MeSH in XML or SKOS to the folder of terminologies, in the place of one
    of the same name; ``name`` is the file's where nothing is said.

    Raises:
        TerminologyError: when nothing in the file can be used, or the name cannot be a file's; what
            was there stays.
    """
    with file.open("rb") as stream:
        read = list(_read(file, stream))
    return _added(read, str(file), folder, Source(name or file.stem, version, licence, ""))


def add_own_pairs(library: Path, folder: Path, name: str = "", licence: str = "") -> Added:
    """Add the names that a library's records give in brackets, as a terminology of its own, whose
    version is the library's generation.

    Raises:
        TerminologyError: as :func:`add_terminology`. LibraryError: when the library cannot be used.
    """
    generation = Library(library).generation()
    told = list(own_pairs(record for _, record in generation.all_records()))
    source = Source(name or library.resolve().name, generation.name, licence, "")
    return _added(told, str(library), folder, source)


def _added(read: Sequence[Statement | Rejected], where: str, folder: Path, source: Source) -> Added:
    name = source.name
    if not _NAME.fullmatch(name):
        raise TerminologyError(
            f"{name!r} cannot be the name of a terminology: use letters, digits, '.', '-' and '_'"
        )
    told = [item for item in read if isinstance(item, Statement)]
    rejected = tuple(item for item in read if isinstance(item, Rejected))
    if not told:
        reason = f" ({rejected[0].place}: {rejected[0].reason})" if rejected else ""
        raise TerminologyError(f"{where} has no concept that can be used{reason}")
    concepts = joined([Statements(source, told)])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.db"
    write_terminology(path, concepts, [source])
    return Added(path, len(concepts), sum(len(c.labels) for c in concepts), rejected)


def remove_terminology(folder: Path, name: str) -> None:
    """Remove one that was added.

    Raises:
        TerminologyError: when none has this name; the message names those that there are.
    """
    there = {path.stem: path for path in added_files(folder)}
    if name not in there:
        known = ", ".join(there) or "none"
        raise TerminologyError(f"no terminology {name!r} was added to {folder}; there is: {known}")
    there[name].unlink()


@dataclass(frozen=True)
class Doubts:
    """What should be looked at in a file: names that several of its concepts share, broader names
    that no concept has, or several, and concepts that lie under themselves."""

    homographs: tuple[str, ...]
    orphans: tuple[str, ...]
    cycles: tuple[str, ...]


def check_terminology(file: Path) -> Doubts:
    """Look for homographs, orphans and cycles in a table, in MeSH or SKOS.

    Raises:
        TerminologyError: as :func:`add_terminology`.
    """
    with file.open("rb") as stream:
        told = [item for item in _read(file, stream) if isinstance(item, Statement)]
    concepts = joined([Statements(Source(file.stem, "", "", ""), told)])
    named = _by_key(concepts)
    shared = sorted(_written(concepts, own) for own, having in named.items() if len(having) > 1)
    coded = {code: [n] for n, concept in enumerate(concepts) for code in concept.notations}
    above: dict[int, set[int]] = {}
    orphans: list[str] = []
    for number, concept in enumerate(concepts):
        for name, parents in [
            *((name, named.get(key(name), [])) for name in concept.broader),
            *((" ".join(code), coded.get(code, [])) for code in concept.broader_codes),
        ]:
            if len(parents) != 1:
                orphans.append(f"{_name(concept)} < {name}")
            else:
                above.setdefault(number, set()).add(parents[0])
    cycles = sorted(_name(concepts[n]) for n in above if _reaches(above, n))
    return Doubts(tuple(shared), tuple(orphans), tuple(cycles))


def _read(file: Path, stream: BinaryIO) -> Iterator[Statement | Rejected]:
    head = stream.read(_HEAD)
    stream.seek(0)
    try:
        if any(root in head for root in _MESH):
            yield from read_mesh(stream)
        elif syntax := syntax_of(head, file.name):
            yield from read_skos(stream, syntax)
        else:
            yield from read_table(stream)
    except ValueError as error:
        raise TerminologyError(f"{file}: {error}") from error


def _by_key(concepts: list[Joined]) -> dict[str, list[int]]:
    named: dict[str, list[int]] = {}
    for number, concept in enumerate(concepts):
        for own in concept.labels:
            named.setdefault(own, []).append(number)
    return named


def _written(concepts: list[Joined], own: str) -> str:
    return next(c.labels[own][0][0] for c in concepts if own in c.labels)


def _name(concept: Joined) -> str:
    (text, _, _), _ = next(iter(concept.labels.values()))
    return text


def _reaches(above: dict[int, set[int]], start: int) -> bool:
    """Whether a concept lies under itself."""
    seen: set[int] = set()
    left = list(above[start])
    while left:
        number = left.pop()
        if number == start:
            return True
        if number not in seen:
            seen.add(number)
            left += above.get(number, ())
    return False
