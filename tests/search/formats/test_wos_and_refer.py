"""The other tagged formats: Web of Science's .ciw and Refer/BibIX."""

import io

from search.formats import recognise, refer, wos
from search.records import Author, Record

CIW = """FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Yamada, T
   Ito, J
AF Yamada, Taro
   Ito, Jiro
CA Kaku Group
TI Treatment of
   pneumonia
SO JOURNAL OF FICTION
LA English
DT Article; Retracted Publication
DE pneumonia; IL-6
ID PNEUMONIA THERAPY;
   OLD AGE
AB One
   two.
SN 1234-5678
PD JUN 8
PY 2004
VL 43
IS 22
BP 7003
EP 7016
DI 10.9999/abc
UT WOS:000000000000001
ER

PT J
TI No page but a number
AR e12
PM 90000002
UT MEDLINE:90000002
ER

EF
"""
REFER = """%0 Journal Article
%A 山田, 太郎
%A Ito, J.
%T 肺炎の治療
%J 架空内科
%D 2020
%8 March 5
%V 12
%N 3
%P 283-98
%X 一段落目。

二段落目。
%K 肺炎
IL-6
%R 10.9999/abc
%U https://example.org/1
%@ 1234-5678
%G Japanese

%0 Journal Article
%T Second
%M 90000001
%~ PubMed
"""


def test_web_of_science() -> None:
    first, second = wos.read(io.BytesIO(CIW.encode()))
    assert first == Record(
        id="doi:10.9999/abc",
        title="Treatment of pneumonia",
        abstract="One two.",
        language="en",
        authors=(Author("Yamada", "Taro"), Author("Ito", "Jiro"), Author("Kaku Group")),
        journal="JOURNAL OF FICTION",
        date="2004-06-08",
        volume="43",
        issue="22",
        pages="7003-7016",
        doi="10.9999/abc",
        issn="1234-5678",
        keywords=("pneumonia", "IL-6", "PNEUMONIA THERAPY", "OLD AGE"),
        publication_types=("Article", "Retracted Publication"),
        retraction="retracted",
    )
    assert isinstance(second, Record)
    assert (second.id, second.pages) == ("pmid:90000002", "e12")


def test_refer() -> None:
    first, second = refer.read(io.BytesIO(REFER.encode()))
    assert first == Record(
        id="doi:10.9999/abc",
        title="肺炎の治療",
        abstract="一段落目。\n二段落目。",
        language="ja",
        authors=(Author("山田", "太郎"), Author("Ito", "J.")),
        journal="架空内科",
        date="2020-03-05",
        volume="12",
        issue="3",
        pages="283-298",
        doi="10.9999/abc",
        url="https://example.org/1",
        issn="1234-5678",
        keywords=("肺炎", "IL-6"),
    )
    assert isinstance(second, Record)
    assert (second.id, second.title) == ("pmid:90000001", "Second")


def test_both_are_recognised() -> None:
    assert recognise(CIW.encode(), "a").name == "ciw"
    assert recognise(CIW.replace("\n", "\r\n").encode("utf-16"), "a").name == "ciw"
    assert recognise(REFER.encode(), "a").name == "refer"
    assert recognise(REFER.replace("\n", "\r\n").encode("cp932"), "a").name == "refer"
