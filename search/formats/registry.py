"""Every format that can be read or written, and what each can do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
    identifier_lists,
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
    workbooks,
    wos,
    zotero_rdf,
)
from search.formats.syntax.read_items import Item
from search.records import Record


@dataclass(frozen=True)
class Format:
    """One bibliographic format and what it can do.

    ``recognises`` looks at the first bytes of the content; ``read`` takes the opened stream and
    raises nothing but what the stream itself raises. ``writer`` is there where the format can be
    written (:meth:`write`); ``drops`` names the fields of a record that are lost then, and what of
    them is lost. ``tested`` says whether real exports were at hand, or only samples written for the
    tests. ``takes_mapping`` is true where ``read`` takes ``mapping``, column names to field names;
    ``takes_remarks`` where it takes ``remarked``, to be told of notes and labels beside records;
    ``takes_versions`` where it takes ``versioned``, to be told of a record's version.
    """

    name: str
    description: str
    extensions: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    read: Callable[..., Iterator[Item]]
    writer: Callable[..., None] | None = None
    drops: Mapping[str, str] = field(default_factory=dict)
    tested: Literal["real", "written for the tests", "no"] = "written for the tests"
    takes_mapping: bool = False
    takes_remarks: bool = False
    takes_versions: bool = False

    def write(self, records: Iterable[Record], stream: BinaryIO, **further: Any) -> None:
        """Write records to a stream, as they may be passed on (:meth:`Record.shareable`).
        ``further`` is what the writer takes beside them."""
        assert self.writer is not None, f"{self.name} cannot be written"
        self.writer((record.shareable() for record in records), stream, **further)


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
            "identifiers",
            "a list of PMIDs or DOIs",
            (".txt", ".csv"),
            identifier_lists.recognises,
            identifier_lists.read,
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
