"""How expressions are understood: canonical forms, and what is said about them."""

import pytest

from search.exact import parse

UNDERSTOOD = [
    ("肺炎 治療", "肺炎[all] AND 治療[all]"),
    ("(心筋梗塞/AL) and (アスピリン/TH)", "心筋梗塞[all] AND アスピリン[mh]"),
    ("[心筋梗塞]/TH", "心筋梗塞[mh:noexp]"),
    ("心筋梗塞/KW OR 肺炎[ot]", "心筋梗塞[ot] OR 肺炎[ot]"),
    ("喘息/TH/治療 or [喘息]/th/診断", '"喘息/治療"[mh] OR "喘息/診断"[mh:noexp]'),
    ("急性 心筋梗塞/TI", "急性[all] AND 心筋梗塞[ti]"),
    ("acute infarction[ti]", '"acute infarction"[ti]'),
    ("((Oseltamivir/TH or タミフル/AL)) and (AB=Y SH=毒性・副作用,有害作用)",
     '(Oseltamivir[mh] OR タミフル[all]) AND (hasabstract[filter] AND ("毒性・副作用"[sh] OR '
     "有害作用[sh]))"),
    ("(DT=2015:2020 PT=原著論文,会議録除く)", "2015:2020[dp] AND (原著論文[pt] NOT 会議録[pt])"),
    ("PT=症例報告・事例除く", 'NOT ("症例報告・事例"[pt] OR 症例報告[pt])'),
    ("heart[Title/Abstract] AND heart [MeSH Terms]", "heart[tiab] AND heart[mh]"),
    ('("2010/1/5"[Date - Publication] : "3000"[Date - Publication])', "2010/01/05:3000[dp]"),
    ("DT=2015: or PDAT=2010//", "2015:[dp] OR 2010[dp]"),
    ("smith j[au] OR \"smith j\"[au]", '"smith j*"[au] OR "smith j"[au]'),
    ("hasabstract AND retracted[filter]", "hasabstract[filter] AND retracted[filter]"),
    ("LA=日本語 or german[la]", "ja[la] OR de[la]"),
    ("肺炎/ti OR n/al", '肺炎[ti] OR "n/al"[all]'),
    ("(2010 OR 2012:2014)[dp]", "2010[dp] OR 2012:2014[dp]"),
    ("(hip OR knee[ti])[ab]", "hip[ab] OR knee[ti]"),
    ('"hip pain"[tiab:~4]', "hip[tiab] NEAR/4 pain[tiab]"),
    ('"hip knee pain"[tiab:~4]', '"hip knee pain"[tiab:~4]'),
    ("chronic hip NEAR3 pain[ti] now", "chronic[all] AND hip[ti] NEAR/3 pain[ti] AND now[all]"),
    ("a OR b AND c", "(a[all] OR b[all]) AND c[all]"),
    ("NOT a b", "NOT a[all] AND b[all]"),
    ("(10.1016/S0140-6736(20)30183-5)[doi]", '"10.1016/S0140-6736(20)30183-5"[doi]'),
    ('"and" OR android', '"and"[all] OR android[all]'),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "canonical"), UNDERSTOOD)
def test_canonical_form(typed: str, canonical: str) -> None:
    assert str(parse(typed).tree) == canonical


@pytest.mark.parametrize(
    ("typed", "notes"),
    [
        ("肺炎/TI and 治療/AB", []),
        ("a OR b AND c", [("mixed operators", "(a[all] OR b[all]) AND c[all]")]),
        ("a OR (b AND c)", []),
        ("肺炎/TH", [("heading as written", "肺炎[mh]")]),
        ("aspirin[mh:noexp]", []),
        ("aspirin[majr]", [("major topic", "aspirin[mh]")]),
        ("CK=ヒト", [("check tag", "ヒト[mh:noexp]")]),
        ("humans[filter]", [("filter", "Humans[mh:noexp]")]),
        ("smith j[au]", [("initials", '"smith j*"[au]')]),
        ("heart failure[tiab]", [("words as phrase", '"heart failure"[tiab]')]),
    ],
)
def test_what_is_said_about_an_expression(typed: str, notes: list[tuple[str, str]]) -> None:
    assert [(note.reason, note.detail) for note in parse(typed).notes] == notes


def test_terms_know_where_they_were_typed() -> None:
    typed = '（肺炎/TI） and "heart failure"[ab]'
    first, second = parse(typed).tree.parts
    assert typed[first.start : first.end] == "肺炎"
    assert typed[second.start : second.end] == "heart failure"


def test_what_only_looks_like_a_code_is_text_and_said_so() -> None:
    parsed = parse("糖尿病/TX and 肺炎/TI")
    assert str(parsed.tree) == '"糖尿病/TX"[all] AND 肺炎[ti]'
    assert [(n.reason, n.detail) for n in parsed.notes] == [("code as text", '"糖尿病/TX"[all]')]


def test_a_quotation_mark_inside_a_value_says_nothing() -> None:
    tree = parse("PT=#1“)“").tree
    assert parse(str(tree)).tree == tree
