"""MeSH and 医中誌 headings with qualifiers and stars, from what databases write."""

import io
import json

import pytest

from search.formats import FORMATS
from search.formats.fields.headings import as_nlm_writes, split_headings
from search.records import Heading, Record, record_from_dict

THERAPY = Heading("Asthma", "drug therapy", major=True)
GENETICS = Heading("Asthma", "genetics")
HUMANS = Heading("Humans")
XML = b"""<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>31000001</PMID>
<Article><ArticleTitle>Asthma.</ArticleTitle></Article><MeshHeadingList>
<MeshHeading><DescriptorName MajorTopicYN="N">Asthma</DescriptorName>
<QualifierName MajorTopicYN="Y">drug therapy</QualifierName>
<QualifierName MajorTopicYN="N">genetics</QualifierName></MeshHeading>
<MeshHeading><DescriptorName MajorTopicYN="N">Humans</DescriptorName></MeshHeading>
</MeshHeadingList><KeywordList><Keyword>wheeze</Keyword></KeywordList>
</MedlineCitation></PubmedArticle></PubmedArticleSet>"""
MESH = (THERAPY, GENETICS, HUMANS)


def read(name: str, content: bytes | str) -> Record:
    data = content.encode() if isinstance(content, str) else content
    (record,) = FORMATS[name].read(io.BytesIO(data))
    assert isinstance(record, Record), record
    return record


@pytest.mark.parametrize(
    ("name", "content", "headings"),
    [
        ("pubmed-xml", XML, MESH),
        (
            "nbib",
            "PMID- 1\nTI  - Asthma.\nMH  - Asthma/*drug therapy/genetics\nMH  - Humans\n",
            MESH,
        ),
        (
            "nbib",
            "PMID- 1\nTI  - Asthma.\nMH  - *Asthma/drug\n      therapy\n",
            (Heading("Asthma", "", major=True), Heading("Asthma", "drug therapy")),
        ),
        (
            "ovid",
            "<1>\nUnique Identifier\n  31000001\nTitle\n  Asthma.\nMeSH Subject Headings\n"
            "  *Asthma/dt [Drug Therapy]\n  Asthma/ge [Genetics]\n  Humans\n",
            MESH,
        ),
        (
            "cochrane",
            "Record #1 of 1\nID: CN-00000001\nTI: Asthma\nKY: Asthma [*drug therapy, genetics]; "
            "*Humans; Adult\n",
            (THERAPY, GENETICS, Heading("Humans", "", major=True)),
        ),
        (
            "ichushi",
            "UI  - 2020123456\nTI  - 喘息の治療\nMH  - *気管支喘息(薬物療法,診断); ヒト\n"
            "SH  - 薬物療法\n",
            (
                Heading("気管支喘息", "薬物療法", major=True),
                Heading("気管支喘息", "診断", major=True),
            ),
        ),
        (
            "ichushi",
            "UI  - 2020123456\nTI  - 喘息の治療\nMH  - ヒト\nSH  - 薬物療法\n",
            (Heading("", "薬物療法"),),
        ),
        (
            "ris",
            "TY  - JOUR\nTI  - Asthma\nKW  - Asthma/*drug therapy/genetics\n"
            "KW  - HIV/AIDS\nER  - \n",
            (THERAPY, GENETICS),
        ),
        (
            "endnote-xml",
            "<xml><records><record><rec-number>1</rec-number><titles><title>Asthma</title></titles>"
            "<keywords><keyword>Asthma/*drug therapy/genetics</keyword>"
            "<keyword>Humans</keyword></keywords></record></records></xml>",
            (THERAPY, GENETICS),
        ),
        (
            "csv",
            "Title,Year,MeSH Terms\nAsthma,2020,Asthma/*drug therapy/genetics; Humans\n",
            (THERAPY, GENETICS),
        ),
    ],
)
def test_headings_are_read_with_qualifier_and_star(
    name: str, content: bytes | str, headings: tuple[Heading, ...]
) -> None:
    record = read(name, content)
    assert record.headings == headings
    descriptors = dict.fromkeys(h.descriptor for h in headings if h.descriptor)
    assert record.keywords[: len(descriptors)] == tuple(descriptors)
    assert not any("*" in word or "/drug" in word for word in record.keywords)


def test_europe_pmc_and_openalex_say_qualifiers_too() -> None:
    europe = {
        "resultList": {
            "result": [
                {
                    "id": "1", "source": "MED", "pmid": "1", "title": "Asthma",
                    "meshHeadingList": {"meshHeading": [
                        {"descriptorName": "Asthma", "majorTopic_YN": "N", "meshQualifierList": {
                            "meshQualifier": [
                                {"qualifierName": "drug therapy", "majorTopic_YN": "Y"},
                                {"qualifierName": "genetics", "majorTopic_YN": "N"}]}},
                        {"descriptorName": "Humans", "majorTopic_YN": "N"}]},
                }
            ]
        }
    }  # fmt: skip
    assert read("europe-pmc", json.dumps(europe)).headings == MESH
    openalex = {
        "id": "https://openalex.org/W1", "title": "Asthma", "authorships": [],
        "mesh": [
            {"descriptor_name": "Asthma", "qualifier_name": "drug therapy", "is_major_topic": True},
            {"descriptor_name": "Asthma", "qualifier_name": "genetics", "is_major_topic": False},
            {"descriptor_name": "Humans", "qualifier_name": "", "is_major_topic": False},
        ],
    }  # fmt: skip
    assert read("openalex", json.dumps(openalex)).headings == MESH


@pytest.mark.parametrize(
    "word", ["HIV/AIDS", "IL-6 (human)", "2*2 table", "Insulin [beta]", "and/or", "ICD-10/11", "/"]
)
def test_what_only_looks_like_a_qualifier_is_none(word: str) -> None:
    assert split_headings([word]) == ([], [word])


def test_keywords_count_the_descriptor_once() -> None:
    record = record_from_dict(
        {"id": "x", "title": "t", "keywords": ["wheeze", "Asthma"], "headings": [vars(THERAPY)]}
    )
    assert record.keywords == ("Asthma", "wheeze")


def test_headings_are_written_as_pubmed_writes_them() -> None:
    assert as_nlm_writes((*MESH, Heading("Child", "", major=True))) == [
        "Asthma/*drug therapy/genetics",
        "Humans",
        "*Child",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nbib", b"MH  - Asthma/*drug therapy/genetics\r\nMH  - Humans\r\nOT  - wheeze\r\n"),
        ("ris", b"KW  - Asthma/*drug therapy/genetics\r\nKW  - Humans\r\nKW  - wheeze\r\n"),
    ],
)
def test_exports_hold_what_pubmed_says(name: str, line: bytes) -> None:
    stream = io.BytesIO()
    FORMATS[name].write([read("pubmed-xml", XML)], stream)
    assert line in stream.getvalue()
