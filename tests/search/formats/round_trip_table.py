"""What parsers that are not ours read of our exports, counted, as a table of docs/formats.md.

Run ``python -m tests.search.formats.round_trip_table`` to write it there; a test holds the table to
it.
"""

import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nbib
import pandas
import pybtex.database
import rispy
from pylatexenc.latex2text import LatexNodes2Text

from search.formats import FORMATS
from search.records import Record, record_from_dict

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"
BEGIN, END = "<!-- read by others: made by a command -->", "<!-- end -->"
SAMPLE = Path(__file__).parent / "samples" / "pubmed.xml"
FIELDS = ("title", "abstract", "authors", "journal", "year", "volume", "pages", "doi", "keywords")

# What a parser gives for one record: text by field.
Read = dict[str, Any]

JAPANESE = record_from_dict(
    {
        "id": "ichushi:2020123456", "title": "高齢者の転倒", "language": "ja",
        "translations": [{"language": "en", "title": "Falls", "abstract": "We counted falls."}],
        "authors": [{"family": "山田", "given": "太郎"}], "journal": "架空看護", "date": "2020-03",
        "volume": "12", "issue": "3", "pages": "45-50", "doi": "10.5555/ja.1", "issn": "0000-0019",
        "ichushi_id": "2020123456", "keywords": ["転倒", "看護"],
    }
)  # fmt: skip
ENGLISH = record_from_dict(
    {
        "id": "pmid:31000001", "pmid": "31000001", "title": "Sets {a, b of x_1 & 50% of wards",
        "abstract": "One brace } too many, @article{x, and p < 0.05.", "language": "en",
        "authors": [{"family": "van Abe", "given": "Bun"}, {"family": "Example Study Group"}],
        "journal": "J Ex", "date": "2019-03-05", "doi": "10.1002/(SICI)1:2<3::AID-X4>3.0.CO;2-Z",
    }
)  # fmt: skip


def samples() -> list[Record]:
    """The records that are written: two that are awkward, and those of the PubMed sample."""
    read = FORMATS["pubmed-xml"].read(io.BytesIO(SAMPLE.read_bytes()))
    return [JAPANESE, ENGLISH, *(item for item in read if isinstance(item, Record))]


def written(name: str, records: Iterable[Record]) -> bytes:
    """An export of records in a format that can be written."""
    stream = io.BytesIO()
    write = FORMATS[name].write
    assert write
    write(records, stream)
    return stream.getvalue()


def with_rispy(content: bytes) -> list[Read]:
    """RIS, by rispy."""
    return [
        {
            **entry,
            "journal": entry.get("secondary_title") or entry.get("journal_name", ""),
            "pages": _joined("-", [entry.get("start_page"), entry.get("end_page")]),
        }
        for entry in rispy.loads(content.decode())
    ]


def with_nbib(content: bytes) -> list[Read]:
    """MEDLINE text, by nbib."""
    return [
        {
            **entry,
            "authors": [a["author"] for a in entry.get("authors", ())]
            + entry.get("corporate_authors", []),
            "volume": entry.get("journal_volume", ""),
            "year": entry.get("publication_date", "")[:4],
        }
        for entry in nbib.read(content.decode().replace("\r\n", "\n"))
    ]


def with_pybtex(content: bytes) -> list[Read]:
    """BibTeX, by pybtex, its LaTeX turned into text by pylatexenc."""
    latex = LatexNodes2Text(math_mode="verbatim").latex_to_text

    def plain(text: str) -> str:
        # Commands of LaTeX that pylatexenc does not know.
        left, right = r"\textbraceleft{}", r"\textbraceright{}"
        return latex(text.replace(left, r"\{").replace(right, r"\}"))

    return [
        {
            **{name: plain(value) for name, value in entry.fields.items()},
            "authors": [plain(str(person)) for person in entry.persons.get("author", ())],
            "pages": entry.fields.get("pages", "").replace("--", "-"),
            "keywords": plain(entry.fields.get("keywords", "")).split("; "),
        }
        for entry in pybtex.database.parse_bytes(content, "bibtex").entries.values()
    ]


def with_pandas(read: Callable[..., pandas.DataFrame], **options: Any) -> Callable[..., list[Read]]:
    """Tables, by pandas."""

    def rows(content: bytes) -> list[Read]:
        table = read(io.BytesIO(content), dtype=str, keep_default_na=False, **options)
        return [
            {
                **row,
                "authors": _parts(row["authors"]),
                "keywords": _parts(row["keywords"]),
                "year": row["date"][:4],
            }
            for row in table.to_dict("records")
        ]

    return rows


PARSERS: dict[str, tuple[str, Callable[[bytes], list[Read]]]] = {
    "ris": ("rispy", with_rispy),
    "nbib": ("nbib", with_nbib),
    "bibtex": ("pybtex", with_pybtex),
    "csv": ("pandas", with_pandas(pandas.read_csv)),
    "tsv": ("pandas", with_pandas(pandas.read_csv, sep="\t")),
    "xlsx": ("pandas", with_pandas(pandas.read_excel, engine="openpyxl")),
}


def counted(name: str) -> dict[str, tuple[int, int]]:
    """For each field, how many of the records that have it a parser reads as we have it."""
    records = samples()
    found = PARSERS[name][1](written(name, records))
    counts = {"records": (len(found), len(records))}
    for field in FIELDS:
        pairs = [
            (_words(read.get(field, "")), [_words(w) for w in accepted])
            for read, record in zip(found, records, strict=True)
            if any(accepted := _expected(record, field))
        ]
        counts[field] = (sum(read in accepted for read, accepted in pairs), len(pairs))
    return counts


def _expected(record: Record, field: str) -> list[Any]:
    """What counts as right: of title and abstract, that of any language which the record has."""
    if field in ("title", "abstract"):
        return [text for v in record.versions() if (text := getattr(v, field))]
    if field == "authors":
        return [[_joined(", ", [a.family, a.given]) for a in record.authors]]
    return [record.year if field == "year" else getattr(record, field)]


def _words(value: Any) -> list[str]:
    """A value without what formats write differently: spaces, brackets of a translated title and
    the comma that marks an organisation."""
    texts = value if isinstance(value, list | tuple) else [value]
    return [" ".join(str(text).split()).strip("[]{}").rstrip(",").strip() for text in texts]


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _joined(mark: str, parts: Iterable[str | None]) -> str:
    return mark.join(filter(None, parts))


def table() -> str:
    """The table in Markdown."""
    columns = ("records", *FIELDS)
    lines = [
        f"| format | read by | {' | '.join(columns)} |",
        "|---|---|" + "---|" * len(columns),
    ]
    for name, (parser, _) in PARSERS.items():
        counts = counted(name)
        cells = (f"{right} of {all_}" for right, all_ in (counts[column] for column in columns))
        lines.append(f"| {name} | {parser} | {' | '.join(cells)} |")
    return "\n".join(lines)


def documented() -> str:
    """The table as it stands in the documentation."""
    found = re.search(f"{BEGIN}\n(.*?)\n{END}", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{DOCS}: {BEGIN} is missing"
    return found.group(1)


if __name__ == "__main__":
    text = DOCS.read_text(encoding="utf-8")
    before, after = (f"{BEGIN}\n{part}\n{END}" for part in (documented(), table()))
    DOCS.write_text(text.replace(before, after), encoding="utf-8")
