"""The builder of exact search: rows make the expression that one would type."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from search.exact import ExactSyntaxError, parse
from web.pages.builder import OPERATORS, expression

ROW = st.tuples(
    st.sampled_from(OPERATORS),
    st.sampled_from(["all", "tiab", "ti", "ab", "mh", "au", "ta"]),
    st.text(st.sampled_from('心不全肺炎abIL-6 ,、()[]/*"“”=:'), max_size=20),
)


@pytest.mark.parametrize(
    ("rows", "base", "ichushi", "pubmed"),
    [
        (
            [("AND", "tiab", "心不全、心筋梗塞"), ("AND", "mh", "高齢者"), ("NOT", "pt", "会議録")],
            "",
            "((心不全/TA OR 心筋梗塞/TA) AND 高齢者/TH) NOT PT=会議録",
            "((心不全[tiab] OR 心筋梗塞[tiab]) AND 高齢者[mh]) NOT 会議録[pt]",
        ),
        (
            [("AND", "ti", "heart failure or HFpEF"), ("OR", "all", "immun*")],
            "",
            '("heart failure"/TI OR HFpEF/TI) OR immun*/AL',
            '("heart failure"[ti] OR HFpEF[ti]) OR immun*[all]',
        ),
        ([("AND", "ti", " 、 ")], "", "", ""),
        ([("NOT", "ti", "小児")], "a OR b", "(a OR b) NOT 小児/TI", "(a OR b) NOT 小児[ti]"),
    ],
)
def test_rows_make_an_expression(
    rows: list[tuple[str, str, str]], base: str, ichushi: str, pubmed: str
) -> None:
    assert expression(rows, base, ichushi=True) == ichushi
    assert expression(rows, base, ichushi=False) == pubmed
    if ichushi:
        assert str(parse(ichushi).tree) == str(parse(pubmed).tree)


def fault(made: str) -> str:
    try:
        parse(made)
    except ExactSyntaxError as error:
        return error.reason
    return ""


@given(st.lists(ROW, max_size=4), st.booleans())
def test_what_the_builder_puts_around_terms_can_be_read(
    rows: list[tuple[str, str, str]], ichushi: bool
) -> None:
    made = expression(rows, ichushi=ichushi)
    assert not made or fault(made) in {
        *("", "nothing to search", "stem too short", "misplaced wildcard", "too many terms"),
    }


def test_the_form_leads_to_the_expression(client: FlaskClient) -> None:
    sent = {"operator": ["AND", "NOT"], "field": ["ti", "pt"], "terms": ["糖尿病", "会議録"]}
    response = client.get("/exact/build", query_string={**sent, "lang": "ja"})
    assert response.status_code == 302
    found = client.get(response.headers["Location"])
    assert "糖尿病/TI NOT PT=会議録" in found.text
    assert "件が一致" in found.text
    assert client.get("/exact/build").headers["Location"] == "/exact"


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(base_url=server, locale="ja")
    yield context.new_page()
    context.close()


def test_rows_complete_terms_and_more_rows_can_be_had(page: Page) -> None:
    page.goto("/exact")
    page.get_by_role("button", name="行を追加").click()
    fourth = page.get_by_role("group", name="4行目")
    terms = fourth.get_by_role("combobox", name="語（")
    expect(terms).to_be_focused()
    terms.press_sequentially("とうにょう")
    fourth.locator("[role=option]").first.click()
    expect(terms).to_have_value(re.compile("糖尿病"))
    page.get_by_role("button", name="検索式を作って検索").click()
    expect(page.locator("#q")).to_have_value(re.compile("糖尿病.*/TA"))
