"""Earlier searches inside an expression: sets of records, combined as terms are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.exact import ExactSearch, ExactSyntaxError, Lines, parse

FOUND = {1: "肺炎", 2: "喘息 OR 肺炎", 3: "2010:2020[dp]", 12: "cat"}


@pytest.fixture(scope="module")
def lines(exact: ExactSearch) -> Lines:
    return Lines(
        exact.library.generation(), {n: exact.numbers(q).tolist() for n, q in FOUND.items()}
    )


@pytest.mark.parametrize(
    "expression",
    [
        "#1",
        "#1 AND #2 NOT #3",
        "#1 or #2 and #3",
        "#1 or (#2 and #3)",
        "not #1",
        "#2 #3",
        "＃１　ＡＮＤ　＃１２",
        "#1 OR #12 OR pain/TI",
        "(#1 or 喘息)/AB not (#3 and 治療)",
        "治療 or not #2",
    ],
)
def test_numbers_combine_as_what_they_stand_for_does(
    exact: ExactSearch, lines: Lines, expression: str
) -> None:
    written = expression.replace("＃１２", "#12").replace("＃１", "#1")
    for number in sorted(FOUND, reverse=True):
        written = written.replace(f"#{number}", f"({FOUND[number]})")
    shown = exact.search(expression, lines=lines, per_page=100)
    plain = exact.search(written, per_page=100)
    # (… or 喘息)/AB gives its field to what is written inside, not to a set that is there already.
    if "/AB" not in expression:
        assert shown.count == plain.count
        assert [h.record.id for h in shown.hits] == [h.record.id for h in plain.hits]
        assert exact.numbers(expression, lines=lines).tolist() == exact.numbers(written).tolist()
    assert exact.search(shown.canonical, lines=lines, per_page=100).hits == shown.hits


def test_a_field_of_a_group_leaves_a_set_as_it_is(exact: ExactSearch, lines: Lines) -> None:
    grouped = exact.numbers("(#1 or 喘息)/AB", lines=lines).tolist()
    assert grouped == exact.numbers("#1 or 喘息/AB", lines=lines).tolist()


@pytest.mark.parametrize(
    ("expression", "reason", "fragment"),
    [
        ("肺炎 AND #7", "unknown line", "#7"),
        ("#1 NEAR/5 肺炎", "bad proximity", "NEAR/5"),
        ("#1 AND", "missing operand", "AND"),
        ("#1 肺炎[tiba]", "unknown field", "[tiba]"),
    ],
)
def test_what_is_wrong_is_shown(
    exact: ExactSearch, lines: Lines, expression: str, reason: str, fragment: str
) -> None:
    with pytest.raises(ExactSyntaxError) as error:
        exact.numbers(expression, lines=lines)
    assert (error.value.reason, error.value.fragment) == (reason, fragment)


def test_without_earlier_searches_there_is_nothing_to_refer_to(exact: ExactSearch) -> None:
    with pytest.raises(ExactSyntaxError) as error:
        exact.numbers("#1")
    assert error.value.reason == "line reference"


_ATOMS = st.sampled_from(["#1", "#2", "#30", "肺炎[tiab]", '"heart failure"[ti]'])


@given(
    st.recursive(
        _ATOMS,
        lambda inner: st.builds(
            lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(["AND", "OR", "NOT"]), inner
        ),
        max_leaves=8,
    )
)
def test_the_canonical_form_is_read_back_to_the_same(expression: str) -> None:
    tree = parse(expression, with_lines=True).tree
    assert parse(str(tree), with_lines=True).tree == tree
