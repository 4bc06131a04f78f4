"""RIS: the dialects, what stands where in each, and damaged records."""

import io

import pytest

from search.formats import Rejected, ris
from search.formats.fields.identity import record_id as record_id_of
from search.records import Author, Notice, Record, Translation

HASH_OF_T = record_id_of(title="T")


def read(text: str, encoding: str = "utf-8") -> list[Record]:
    items = list(ris.read(io.BytesIO(text.encode(encoding))))
    assert all(isinstance(item, Record) for item in items)
    return [item for item in items if isinstance(item, Record)]


def one(*lines: str) -> Record:
    (record,) = read("\n".join(["TY  - JOUR", *lines, "ER  - "]))
    return record


def test_fields() -> None:
    record = one(
        "TI  - 肺炎の治療",
        "AU  - 山田, 太郎",
        "AU  - 架空研究会",
        "T2  - 架空内科",
        "PY  - 2020",
        "DA  - 2020/03/05/",
        "VL  - 12",
        "IS  - 3",
        "SP  - 283",
        "EP  - 98",
        "SN  - 1234567x",
        "DO  - https://doi.org/10.9999/Abc.1",
        "KW  - 肺炎",
        "KW  - *IL-6",
        "AB  - 一行目。",
        "二行目は",
        "続く。",
        "UR  - https://example.org/1; https://example.org/2",
    )
    assert record == Record(
        id="doi:10.9999/abc.1",
        title="肺炎の治療",
        abstract="一行目。\n二行目は続く。",
        language="ja",
        authors=(Author("山田", "太郎"), Author("架空研究会")),
        journal="架空内科",
        date="2020-03-05",
        volume="12",
        issue="3",
        pages="283-298",
        issn="1234-567X",
        doi="10.9999/Abc.1",
        keywords=("肺炎", "IL-6"),
        url="https://example.org/1",
    )


@pytest.mark.parametrize(
    ("lines", "record_id"),
    [
        (["DB  - Embase", "U2  - L123456789"], "embase:L123456789"),
        (["DB  - Embase", "DB  - Medline", "U2  - L123456789", "C5  - 30000001"], "pmid:30000001"),
        (["DB  - Scopus", "C2  - 30000001"], "pmid:30000001"),
        (["UR  - https://www.scopus.com/inward/record.uri?eid=2-s2.0-85000000001&d=1"],
         "scopus:2-s2.0-85000000001"),
        (["DB  - Ovid MEDLINE(R)", "AN  - 30000001"], "pmid:30000001"),
        (["AN  - CN-01234567", "C3  - PUBMED 30000001"], "pmid:30000001"),
        (["AN  - CN-01234567"], "central:CN-01234567"),
        (["UR  - https://www.proquest.com/docview/2214991469?x=1"], "proquest:2214991469"),
        (["AN  - WOS:000221807500020"], "wos:000221807500020"),
        (["UR  - https://cir.nii.ac.jp/crid/1390000000000000001"], "cinii:1390000000000000001"),
        (["UR  - https://search.jamas.or.jp/link/ui/2020123456"], "ichushi:2020123456"),
        (["DB  - 医中誌Web", "AN  - 2020123456"], "ichushi:2020123456"),
        (["UR  - https://pubmed.ncbi.nlm.nih.gov/30000001/"], "pmid:30000001"),
        (["N1  - PMID: 30000001"], "pmid:30000001"),
        (["ID  - pmid:30000001"], "pmid:30000001"),
        (["ID  - 12345"], HASH_OF_T),
    ],
)  # fmt: skip
def test_identifiers_of_the_dialects(lines: list[str], record_id: str) -> None:
    assert one("TI  - T", *lines).id == record_id


def test_cochrane_puts_lines_around_its_records() -> None:
    header = (
        'Record #{} of 2\nProvider: John Wiley & Sons, Ltd.\nContent: text/plain; charset="UTF-8"\n'
    )
    body = "TY  - JOUR\nTI  - T{0}\nKW  - a\nER  - \n\n"
    text = "".join(f"{header}\n{body}".replace("{}", n).replace("{0}", n) for n in "12")
    assert [(r.title, r.keywords) for r in read(text)] == [("T1", ("a",)), ("T2", ("a",))]


def test_ovid_numbers_its_records() -> None:
    record = "{}.\nTY  - JOUR\nT1  - {}\nA1  - Ito J.\nER  - \n\n"
    first, second = read(record.format(1, "First") + record.format(2, "Second"))
    assert (first.title, first.authors, second.title) == ("First", (Author("Ito", "J."),), "Second")


def test_title_and_abstract_in_two_languages_stand_side_by_side() -> None:
    record = one("TI  - 肺炎", "TT  - Pneumonia", "AB  - 目的。", "N2  - Aim.", "LA  - Japanese")
    assert (record.language, record.title, record.abstract) == ("ja", "肺炎", "目的。")
    assert record.translations == (Translation("en", "Pneumonia", "Aim."),)


def test_the_language_of_the_article_is_not_that_of_an_english_title() -> None:
    record = one("TI  - Pneumonia", "LA  - Japanese")
    assert record.language == "en"
    assert one("TI  - Pneumonie", "LA  - fre").language == "fr"


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["TI  - RETRACTED: A trial"], "retracted"),
        (["TI  - 【撤回】ある試験"], "retracted"),
        (["TI  - T", "M3  - Retracted Publication"], "retracted"),
        (["TI  - Retraction of a trial", "M3  - Retraction of Publication"], ""),
        (["TI  - T", "U4  - retraction:corrected"], "corrected"),
    ],
)
def test_retractions(lines: list[str], state: str) -> None:
    assert one(*lines).retraction == state


def test_notices_travel_in_user_fields() -> None:
    record = one("TI  - T", "U5  - notice:Erratum|123|J. 2020;1|2")
    assert record.notices == (Notice("Erratum", "J. 2020;1|2", "123"),)


def test_the_day_of_a_download_is_not_the_date() -> None:
    assert one("TI  - T", "PY  - 2011", "DA  - 2024/05/06/").date == "2011"


def test_what_a_spreadsheet_left_is_no_page() -> None:
    assert one("TI  - T", "SP  - e0188810", "EP  - nan").pages == "e0188810"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    text = end.join(["TY  - JOUR", "TI  - 肺炎の治療と転帰", "AU  - 山田 太郎", "ER  - ", ""])
    (record,) = read(text, encoding)
    assert (record.title, record.authors) == ("肺炎の治療と転帰", (Author("山田", "太郎"),))


def test_a_record_without_end_or_beginning_takes_no_neighbour() -> None:
    text = "TY  - JOUR\nTI  - A\nTY  - JOUR\nTI  - B\nER  - \nTI  - C\nER  - \nTY  - JOUR\nTI  - D"
    assert [record.title for record in read(text)] == list("ABCD")


def test_a_record_with_nothing_to_search_is_rejected_with_its_line() -> None:
    items = list(
        ris.read(io.BytesIO(b"TY  - JOUR\nTI  - A\nER  - \n\nTY  - JOUR\nDO  - 10.1/x\nER  - "))
    )
    assert items[1] == Rejected(
        "line 5", "title and abstract are both empty; there is nothing to search"
    )
