"""Text exports of databases: 医中誌Web, Ovid, the Cochrane Library, RefWorks, PubMed."""

import io

import pytest

from search.formats import FORMATS, Rejected, recognise
from search.records import Author, Record

ICHUSHI_TAGS = """<1>
UI  - 2019123456
TI  - 病棟における
      転倒の1例(原著論文/症例報告)
AU  - 山田 太郎(架空病院 内科)
AU  - 鈴木 花子
SO  - 架空内科学会雑誌(1234-5679)12巻3号 Page45-50(2019.03)
LA  - 日本語
PT  - 原著論文/症例報告
MH  - *転倒/予防; 看護師
AB  - 転倒を数えた。
      12件であった。
DO  - 10.5555/i.1

<2>
UI  - 2019123457
TI  - Gout in youth(英語)
AU  - Yamada Taro
SO  - 架空内科学会雑誌(1234-5679)12巻Suppl. PageS51(2019.04)
PT  - 会議録
"""
ICHUSHI_NAMES = """1.
文献番号：2019123456
Title：病棟における転倒の1例(原著論文/症例報告)
Author：山田 太郎(架空病院 内科), 鈴木 花子
Source：架空内科学会雑誌(1234-5679)12巻3号 Page45-50(2019.03)
論文種類：原著論文/症例報告
シソーラス用語：*転倒/予防; 看護師
Abstract：転倒を数えた。12件であった。
DOI：10.5555/i.1
"""
OVID_TAGS = """<1. >
VN  - Ovid Technologies
DB  - Ovid MEDLINE(R) <1946 to 2019>
UI  - 31000001
AU  - Abe B
AU  - Ito K
FA  - Abe, Bun
FA  - Ito, Ken
TI  - Falls of nurses in a ward:
      a cohort study.
SO  - Example Medicine. 12(3):45-50, 2019 Mar 05.
JN  - Example Medicine
IS  - 1234-5679 (ISSN print)
LG  - English
MH  - *Falls/pc [Prevention & Control]
MH  - Nurses
AB  - We counted falls.
PT  - Journal Article. Observational Study
ID  - 10.5555/o.1 [doi]

<2. >
VN  - Ovid Technologies
DB  - Embase
AN  - 2012345678
PM  - 31000002 [http://www.ncbi.nlm.nih.gov/pubmed/?term=31000002]
TI  - [Gout in youth].
OT  - 若年者の痛風。
AU  - Yamada T.
SO  - Example Medicine. Vol.12(4), 2019, pp. 51-52.
LG  - Japanese
AB  - A case.
"""
OVID_NAMES = """<1>
Unique Identifier
  31000001
Title
  Falls of nurses in a ward: a cohort study.
Source
  Example Medicine. 12(3):45-50, 2019 Mar 05.
Authors Full Name
  Abe, Bun; Ito, Ken
Institution
  Abe, Bun. Example University.
MeSH Subject Headings
  *Falls/pc [Prevention & Control]
  Nurses
Abstract
  We counted falls.
Publication Type
  Journal Article.
Language
  English
ISSN Print
  1234-5679
Digital Object Identifier
  https://dx.doi.org/10.5555/o.1
<2>
Unique Identifier
  31000002
Title
  Second.
Authors
  Ito K.
"""
COCHRANE = """Record #1 of 2
ID: CN-01234567
AU: Abe B
AU: Ito K
TI: Falls of nurses in a ward: a randomised trial
SO: Example medicine
YR: 2019
VL: 12
NO: 3
PG: 45-50
PM: PUBMED 31000001
XR: EMBASE 2012345678
PT: Journal article; Randomized controlled trial
KY: *Falls [prevention & control]; Nurses
DOI: 10.5555/k.1
AB: BACKGROUND: We counted falls.
US: https://www.example.org/central/doi/10.1002/central/CN-01234567/full


Record #2 of 2
ID: CN-07654321
AU: NCT01234567,
TI: A registered trial of falls
SO: https://clinicaltrials.gov/show/NCT01234567
YR: 2020
PT: Trial registry record
"""
REFWORKS = """RT Journal Article
SR Electronic(1)
ID 12
A1 Abe,Bun
A1 Ito,Ken
T1 Falls of nurses in a ward: a cohort study
JF Example Medicine
YR 2019
FD Mar 5
VO 12
IS 3
SP 45
OP 50
K1 Falls
K1 Nurses
AB We counted falls.
SN 1234-5679
LA English
DO 10.5555/r.1
NO PMID: 31000001
LK https://example.org/1
ER

RT Book, Whole
A1 山田,太郎
T1 転倒の本
YR 2020
"""
ABSTRACT = """1. J Ex Med. 2019 Mar 5;12(3):45-50. doi: 10.5555/p.1. Epub 2019 Jan 2.

Falls of nurses in a ward:
a cohort study.

Abe B(1), van Ito K(2)(3); Example Study Group.

Author information:
(1)Department of Falls, Example University.
(2)Example Hospital.

BACKGROUND: Nurses fall.
METHODS: We counted falls
in a list:

1. One.

Copyright © 2019 Example.

DOI: 10.5555/p.1
PMCID: PMC123
PMID: 31000001 [Indexed for MEDLINE]

Conflict of interest statement: None.


2. Nihon Rei. 1998 Dec;77(3):45-50.

[Gout in youth].

[Article in Japanese]

Yamada T(1).

PMID: 31000002
"""
SUMMARY = """1: Abe B, van Ito K; Example Study Group. Falls of nurses in a ward: a cohort study.
J Ex Med. 2019 Mar 5;12(3):45-50. doi: 10.5555/p.1. Epub 2019 Jan 2. PMID:
31000001; PMCID: PMC123.

2: Yamada T. [Gout in youth]. Nihon Rei. 1998 Dec;77(3):45-50. Japanese. PMID: 31000002.

3: Does a fall matter? Lancet. 2001 Jan 6;357(9249):2. PMID: 31000003.

4: Example Study Group. Growth of E. coli vs. placebo. BMJ. 2020;368:m1. PMID: 31000004.
"""
SAMPLES = {
    "ichushi": (ICHUSHI_TAGS, ICHUSHI_NAMES),
    "ovid": (OVID_TAGS, OVID_NAMES),
    "cochrane": (COCHRANE,),
    "refworks": (REFWORKS,),
    "pubmed-abstract": (ABSTRACT,),
    "pubmed-summary": (SUMMARY,),
}
EACH = [(name, text) for name, texts in SAMPLES.items() for text in texts]


