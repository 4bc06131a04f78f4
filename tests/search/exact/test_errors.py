"""Faults in an expression: the place, the reason, and a proposal that can be read."""

import pytest

from search.exact import ExactSyntaxError, parse
from search.exact.grammar import MAX_DEPTH, MAX_LENGTH
from search.exact.syntax_errors import MESSAGES

# Typed, reason, the part that is at fault, the proposal.
FAULTS = [
    ("", "empty", "", None),
    ("　 ", "empty", "　 ", None),
    ("肺炎 AND", "missing operand", "AND", "肺炎"),
    ("and 肺炎", "missing operand", "and", "肺炎"),
    ("肺炎 AND OR 治療", "missing operand", "OR", "肺炎 AND   治療"),
    ("肺炎 NOT (OR 治療)", "missing operand", "OR", "肺炎 NOT (  治療)"),
    ("(肺炎 AND 治療", "unclosed parenthesis", "(", "(肺炎 AND 治療)"),
    ("((肺炎 OR 喘息) AND 治療", "unclosed parenthesis", "(", "((肺炎 OR 喘息) AND 治療)"),
    ("肺炎) AND 治療", "unopened parenthesis", ")", "肺炎  AND 治療"),
    ("肺炎 AND （）", "empty parentheses", "（）", "肺炎"),
    ('"heart failure AND aspirin', "unclosed quote", '"heart failure AND aspirin',
     '"heart failure" AND aspirin'),
    ('肺炎 AND "', "unclosed quote", '"', "肺炎"),
    ("肺炎[tiab AND 治療", "unclosed bracket", "[", "肺炎[tiab] AND 治療"),
    ("肺炎] AND 治療", "unclosed bracket", "]", "肺炎  AND 治療"),
    ("肺炎[tiba]", "unknown field", "[tiba]", "肺炎[tiab]"),
    ('"肺炎"/TX', "unknown field", "/TX", '"肺炎"/TI'),
    ("東京大学[ad]", "unsupported field", "東京大学[ad]", "東京大学"),
    ('"東京 大学"/IN or 肺炎', "unsupported field", '"東京 大学"/IN', '"東京 大学" or 肺炎'),
    ("(hip OR knee)[ad]", "unsupported field", "[ad]", "(hip OR knee)"),
    ("(hip OR knee)[ti:~3]", "bad proximity", "[ti:~3]", "(hip OR knee)[ti]"),
    ("肺炎 and FT=Y", "unsupported field", "FT=Y", "肺炎"),
    ("[tiab] AND 肺炎", "field without term", "[tiab]", "肺炎"),
    ("ab* AND 肺炎", "stem too short", "*", "ab AND 肺炎"),
    ("colo*r", "misplaced wildcard", "*", "colo*"),
    ("*肺炎", "misplaced wildcard", "*", "肺炎"),
    ('"heart* failure"[ti]', "misplaced wildcard", "*", '"heart failure"[ti]'),
    ("肺炎 AND ・", "nothing to search", "・", "肺炎"),
    ("2020:2010[dp]", "reversed range", "2020:2010", "2010:2020[dp]"),
    ("肺炎 DT=2020年", "bad date", "DT=2020年", "肺炎 DT=2020"),
    ("2010/13[dp]", "bad date", "2010/13[dp]", "2010[dp]"),
    ("肺炎 and LA=エルフ語", "unknown language", "LA=エルフ語", "肺炎"),
    ("hip NEAR pain", "bad distance", "NEAR", "hip NEAR/5 pain"),
    ("hip NEAR/500 pain", "bad distance", "NEAR/500", "hip NEAR/100 pain"),
    ('"hip pain"[tiab:~]', "bad distance", "[tiab:~]", '"hip pain"[tiab:~5]'),
    ('"hip pain"[au:~3]', "bad proximity", "[au:~3]", '"hip pain"[au]'),
    ("hip NEAR/5 smith[au]", "bad proximity", "NEAR/5", "hip AND smith[au]"),
    ("hip NEAR/5 pain NEAR/5 knee", "bad proximity", "NEAR/5", "hip NEAR/5 pain AND knee"),
    ("#1 AND #2", "line reference", "#1", None),
    ("malaria.ti,ab. AND 肺炎", "other platform", ".ti,ab.", "malaria[tiab] AND 肺炎"),
    ("TS=(asthma)", "other platform", "TS=", "(asthma)[tw]"),
    ("喘息 AND nosuchfilter[filter]", "unknown filter", "nosuchfilter[filter]", "喘息"),
    # several faults at once: all are mended
    ('((肺炎[tiba] AND "治療', "unclosed quote", '"治療', '((肺炎[tiab] AND "治療"))'),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "reason", "fragment", "proposal"), FAULTS)
def test_a_fault_is_placed_explained_and_mended(
    typed: str, reason: str, fragment: str, proposal: str | None
) -> None:
    with pytest.raises(ExactSyntaxError) as caught:
        parse(typed)
    error = caught.value
    assert (error.reason, error.fragment, error.proposal) == (reason, fragment, proposal)
    assert typed[error.start : error.end] == fragment
    if reason != "other platform":  # which names the platform, too
        assert str(error) == MESSAGES[error.reason]
    if proposal:
        parse(proposal)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("a" * (MAX_LENGTH + 1), "too long"),
        ("(" * (MAX_DEPTH + 1) + "肺炎" + ")" * (MAX_DEPTH + 1), "too deep"),
        ("a" + " and b or c" * MAX_DEPTH, "too deep"),
        ("肺 " * 1001, "too many terms"),
    ],
)
def test_what_no_librarian_types_is_bounded(typed: str, reason: str) -> None:
    with pytest.raises(ExactSyntaxError) as caught:
        parse(typed)
    assert caught.value.reason == reason


def test_parentheses_may_be_nested_to_the_bound() -> None:
    depth = MAX_DEPTH - 1
    assert str(parse("(" * depth + "肺炎" + ")" * depth).tree) == "肺炎[all]"


def test_every_reason_has_a_message_and_a_case() -> None:
    cases = {reason for _, reason, _, _ in FAULTS} | {"too long", "too deep", "too many terms"}
    # test_lines.py and the desk's tests of strategies have these.
    cases |= {"unknown line", "deleted line", "later line", "too much"}
    # And test_thesaurus.py this.
    cases |= {"too wide"}
    assert cases == set(MESSAGES)
