"""Bibliographic formats: bytes to records and back, behind one registry.

A format is a :class:`Format`: its name, how it is recognised, a reader that yields one
:class:`~search.records.Record`, :class:`Rejected` or :class:`Deletion` for each item of its input,
and a writer where there is one, with what it cannot carry. Nothing that is wrong with one item
stops the others.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from search.formats import (
    beir,
    bibtex,
    cinii,
    clinical_trials,
    cochrane,
    crossref,
    csl_json,
    endnote_xml,
    esummary,
    europe_pmc,
    ichushi,
    ictrp,
    jats,
    jsonl,
    jstage,
    medline,
    mods,
    oai_dc,
    openalex,
    ovid,
    pubmed_text,
    pubmed_xml,
    refer,
    refworks,
    ris,
    tables,
    unknown,
    workbooks,
    wos,
    zotero_rdf,
)
from search.formats.fields.remarks import Remarked
from search.formats.syntax.read_items import (
    Deletion,
    FormatError,
    Item,
    Rejected,
    UnknownFormatError,
    Versioned,
)
from search.records import Record

__all__ = [
    "FORMATS",
    "MAX_RATIO",
    "SUSPICIOUS",
    "Deletion",
    "Format",
    "FormatError",
    "Item",
    "Rejected",
    "UnknownFormatError",
    "format_of",
    "read_records",
    "read_stream",
    "recognise",
]

_SNIFFED = 64 * 1024
# Bibliographic text compresses to a tenth; what shrank far more is a bomb.
MAX_RATIO = 200
SUSPICIOUS = 64 * 1024**2


@dataclass(frozen=True)
class Format:
    """One bibliographic format and what it can do.

    ``recognises`` looks at the first bytes of the content; ``read`` takes the opened stream and
    raises nothing but what the stream itself raises. ``write`` is there where the format can be
    written; ``drops`` names the fields of a record that are lost then, and what of them is lost.
    ``tested`` says whether real exports were at hand, or only samples written for the tests.
    ``takes_mapping`` is true where ``read`` takes ``mapping``, column names to field names;
    ``takes_remarks`` where it takes ``remarked``, to be told of notes and labels beside records;
    ``takes_versions`` where it takes ``versioned``, to be told of a record's version.
    """

    name: str
    description: str
    extensions: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    read: Callable[..., Iterator[Item]]
    write: Callable[[Iterable[Record], BinaryIO], None] | None = None
    drops: Mapping[str, str] = field(default_factory=dict)
    tested: Literal["real", "written for the tests", "no"] = "written for the tests"
    takes_mapping: bool = False
    takes_remarks: bool = False
    takes_versions: bool = False


# The most specific first: a later recogniser may be true of an earlier format's content.
FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format(
            "xlsx",
            "an Excel workbook with a table",
            (".xlsx",),
            workbooks.recognises_xlsx,
            workbooks.read_xlsx,
            tables.write_xlsx,
            tables.XLSX_DROPS,
            takes_mapping=True,
            takes_remarks=True,
        ),
        Format(
            "xls",
            "an old Excel workbook with a table",
            (".xls",),
            workbooks.recognises_xls,
            workbooks.read_xls,
            takes_mapping=True,
            takes_remarks=True,
        ),
        Format(
            "ods",
            "an OpenDocument table",
            (".ods",),
            workbooks.recognises_ods,
            workbooks.read_ods,
            takes_mapping=True,
            takes_remarks=True,
        ),
        Format(
            "pubmed-xml",
            "PubMed XML: baseline, update and exported files",
            (".xml",),
            pubmed_xml.recognises,
            pubmed_xml.read,
            tested="real",
            takes_versions=True,
        ),
        Format(
            "jats",
            "JATS XML: articles of PMC, J-STAGE and publishers",
            (".xml", ".nxml"),
            jats.recognises,
            jats.read,
            tested="real",
        ),
        Format(
            "jstage",
            "J-STAGE WebAPI, search for articles (Atom)",
            (".xml",),
            jstage.recognises,
            jstage.read,
            tested="real",
        ),
        Format(
            "endnote-xml",
            "EndNote XML",
            (".xml",),
            endnote_xml.recognises,
            endnote_xml.read,
            tested="real",
        ),
        Format(
            "esummary-xml",
            "PubMed's eSummary, XML",
            (".xml",),
            esummary.recognises_xml,
            esummary.read_xml,
        ),
        Format(
            "ictrp",
            "WHO's ICTRP, XML: also of jRCT and UMIN-CTR",
            (".xml",),
            ictrp.recognises,
            ictrp.read,
        ),
        Format("oai-dc", "Dublin Core by OAI-PMH", (".xml",), oai_dc.recognises, oai_dc.read),
        Format("mods", "MODS", (".xml", ".mods"), mods.recognises, mods.read),
        Format(
            "zotero-rdf", "Zotero RDF", (".rdf", ".xml"), zotero_rdf.recognises, zotero_rdf.read
        ),
        Format(
            "cinii",
            "CiNii Research JSON-LD: search results and single records",
            (".json",),
            cinii.recognises,
            cinii.read,
        ),
        Format(
            "crossref",
            "Crossref's REST API, JSON",
            (".json",),
            crossref.recognises,
            crossref.read,
        ),
        Format("openalex", "OpenAlex's API, JSON", (".json",), openalex.recognises, openalex.read),
        Format(
            "europe-pmc",
            "Europe PMC's REST API, JSON",
            (".json",),
            europe_pmc.recognises,
            europe_pmc.read,
        ),
        Format(
            "clinical-trials",
            "ClinicalTrials.gov's API, JSON",
            (".json",),
            clinical_trials.recognises,
            clinical_trials.read,
        ),
        Format(
            "esummary-json",
            "PubMed's eSummary, JSON",
            (".json",),
            esummary.recognises_json,
            esummary.read_json,
        ),
        Format(
            "csl-json",
            "CSL-JSON of Zotero and other reference managers",
            (".json",),
            csl_json.recognises,
            csl_json.read,
        ),
        Format(
            "beir",
            "BEIR corpus.jsonl (_id, title, text, metadata)",
            (".jsonl",),
            beir.recognises,
            beir.read,
            beir.write,
        ),
        Format(
            "jsonl",
            "jmedsearch records, one JSON object a line",
            (".jsonl",),
            jsonl.recognises,
            jsonl.read,
            jsonl.write,
        ),
        Format(
            "ichushi",
            "医中誌Web, text with tags or with the names of the fields",
            (".txt",),
            ichushi.recognises,
            ichushi.read,
        ),
        Format(
            "ovid",
            "Ovid's text: tagged (Reprint/Medlars) or with the names of the fields (Citation)",
            (".txt", ".ovd"),
            ovid.recognises,
            ovid.read,
        ),
        Format(
            "cochrane",
            "the Cochrane Library's plain text",
            (".txt",),
            cochrane.recognises,
            cochrane.read,
        ),
        Format(
            "refworks",
            "RefWorks' tagged format",
            (".txt",),
            refworks.recognises,
            refworks.read,
        ),
        Format(
            "pubmed-abstract",
            "PubMed's Abstract (text)",
            (".txt",),
            pubmed_text.recognises_abstract,
            pubmed_text.read_abstract,
        ),
        Format(
            "pubmed-summary",
            "PubMed's Summary (text)",
            (".txt",),
            pubmed_text.recognises_summary,
            pubmed_text.read_summary,
        ),
        Format(
            "ciw",
            "Web of Science, field-tagged",
            (".ciw", ".txt"),
            wos.recognises,
            wos.read,
            tested="real",
        ),
        Format(
            "nbib",
            "MEDLINE text of PubMed and PMC",
            (".nbib", ".txt"),
            medline.recognises,
            medline.read,
            medline.write,
            medline.DROPS,
            tested="real",
        ),
        Format(
            "ris",
            "RIS of databases and reference managers",
            (".ris", ".txt"),
            ris.recognises,
            ris.read,
            ris.write,
            ris.DROPS,
            tested="real",
            takes_remarks=True,
        ),
        Format("refer", "Refer/BibIX (EndNote)", (".enw", ".txt"), refer.recognises, refer.read),
        Format(
            "bibtex",
            "BibTeX and BibLaTeX",
            (".bib",),
            bibtex.recognises,
            bibtex.read,
            bibtex.write,
            bibtex.DROPS,
        ),
        Format(
            "tsv",
            "a table with tabs between its columns",
            (".tsv", ".txt"),
            tables.recognises_tsv,
            tables.read_csv,
            tables.write_tsv,
            tables.DROPS,
            tested="real",
            takes_mapping=True,
            takes_remarks=True,
        ),
        Format(
            "csv",
            "a table with commas or semicolons between its columns",
            (".csv",),
            tables.recognises_csv,
            tables.read_csv,
            tables.write_csv,
            tables.DROPS,
            tested="real",
            takes_mapping=True,
            takes_remarks=True,
        ),
    )
}


def recognise(head: bytes, source: str) -> Format:
    """The format of content that begins with ``head``.

    Raises:
        UnknownFormatError: when no format knows it; says what it seems to be and what to export
            instead, or lists the formats that exist.
    """
    for candidate in FORMATS.values():
        if candidate.recognises(head):
            return candidate
    seems, told = unknown.advice(head)
    if seems:
        raise UnknownFormatError(f"{source}: no known format; {told}", source, seems)
    raise UnknownFormatError(
        f"{source}: no known format begins like this; known are {', '.join(FORMATS)} "
        "(choose one with --format)",
        source,
        seems,
    )


def _named(name: str) -> Format:
    try:
        return FORMATS[name]
    except KeyError:
        raise FormatError(f"{name!r} is no known format; known are {', '.join(FORMATS)}") from None


def read_records(
    path: Path, format_name: str | None = None, mapping: Mapping[str, str] | None = None
) -> Iterator[tuple[Item, int]]:
    """Read one file, plain or gzip, and yield each item with the bytes of the file read so far.

    ``mapping`` names the columns of a table (column to field) where their names don't say it.

    Raises:
        FormatError: when the file cannot be opened, recognised or decompressed to its end.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    with raw:
        yield from read_stream(raw, str(path), format_name, mapping)