def read(name: str, text: str) -> list[Record]:
    items = list(FORMATS[name].read(io.BytesIO(text.encode())))
    assert all(isinstance(item, Record) for item in items), items
    return [item for item in items if isinstance(item, Record)]


def names(record: Record) -> list[str]:
    return [f"{a.family}|{a.given}" for a in record.authors]


@pytest.mark.parametrize(("name", "text"), EACH)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_is_recognised_among_all(name: str, text: str, encoding: str, end: str) -> None:
    head = text.replace("©", "(c)").replace("\n", end).encode(encoding)
    assert recognise(head, "export.txt").name == name


@pytest.mark.parametrize("text", [ICHUSHI_TAGS, ICHUSHI_NAMES])
def test_ichushi(text: str) -> None:
    first, *rest = read("ichushi", text)
    assert (first.id, first.ichushi_id) == ("ichushi:2019123456", "2019123456")
    assert (first.title, first.language) == ("病棟における転倒の1例", "ja")
    assert first.abstract.replace("\n", "") == "転倒を数えた。12件であった。"
    assert names(first) == ["山田|太郎", "鈴木|花子"]
    assert (first.journal, first.issn) == ("架空内科学会雑誌", "1234-5679")
    assert (first.volume, first.issue, first.pages) == ("12", "3", "45-50")
    assert (first.date, first.doi) == ("2019-03", "10.5555/i.1")
    assert first.keywords == ("転倒", "看護師")
    assert first.publication_types == ("原著論文", "症例報告")
    for second in rest:
        assert (second.title, second.language) == ("Gout in youth", "en")
        assert (second.pages, second.publication_types) == ("S51", ("会議録",))


@pytest.mark.parametrize("text", [OVID_TAGS, OVID_NAMES])
def test_ovid(text: str) -> None:
    first, second = read("ovid", text)
    assert (first.id, first.doi, first.language) == ("pmid:31000001", "10.5555/o.1", "en")
    assert first.title == "Falls of nurses in a ward: a cohort study."
    assert (first.abstract, names(first)) == ("We counted falls.", ["Abe|Bun", "Ito|Ken"])
    assert (first.journal, first.issn, first.date) == (
        "Example Medicine",
        "1234-5679",
        "2019-03-05",
    )
    assert (first.volume, first.issue, first.pages) == ("12", "3", "45-50")
    assert first.keywords == ("Falls", "Nurses")
    assert first.publication_types[0].startswith("Journal Article")
    assert second.id == "pmid:31000002"


