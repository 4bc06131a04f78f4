"""Single fields: dates, names, pages, DOIs, languages, ids, retractions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.formats.fields.dates import date_from_parts, date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identity import record_id
from search.formats.fields.languages import language_code, language_of, side_by_side, three_letters
from search.formats.fields.markup import plain_text
from search.formats.fields.names import author, family_first
from search.formats.fields.nlm_texts import unbracketed
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.records import record_from_dict


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019", "2019"),
        ("2019 Mar", "2019-03"),
        ("2019 Mar 5", "2019-03-05"),
        ("2019/03/05/", "2019-03-05"),
        ("1948/07//", "1948-07"),
        ("2014//", "2014"),
        ("20190305", "2019-03-05"),
        ("2019-03-05T10:00:00Z", "2019-03-05"),
        ("5 March 2019", "2019-03-05"),
        ("March 5th, 2019", "2019-03-05"),
        ("JUN 8 2004", "2004-06-08"),
        ("2019年3月5日", "2019-03-05"),
        ("２０１９年１０月", "2019-10"),
        ("令和元年5月", "2019-05"),
        ("昭和64年1月7日", "1989-01-07"),
        ("1998 Dec-1999 Jan", "1998-12"),
        ("2018 Jul-Sep", "2018-07"),
        ("2001 Spring", "2001"),
        ("25/12/2019", "2019-12-25"),
        ("05/03/2019", "2019"),
        ("2021/13/45", "2021"),
        ("2019 Feb 30", "2019-02"),
        ("n.d.", ""),
        ("", ""),
    ],
)
def test_dates(text: str, date: str) -> None:
    assert date_of(text) == date


@given(st.text() | st.from_regex(r"[0-9]{1,4}[-/ .年][0-9]{1,2}[-/ .月][0-9]{1,4}"))
def test_any_date_is_one_that_a_record_takes(text: str) -> None:
    for date in (date_of(text), date_from_parts(text, text, text)):
        assert record_from_dict({"id": "x", "title": "t", "date": date}).date == date


@pytest.mark.parametrize(
    ("name", "family", "given_name"),
    [
        ("Zaidat, Osama O", "Zaidat", "Osama O"),
        ("Zaidat OO", "Zaidat", "OO"),
        ("Liu R.", "Liu", "R."),
        ("Hellinger FR Jr", "Hellinger", "FR Jr"),
        ("van de Schoot, Rens", "van de Schoot", "Rens"),
        ("Shannon,Claude E.", "Shannon", "Claude E."),
        ("山田 太郎", "山田", "太郎"),
        ("山田　太郎", "山田", "太郎"),
        ("山田，太郎", "山田", "太郎"),
        ("山田太郎", "山田太郎", ""),
        ("World Health Organization", "World Health Organization", ""),
        ("Group A,", "Group A", ""),
    ],
)
def test_names(name: str, family: str, given_name: str) -> None:
    assert author(name) == {"family": family, "given": given_name}
    assert author(family_first(family, given_name)) == {"family": family, "given": given_name}


@pytest.mark.parametrize(
    ("first", "last", "pages"),
    [
        ("283-98", "", "283-298"),
        ("283", "98", "283-298"),
        ("283–298", "", "283-298"),
        ("p. 12〜15", "", "12-15"),
        ("S12-5", "", "S12-S15"),
        ("1051.e13-1051.e17", "", "1051.e13-1051.e17"),
        ("1375339", "1375339", "1375339"),
        ("152", "152-160", "152-160"),
        ("", "423", "423"),
        ("e0188810", "", "e0188810"),
    ],
)
def test_pages(first: str, last: str, pages: str) -> None:
    assert page_range(first, last) == pages
    assert page_range(pages) == pages


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1161/STROKEAHA.118.021126 [doi]", "10.1161/STROKEAHA.118.021126"),
        ("https://doi.org/10.9999/a(b)c.", "10.9999/a(b)c"),
        ("(doi:10.9999/abc)", "10.9999/abc"),
        ("id=doi:10.4103%2F2303-9027.138783&atitle=x", "10.4103/2303-9027.138783"),
        ("10.9999/abcは", "10.9999/abc"),
        ("no doi 10.1", ""),
        ("10.9999/" + "x" * 500, ""),
    ],
)
def test_dois(text: str, doi: str) -> None:
    assert clean_doi(text) == doi


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("eng", "en"), ("jpn", "ja"), ("fre", "fr"), ("fra", "fr"), ("ja-JP", "ja"),
        ("en_US", "en"), ("English", "en"), ("日本語", "ja"), ("英語", "en"),
        ("und", ""), ("klingonese", ""), ("", ""),
    ],
)  # fmt: skip
def test_languages(name: str, code: str) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize("code", ["en", "ja", "fr", "de", "zh", "ko"])
def test_three_letters_lead_back(code: str) -> None:
    assert language_code(three_letters(code)) == code
    assert three_letters("fr") == "fre"


def test_a_language_that_the_script_belies_is_not_taken() -> None:
    assert language_of("jpn", "Pneumonia") == "en"
    assert language_of("eng", "肺炎") == "ja"
    assert language_of("ger", "Lunge") == "de"


def test_texts_stand_side_by_side_in_the_records_own_language_first() -> None:
    texts = {"en": ("Pneumonia", "Aim"), "ja": ("肺炎", "")}
    record = record_from_dict({"id": "x", **side_by_side("ja", texts)})
    assert (record.language, record.title, record.translations[0].abstract) == ("ja", "肺炎", "Aim")
    assert record_from_dict({"id": "x", **side_by_side("fr", texts)}).language == "en"


def test_ids_from_the_strongest_identifier_to_the_weakest() -> None:
    every = {
        "pmid": "1", "ichushi_id": "2", "doi": "10.9/A", "source": "Embase", "accession": "L3",
        "title": "T", "year": 2020, "author": "Ito",
    }  # fmt: skip
    expected = ["pmid:1", "ichushi:2", "doi:10.9/a", "embase:L3"]
    for name, identifier in zip(("pmid", "ichushi_id", "doi", "accession"), expected, strict=True):
        assert record_id(**every) == identifier
        every[name] = ""
    weakest = record_id(**every)
    assert weakest == record_id(title="Ｔ.", year="2020", author="ITO")
    assert weakest != record_id(title="T", year=2021, author="Ito")
    assert len(weakest) == len("hash:") + 16


@given(st.text(), st.text(), st.text())
def test_any_id_is_one_that_a_record_takes(doi: str, accession: str, title: str) -> None:
    made = record_id(doi=doi.strip(), source="x", accession=accession.strip(), title=title)
    assert 0 < len(made) <= 200


@pytest.mark.parametrize(
    ("title", "kinds", "state"),
    [
        ("RETRACTED: A trial", [], "retracted"),
        ("Retracted article: a trial", [], "retracted"),
        ("撤回：ある試験", [], "retracted"),
        ("Retracted studies: a review of reasons", [], ""),
        ("T", ["Retracted Publication"], "retracted"),
        ("T", ["RetractionIn"], "retracted"),
        ("T", ["ErratumIn", "ExpressionOfConcernIn"], "expression of concern"),
        ("T", ["ErratumIn"], "corrected"),
        ("T", ["Retraction of Publication", "RetractionOf", "ErratumFor"], ""),
    ],
)
def test_retraction_states(title: str, kinds: list[str], state: str) -> None:
    assert retraction_state(title, kinds) == state


def test_markup_is_taken_away_and_comparisons_stay() -> None:
    assert plain_text("<i>E. coli</i> &amp; p<0.05, a < b &gt; c") == "E. coli & p<0.05, a < b > c"


def test_brackets_of_translated_titles() -> None:
    assert unbracketed("[A case.]") == "A case."
    assert unbracketed("[A case].") == "A case."
    assert unbracketed("[18F]FDG in [11C] studies.") == "[18F]FDG in [11C] studies."