def read_stream(
    raw: BinaryIO,
    name: str,
    format_name: str | None = None,
    mapping: Mapping[str, str] | None = None,
    remarked: Remarked | None = None,
    versioned: Versioned | None = None,
) -> Iterator[tuple[Item, int]]:
    """Like :func:`read_records`, from a seekable stream; ``name`` is for messages. ``remarked`` is
    told of the notes and labels beside a record, ``versioned`` of its version, where it is not the
    first, before the record comes."""
    try:
        stream = _decompressed(raw)
        chosen = _chosen(stream, name, format_name)
        options: dict[str, Any] = {}
        if mapping and chosen.takes_mapping:
            options["mapping"] = mapping
        if remarked and chosen.takes_remarks:
            options["remarked"] = remarked
        if versioned and chosen.takes_versions:
            options["versioned"] = versioned
        for item in chosen.read(stream, **options):
            yield item, raw.tell()
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(name, error) from error


def format_of(raw: BinaryIO, name: str, format_name: str | None = None) -> Format:
    """The format in which :func:`read_stream` would read a seekable stream, left at its start.

    Raises:
        FormatError: when none knows it, or it cannot be read.
    """
    try:
        return _chosen(_decompressed(raw), name, format_name)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(name, error) from error
    finally:
        raw.seek(0)


class _Gzip(gzip.GzipFile):
    """A gzip stream that ends with an error where it turns out to be a bomb."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(fileobj=raw)
        self._compressed = raw

    def read(self, size: int | None = -1) -> bytes:
        return self._checked(super().read(size))

    def readline(self, size: int | None = -1) -> bytes:
        return self._checked(super().readline(size))

    def _checked(self, data: bytes) -> bytes:
        position = self.tell()
        if position > SUSPICIOUS and position > MAX_RATIO * self._compressed.tell():
            raise OSError(f"it expands more than {MAX_RATIO}-fold; that is no literature")
        return data


def _decompressed(raw: BinaryIO) -> BinaryIO:
    compressed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return _Gzip(raw) if compressed else raw  # type: ignore[return-value]


def _chosen(stream: BinaryIO, name: str, format_name: str | None) -> Format:
    head = stream.read(_SNIFFED)
    stream.seek(0)
    return _named(format_name) if format_name else recognise(head, name)


def _unreadable(name: str, error: Exception) -> FormatError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FormatError(f"{name}: {reason}")