def test_a_title_in_brackets_and_its_original() -> None:
    _, second = read("ovid", OVID_TAGS)
    assert (second.title, second.language) == ("若年者の痛風。", "ja")
    assert (second.translations[0].title, second.translations[0].abstract) == (
        "Gout in youth.",
        "A case.",
    )
    assert (second.volume, second.issue, second.pages, second.date) == ("12", "4", "51-52", "2019")


def test_cochrane() -> None:
    first, second = read("cochrane", COCHRANE)
    assert (first.id, first.doi, first.date) == ("pmid:31000001", "10.5555/k.1", "2019")
    assert (first.abstract, names(first)) == ("BACKGROUND: We counted falls.", ["Abe|B", "Ito|K"])
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "Example medicine",
        "12",
        "3",
        "45-50",
    )
    assert first.keywords == ("Falls", "Nurses")
    assert first.publication_types == ("Journal article", "Randomized controlled trial")
    assert (second.id, second.trial_ids, second.authors) == (
        "central:CN-07654321",
        ("NCT01234567",),
        (),
    )


def test_refworks() -> None:
    first, second = read("refworks", REFWORKS)
    assert (first.id, first.doi, first.date) == ("pmid:31000001", "10.5555/r.1", "2019-03-05")
    assert (first.title, first.abstract) == (
        "Falls of nurses in a ward: a cohort study",
        "We counted falls.",
    )
    assert (names(first), first.keywords) == (["Abe|Bun", "Ito|Ken"], ("Falls", "Nurses"))
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "Example Medicine",
        "12",
        "3",
        "45-50",
    )
    assert (second.title, second.language, second.authors) == (
        "転倒の本",
        "ja",
        (Author("山田", "太郎"),),
    )


@pytest.mark.parametrize(
    ("name", "text"), [("pubmed-abstract", ABSTRACT), ("pubmed-summary", SUMMARY)]
)
def test_pubmed_for_people(name: str, text: str) -> None:
    first, second, *_ = read(name, text)
    assert (first.id, first.doi, first.date) == ("pmid:31000001", "10.5555/p.1", "2019-03-05")
    assert first.title == "Falls of nurses in a ward: a cohort study."
    assert names(first) == ["Abe|B", "van Ito|K", "Example Study Group|"]
    assert (first.journal, first.volume, first.issue, first.pages) == (
        "J Ex Med",
        "12",
        "3",
        "45-50",
    )
    assert (second.id, second.title, second.date) == ("pmid:31000002", "Gout in youth.", "1998-12")
    assert names(second) == ["Yamada|T"]


def test_an_abstract_is_what_is_left_of_the_paragraphs() -> None:
    first, second = read("pubmed-abstract", ABSTRACT)
    assert (
        first.abstract == "BACKGROUND: Nurses fall.\nMETHODS: We counted falls in a list:\n1. One."
    )
    assert second.abstract == ""


def test_a_summary_without_authors_or_by_a_group() -> None:
    _, _, third, fourth = read("pubmed-summary", SUMMARY)
    assert (third.title, third.journal, third.authors) == ("Does a fall matter?", "Lancet", ())
    assert (fourth.title, fourth.journal, fourth.pages) == (
        "Growth of E. coli vs. placebo.",
        "BMJ",
        "m1",
    )
    assert names(fourth) == ["Example Study Group|"]


@pytest.mark.parametrize(("name", "text"), EACH)
def test_a_record_without_title_and_abstract_is_named_with_its_line(name: str, text: str) -> None:
    begin = {
        "ichushi": "UI  - 2019000000\nAU  - 山田 太郎\n",
        "ovid": "<9>\nUI  - 9\nAU  - Abe B\n",
    }
    begin |= {"cochrane": "Record #9 of 9\nID: CN-00000009\n", "refworks": "RT Book\nA1 Abe,B\n"}
    begin |= {
        "pubmed-abstract": "9. J Ex. 2019;1:2.\n\nPMID: 9\n",
        "pubmed-summary": "9: PMID: 9.\n",
    }
    data = f"{text.rstrip()}\n\n\n{begin[name]}"
    *records, last = FORMATS[name].read(io.BytesIO(data.encode()))
    assert records == list(FORMATS[name].read(io.BytesIO(text.encode())))
    assert isinstance(last, Rejected)
    assert last.place == f"line {text.rstrip().count(chr(10)) + 4}"
    assert last.reason
