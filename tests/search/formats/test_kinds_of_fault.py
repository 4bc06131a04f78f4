"""Faults of a kind, mended in every reader: cleaning, words for nothing, languages, where a record
begins, names and lists, places and dates, encodings."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.formats import FORMATS, recognise
from search.formats.fields.dois import clean_doi
from search.formats.fields.keywords import words_in
from search.formats.fields.languages import language_of
from search.formats.fields.markup import plain_text
from search.formats.fields.names import people_in
from search.formats.fields.places import excel_date, issue_of, number_of, pages_of, place_in
from search.records import Record, guess_language

SICI = "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2"


def read(text: str, name: str = "", encoding: str = "utf-8") -> list[Record]:
    content = text.encode(encoding)
    chosen = FORMATS[name] if name else recognise(content, "case")
    items = list(chosen.read(io.BytesIO(content)))
    assert all(isinstance(item, Record) for item in items), items
    return [item for item in items if isinstance(item, Record)]


def ris(title: str, abstract: str, extra: str = "") -> str:
    return f"TY  - JOUR\nTI  - {title}\nAB  - {abstract}\n{extra}ER  - \n"


def nbib(title: str, abstract: str, extra: str = "") -> str:
    return f"PMID- 1\nTI  - {title}\nAB  - {abstract}\n{extra}"


def ciw(title: str, abstract: str, extra: str = "") -> str:
    return f"PT J\nTI {title}\nAB {abstract}\n{extra}ER\n"


def refer(title: str, abstract: str, extra: str = "") -> str:
    return f"%0 Journal Article\n%T {title}\n%X {abstract}\n{extra}"


def bibtex(title: str, abstract: str, extra: str = "") -> str:
    return f"@article{{a,\n title={{{title}}},\n abstract={{{abstract}}},\n {extra}}}\n"


def table(title: str, abstract: str, extra: str = "") -> str:
    return f'title,abstract,year\n"{title}","{abstract}",2020\n{extra}'


by_text_format = pytest.mark.parametrize(
    "written", [ris, nbib, ciw, refer, bibtex, table], ids=lambda f: f.__name__
)


@by_text_format
def test_every_reader_decodes_and_then_strips(written: Callable[..., str]) -> None:
    title = "Growth of &lt;i&gt;E. coli&lt;/i&gt; at 10<sup>6</sup> &amp; CO<sub>2</sub>"
    abstract = "<jats:title>Aim</jats:title><jats:p>p &lt; 0.05.</jats:p><p>End.</p>"
    (record,) = read(written(title, abstract))
    assert record.title == "Growth of E. coli at 10^6 & CO2"
    assert record.abstract == "Aim p < 0.05. End."


@by_text_format
@pytest.mark.parametrize("nothing", ["NA", "nan", "None", "NULL", "N/A", "#NAME?", "#N/A"])
def test_words_for_nothing_are_nothing(written: Callable[..., str], nothing: str) -> None:
    (record,) = read(written("Night shifts", nothing))
    assert record.abstract == ""


@given(st.text(st.sampled_from("<>/&;ibpsu 1<sup>&lt;^")))
def test_what_is_cleaned_is_clean(text: str) -> None:
    once = plain_text(plain_text(text))
    assert plain_text(once) == once or "<" in once or "&" in once


def test_comparisons_are_no_tags() -> None:
    assert plain_text("a <b and c> d, p<0.05, 2<x>1") == "a <b and c> d, p<0.05, 2<x>1"
    assert plain_text("Na<sup>+</sup>, m<sup>2</sup>, 10<sup>-3</sup>") == "Na+, m2, 10^-3"


@pytest.mark.parametrize(
    "text",
    [
        SICI, f"{SICI} [doi]", SICI.replace("<", "&lt;").replace(">", "&gt;"),
        "https://doi.org/" + SICI.replace("<", "%3C").replace(">", "%3E"),
    ],
)  # fmt: skip
def test_a_sici_is_whole(text: str) -> None:
    assert clean_doi(text) == SICI
    assert clean_doi(f"<b>{text}</b> in the text").startswith(SICI[:40])


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("https://doi.org/10.5555/a.b?utm_source=x&y=1", "10.5555/a.b"),
        ("https://onlinelibrary.example/doi/10.5555/a.b/full", "10.5555/a.b"),
        ("https://www.biorxiv.org/content/10.1101/2020.01.02.123456v2.full.pdf",
         "10.1101/2020.01.02.123456"),
        ("１０．５５５５／ａｂ", "10.5555/ab"),
        ("10.1175/1520-0477(1996)077<0437:TNYRP>2.0.CO;2",
         "10.1175/1520-0477(1996)077<0437:TNYRP>2.0.CO;2"),
    ],
)  # fmt: skip
def test_dois_without_what_addresses_add(text: str, doi: str) -> None:
    assert clean_doi(text) == doi


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Effect of yokukansan (抑肝散) on the sleep of nurses", "en"),
        ("Pneumocystis pneumoniaの1例", "ja"), ("Quality of Lifeの評価", "ja"),
        ("誤嚥性肺炎", "ja"), ("糖尿病患者的临床观察", "zh"), ("당뇨병 환자", "ko"),
        ("diabetes 糖尿病", "ja"), ("β-blockers", "en"),
    ],
)  # fmt: skip
def test_languages_by_the_share_of_scripts(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_what_the_source_says_counts_where_the_script_allows_it() -> None:
    assert language_of("chi", "糖尿病") == "zh"
    assert language_of("chi", "糖尿病の研究") == "ja"
    assert language_of("jpn", "Effect of yokukansan (抑肝散) on the sleep of nurses") == "en"


@by_text_format
def test_an_english_abstract_belongs_to_its_english_title(written: Callable[..., str]) -> None:
    (record,) = read(written("Use of goreisan (五苓散) in children", "We gave goreisan to all."))
    assert (record.language, record.abstract, record.translations) == (
        *("en", "We gave goreisan to all."),
        (),
    )


def test_records_of_ris_that_do_not_begin_with_their_type() -> None:
    text = "AU  - Ito, K.\nTI  - {}\nTY  - JOUR\nPY  - 2001\nER  - \n\n"
    found = read(text.format("First") + text.format("Second"), "ris")
    assert [(r.title, r.date, len(r.authors)) for r in found] == [
        ("First", "2001", 1),
        ("Second", "2001", 1),
    ]


def test_what_follows_the_end_of_a_ris_record_is_its_own() -> None:
    text = "TY  - JOUR\nTI  - {0}\nER  - \nN2  - About {0}.\nKW  - {0}\n"
    found = read(text.format("one") + text.format("two"))
    assert [(r.title, r.abstract, r.keywords) for r in found] == [
        ("one", "About one.", ("one",)),
        ("two", "About two.", ("two",)),
    ]


def test_bibtex_without_keys_and_with_a_sign_at_the_beginning_of_a_line() -> None:
    text = (
        "@article{,\n title={One},\n abstract={Done with\n@RISK (Palisade) and\n@home{x} more},\n"
        " year={2001}\n}\n@book{ title={Two}, year={2002}}\n"
    )
    assert [(r.title, r.date) for r in read(text)] == [("One", "2001"), ("Two", "2002")]


def test_bibtex_keywords_one_a_field_and_names_in_parts() -> None:
    (record,) = read(
        "@article{a, title={T}, keywords={one}, keywords={two},"
        " author={family=Meer, given=Eva, prefix={van der} and given=Ken, family=Ito}}"
    )
    assert record.keywords == ("one", "two")
    assert [(a.family, a.given) for a in record.authors] == [
        ("van der Meer", "Eva"),
        ("Ito", "Ken"),
    ]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Quill, E.M., Zann, W., & Ito, K.", ["Quill|E.M.", "Zann|W.", "Ito|K."]),
        ("Ito, Ken and Abe, Bun", ["Ito|Ken", "Abe|Bun"]),
        ("K. Ito; B. van Abe", ["Ito|K.", "van Abe|B."]),
        ("Mary B. Jones; Ken Ito", ["Jones|Mary B.", "Ito|Ken"]),
        ("鈴木、花子", ["鈴木|花子"]),
        ("鈴木花子、山田太郎、他", ["鈴木花子|", "山田太郎|"]),
        ("鈴木花子(架空病院, 内科), 山田太郎(架空大学)", ["鈴木花子|", "山田太郎|"]),
        ("Group of Friends and Others", ["Group of Friends and Others|"]),
        ("Ito K, Abe B, FAKE Study Group.", ["Ito|K", "Abe|B", "FAKE Study Group|"]),
        ("nan", []),
    ],
)
def test_people_of_a_cell(text: str, people: list[str]) -> None:
    assert [f"{p['family']}|{p['given']}" for p in people_in(text)] == people


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('Humans,"Leukemia, Myeloid",Aged', ["Humans", "Leukemia, Myeloid", "Aged"]),
        ("Carcinoma, Non-Small-Cell Lung", ["Carcinoma, Non-Small-Cell Lung"]),
        ("pneumonia, stroke", ["pneumonia", "stroke"]),
        ("肺炎、喘息", ["肺炎", "喘息"]),
        ("a; b, c; NA", ["a", "b, c"]),
    ],
)
def test_words_of_a_cell(text: str, words: list[str]) -> None:
    assert words_in(text) == words


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("12巻3号 Page45-50(2019.03)", ("12", "3", "45-50")),
        ("Vol.12 No.3 Page.45-50", ("12", "3", "45-50")),
        ("第12巻第3号45-50頁", ("12", "3", "45-50")),
        ("12(3):45-50", ("12", "3", "45-50")),
        ("J Ex. 2019 Mar 5;12(3):45-50. doi: 10.5555/p.1.", ("12", "3", "45-50")),
    ],
)
def test_volume_issue_and_pages_in_one_column(text: str, place: tuple[str, str, str]) -> None:
    assert tuple(place_in(text).values()) == place


@pytest.mark.parametrize(
    ("text", "number"),
    [("第12巻", "12"), ("１２", "12"), ("Vol. 12", "12"), ("Suppl 1", "Suppl 1"), ("nan", "")],
)
def test_numbers(text: str, number: str) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["2024-01-05", "05-Jan", "1月5日", "2024-01-05 00:00:00"])
def test_pages_that_a_spreadsheet_took_for_a_date(text: str) -> None:
    assert pages_of(text) == "1-5"
    assert issue_of("45293") == "1-2"
    assert excel_date("43529") == "2019-03-05"


def test_a_workbook_with_errors_and_dates() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["title", "abstract", "date", "volume"])
    sheet.append(["Night shifts", "#REF!", 43529, "nan"])
    content = io.BytesIO()
    book.save(content)
    (record,) = FORMATS["xlsx"].read(io.BytesIO(content.getvalue()))
    assert isinstance(record, Record)
    assert (record.abstract, record.date, record.volume) == ("", "2019-03-05", "")


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "cp949"])
def test_chinese_and_korean_are_not_read_as_japanese_nonsense(encoding: str) -> None:
    title = {
        "gb18030": "高血压患者的临床治疗研究与疗效观察",
        "big5": "高血壓患者的臨床治療研究與療效觀察",
        "cp949": "고혈압 환자의 치료에 대한 연구와 임상 결과",
    }[encoding]  # fmt: skip
    (record,) = read(ris(title, ""), encoding=encoding)
    assert record.title == title


def test_ids_tell_editorials_apart() -> None:
    text = "TY  - JOUR\nTI  - 序文\nPY  - 2021\nJO  - 架空誌\nVL  - 3\nSP  - {}\nER  - \n"
    assert len({r.id for r in read("".join(map(text.format, (1, 90, 170))))}) == 3
