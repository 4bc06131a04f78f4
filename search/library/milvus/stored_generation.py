"""What of a generation lies in Milvus: a collection of passages, and where it ranks term lists
one of records. :mod:`indexer.publishing` writes what :mod:`search.library.milvus.milvus_legs`
reads.

A generation's collections are named by the library's alias, its number and what its manifest is,
so that no other generation, nor one of another library, can be taken for it. The alias leads to the
passages of the live one.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.filters import IN_DOUBT, Filters
from search.library.manifest import MANIFEST
from search.library.milvus.address import MilvusAddress
from search.records import Record

# Milvus gives no more results of one search.
MOST = 16_384
# The year of a record that has none.
NO_YEAR = -32_768
# What a text field of Milvus holds at most, in bytes, and an array, in values.
_TEXT = 65_535
_VALUES = 4096
_WORD_BYTES = 5
_DIGEST = 10


@dataclass(frozen=True)
class Published:
    """The collections of a generation."""

    passages: str

    @property
    def words(self) -> str:
        """The collection of term lists."""
        return f"{self.passages}_words"

    @property
    def generation(self) -> str:
        """The generation's number as its folder writes it."""
        return self.passages.rsplit("_", 2)[1]

    @classmethod
    def of(cls, address: MilvusAddress, generation: Path) -> "Published":
        """The collections of the generation in a folder."""
        digest = hashlib.sha256((generation / MANIFEST).read_bytes()).hexdigest()[:_DIGEST]
        return cls(f"{address.name}_{generation.name}_{digest}")

    @classmethod
    def among(cls, names: Iterable[str], address: MilvusAddress) -> "list[Published]":
        """The generations of a library that a server's collections hold, oldest first."""
        pattern = re.compile(rf"{re.escape(address.name)}_\d+_[0-9a-f]{{{_DIGEST}}}(_words)?")
        found = {n.removesuffix("_words") for n in names if pattern.fullmatch(n)}
        return [cls(name) for name in sorted(found)]


def filter_fields(record: Record) -> dict[str, Any]:
    """What filters look at, as Milvus stores it; what is too long to be asked for is left out."""
    return {
        "year": NO_YEAR if record.year is None else record.year,
        "journal": "".join(_fitting([record.journal])),
        "publication_types": _fitting(record.publication_types),
        "keywords": _fitting(record.keywords),
        "languages": sorted({v.language for v in record.versions() if v.title or v.abstract}),
        "has_abstract": any(v.abstract for v in record.versions()),
        "retraction": record.retraction,
    }


def _fitting(values: Iterable[str]) -> list[str]:
    kept = [value for value in dict.fromkeys(values) if len(value.encode()) <= _TEXT]
    return kept[:_VALUES]


def add_filter_fields(schema: Any) -> None:
    """Add the fields of :func:`filter_fields` to a collection's schema."""
    from pymilvus import DataType

    schema.add_field("year", DataType.INT32)
    schema.add_field("journal", DataType.VARCHAR, max_length=_TEXT)
    for name in ("publication_types", "keywords", "languages"):
        schema.add_field(
            name,
            DataType.ARRAY,
            element_type=DataType.VARCHAR,
            max_capacity=_VALUES,
            max_length=_TEXT,
        )
    schema.add_field("has_abstract", DataType.BOOL)
    schema.add_field("retraction", DataType.VARCHAR, max_length=_TEXT)


def add_words_field(schema: Any) -> None:
    """Add the term list of :func:`word_list` to a collection's schema."""
    from pymilvus import DataType

    schema.add_field(
        "words",
        DataType.VARCHAR,
        max_length=_TEXT,
        enable_analyzer=True,
        analyzer_params={"tokenizer": "standard"},
    )


def word_list(terms: Iterable[str]) -> str:
    """Terms joined by spaces, each as eight letters and digits: Milvus's tokenizers know no
    Japanese and would take IL-6 apart; these they leave alone. What is too long is cut."""
    words = " ".join(map(_word, terms))
    return words if len(words) <= _TEXT else words[:_TEXT].rsplit(" ", 1)[0]


def _word(term: str) -> str:
    digest = hashlib.blake2b(term.encode(), digest_size=_WORD_BYTES).digest()
    return base64.b32encode(digest).decode().lower()


# What a text may not hold to stand in an expression as it is.
_NOT_WRITTEN = re.compile(r'["\\\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]')


def expression(filters: Filters) -> str | None:
    """The conditions as Milvus writes them, empty where there are none; None where it cannot:
    words, chosen records, and texts with quotation marks and the like, of which no engine's way to
    escape them has to be trusted."""
    values = (filters.journal, filters.publication_type, filters.keyword, filters.language)
    if filters.words or filters.within is not None or any(map(_NOT_WRITTEN.search, values)):
        return None
    conditions = []
    if filters.year_from is not None:
        conditions.append(f"year >= {_bounded(filters.year_from)}")
    if filters.year_to is not None:
        conditions.append(f"year <= {_bounded(filters.year_to)}")
    if filters.year_from is not None or filters.year_to is not None:
        conditions.append(f"year > {NO_YEAR}")
    if filters.journal:
        conditions.append(f'journal == "{filters.journal}"')
    for field, value in (
        ("publication_types", filters.publication_type),
        ("keywords", filters.keyword),
        ("languages", filters.language),
    ):
        if value:
            conditions.append(f'array_contains({field}, "{value}")')
    if filters.has_abstract:
        conditions.append("has_abstract == true")
    if filters.retraction:
        listed = ", ".join(f'"{state}"' for state in IN_DOUBT)
        negation = "not " if filters.retraction == "exclude" else ""
        conditions.append(f"retraction {negation}in [{listed}]")
    return " and ".join(conditions)


def _bounded(year: int) -> int:
    return max(NO_YEAR, min(year, -NO_YEAR))
