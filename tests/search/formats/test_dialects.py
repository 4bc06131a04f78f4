"""Exports as databases shape them, written for these tests where no real one was at hand."""

import io
from typing import Any

import pytest

from search.formats import recognise
from search.records import Author, Record, Translation

ICHUSHI = """TY  - JOUR
TI  - 架空の心筋梗塞の1例
TT  - A Fictional Case
AU  - 小林 美貴子(架空病院 内科)
AU  - 若林 靖史
JO  - 架空医学雑誌
VL  - 60巻
IS  - 1号
SP  - 38
EP  - 45
PY  - 2012.02
AB  - 症例は80歳。
UR  - https://search.jamas.or.jp/link/ui/2012345678
DB  - 医中誌Web
LA  - 日本語
ER  -
"""
ICHUSHI_FIELDS = {
    "id": "ichushi:2012345678",
    "title": "架空の心筋梗塞の1例",
    "translations": (Translation("en", "A Fictional Case"),),
    "authors": (Author("小林", "美貴子"), Author("若林", "靖史")),
    "volume": "60",
    "issue": "1",
    "pages": "38-45",
    "date": "2012-02",
}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "CiNii RIS, with all pages in one tag": (
        "ris",
        "TY  - JOUR\nAU  - 伊藤, 滉\nTI  - 架空の調査\nPY  - 2022\nDA  - 2022-12\nSP  - 907-913\n"
        "UR  - https://cir.nii.ac.jp/crid/1390012801498788352\nER  -",
        {"id": "cinii:1390012801498788352", "date": "2022-12", "pages": "907-913"},
    ),
    "Scopus RIS, without abstract": (
        "ris",
        "TY  - JOUR\nTI  - A study\nAB  - [No abstract available]\nC2  - 31234567\nLA  - English\n"
        "UR  - https://www.scopus.com/inward/record.uri?eid=2-s2.0-85000000001&doi=10.1%2fx\n"
        "DB  - Scopus\nER  -\n",
        {"id": "pmid:31234567", "abstract": ""},
    ),
    "Ovid, MEDLINE": (
        "ris",
        "TY  - JOUR\nDB  - Ovid MEDLINE(R) <2019>\nAN  - 30776994\nID  - 10.9999/x\nT1  - A trial\n"
        "A1  - Smith, John A\nY1  - 2019//\nN2  - Text.\nDO  - https://dx.doi.org/10.9999/x\nER  -",
        {"id": "pmid:30776994", "doi": "10.9999/x", "abstract": "Text.", "date": "2019"},
    ),
    "Ovid, Embase: the number of Embase.com": (
        "ris",
        "TY  - JOUR\nDB  - Embase <1974 to 2019 Week 10>\nAN  - 2001234567\nT1  - A trial.\nER  - ",
        {"id": "embase:L2001234567"},
    ),
    "Ovid, Embase: PMID with an address": (
        "ris",
        "TY  - JOUR\nDB  - Embase\nAN  - 2001234567\nPM  - 30776995 [http://x.example/30776995]\n"
        "T1  - A trial.\nER  - ",
        {"id": "pmid:30776995"},
    ),
    "Ovid, another database": (
        "ris",
        "TY  - JOUR\nDB  - APA PsycInfo <2019>\nAN  - 2019-12345-001\nT1  - A trial.\nER  - ",
        {"id": "apa-psycinfo:2019-12345-001"},
    ),
    "CENTRAL, a registered trial": (
        "ris",
        "TY  - JOUR\nAN  - CN-01234568\nAU  - NCT01234567,\nTI  - Registered\nPY  - 2018\nER  -",
        {"id": "central:CN-01234568", "authors": (), "trial_ids": ("NCT01234567",)},
    ),
    "EndNote RIS of a PubMed search": (
        "ris",
        "TY  - JOUR\nAN  - 30776994\nAU  - Smith, J. A.\nDA  - Mar 5\nDP  - NLM\nPY  - 2019\n"
        "KW  - Aged\nAged, 80 and over\n*Humans\nTI  - A trial\nID  - 4\nER  - \n",
        {
            "id": "pmid:30776994",
            "date": "2019-03-05",
            "keywords": ("Aged", "Aged, 80 and over", "Humans"),
        },
    ),
    "J-STAGE BibTeX, with a space in the key": (
        "bibtex",
        "@article{山田 太郎2020,\n  title={架空の検討},\n  author={山田 太郎 and 鈴木 花子},\n"
        "  year={2020},\n  doi={10.9999/naika.1}\n}\n",
        {"id": "doi:10.9999/naika.1", "authors": (Author("山田", "太郎"), Author("鈴木", "花子"))},
    ),
    "Zotero BibTeX, signs as LaTeX": (
        "bibtex",
        "@article{a_2020,\n\ttitle = {{IL}-6 {\\textless} 5 {\\textbar} {HbA1c} \\textgreater 6},\n"
        "\tyear = {2020},\n}\n",
        {"title": "IL-6 < 5 | HbA1c >6"},
    ),
    "Scopus CSV": (
        "csv",
        '\ufeff"Authors","Author full names","Title","Year","Art. No","Page start","Page end",'
        '"Link","Abstract","Source","EID"\n"Smith J.; Doe A.B.","Smith, John (123); Doe, A. (4)",'
        '"A study","2020","","10","12","https://www.scopus.com/x?eid=2-s2.0-85000000001",'
        '"[No abstract available]","Scopus","2-s2.0-85000000001"\n',
        {
            "id": "scopus:2-s2.0-85000000001",
            "authors": (Author("Smith", "J."), Author("Doe", "A.B.")),
            "pages": "10-12",
            "abstract": "",
        },
    ),
    "Web of Science, tab-delimited: SP is no page": (
        "tsv",
        "PT\tAU\tTI\tSP\tPD\tPY\tBP\tEP\tUT\n"
        "J\tSmith, J; Doe, A\tA study\tSome Society\tMAR\t2020\t100\t110\tWOS:000512345600001\n",
        {"id": "wos:000512345600001", "pages": "100-110"},
    ),
    "CiNii JSON-LD, also in 医中誌Web": (
        "cinii",
        '{"@context":{},"@id":"https://cir.nii.ac.jp/crid/1390012801498788352.json",'
        '"@type":"Article","productIdentifier":[{"identifier":{"@type":"URI","@value":'
        '"https://search.jamas.or.jp/link/ui/2012345678"}}],"dc:title":[{"@value":"架空の検討"}]}',
        {"id": "ichushi:2012345678", "ichushi_id": "2012345678"},
    ),
    "EndNote XML, styled and on one line": (
        "endnote-xml",
        '<?xml version="1.0" encoding="UTF-8" ?><xml><records><record><rec-number>1</rec-number>'
        '<ref-type name="Journal Article">17</ref-type><contributors><authors><author><style '
        'face="normal">Smith, J. A.</style></author></authors></contributors><titles><title><style>'
        'A </style><style face="italic">fictional</style><style> trial</style></title></titles>'
        "<dates><year>2019</year><pub-dates><date>Mar 5</date></pub-dates></dates><isbn>1538-3598 "
        "(Electronic)&#xD;0098-7484</isbn><accession-num>30776994</accession-num>"
        "<remote-database-provider>NLM</remote-database-provider></record></records></xml>",
        {"id": "pmid:30776994", "title": "A fictional trial", "date": "2019-03-05"},
    ),
    "EBSCO": (
        "ris",
        "TY  - JOUR\nT1  - A study\nAN  - 123456789. Language: English.\nDB  - CINAHL\n"
        "DP  - EBSCOhost\nER  -\n",
        {"id": "cinahl:123456789"},
    ),
    "Web of Science RIS, the month apart": (
        "ris",
        "TY  - JOUR\nTI  - A study\nPD  - MAR 5\nPY  - 2020\nAN  - WOS:000512345600001\nER  -\n",
        {"id": "wos:000512345600001", "date": "2020-03-05"},
    ),
    "Rayyan CSV": (
        "csv",
        "key,title,year,month,day,authors,pmid\nr,Study,2019,3,5,Smith J. and Doe A.,30776994\n",
        {"date": "2019-03-05", "authors": (Author("Smith", "J."), Author("Doe", "A."))},
    ),
    "Covidence CSV": (
        "csv",
        "Title,Authors,Published Year,Published Month,DOI\n"
        "A study,Centers for Disease Control and Prevention,2019,3,10.9999/x\n",
        {"date": "2019-03", "authors": (Author("Centers for Disease Control and Prevention"),)},
    ),
    "Zotero CSV": (
        "csv",
        '"Key","Author","Title","Extra","Date"\n"A","Smith, John; 山田, 太郎",'
        '"A study","PMID: 30776994","2019-03-05"\n',
        {"id": "pmid:30776994", "authors": (Author("Smith", "John"), Author("山田", "太郎"))},
    ),
    "PubMed CSV": (
        "csv",
        "PMID,Title,Authors,Citation,First Author,Journal/Book,Publication Year,DOI\n"
        '30776994,"A study, of things.","Zaidat OO, Castonguay AC",Stroke. 2019,Zaidat OO,Stroke,'
        "2019,10.9999/x\n",
        {"id": "pmid:30776994", "journal": "Stroke", "date": "2019"},
    ),
}


def only(content: bytes, name: str) -> Record:
    found = recognise(content, "export")
    assert found.name == name
    (record,) = found.read(io.BytesIO(content))
    assert isinstance(record, Record)
    return record


@pytest.mark.parametrize("case", CASES)
def test_fields_of(case: str) -> None:
    name, content, expected = CASES[case]
    record = only(content.encode(), name)
    assert {field: getattr(record, field) for field in expected} == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16"])
def test_ichushi_in_every_encoding(encoding: str) -> None:
    record = only(ICHUSHI.encode(encoding), "ris")
    assert {field: getattr(record, field) for field in ICHUSHI_FIELDS} == ICHUSHI_FIELDS
