"""What the terminology that ships knows, and how names are found in a text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.terminology.keys import key
from search.terminology.opened_file import TerminologyError
from search.terminology.terminology import Terminology, bundled


def found(text: str) -> list[tuple[str, str, bool]]:
    return [(text[m.start : m.end], m.concepts[0].name, m.sure) for m in bundled().mentions(text)]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("心不全", "heart failure"),
        ("心臓発作", "myocardial infarction"),
        ("ＣＯＰＤ", "慢性閉塞性肺疾患"),
        ("TAVR", "経カテーテル大動脈弁留置術"),
        ("新型コロナ", "COVID-19"),
        ("Crohn病", "クローン病"),
        ("肺がん", "lung cancer"),
        ("Kidney  Stones", "腎結石症"),
        ("帯状ほう疹", None),
    ],
)
def test_a_name_leads_to_the_others(name: str, other: str | None) -> None:
    concepts = bundled().concepts_called(name)
    if other is None:
        assert not concepts
        return
    (concept,) = concepts
    assert key(other) in {key(label.text) for label in concept.labels}
    assert all(label.source for label in concept.labels)


def test_names_are_found_in_a_text_the_longest_at_each_place() -> None:
    assert found("心不全患者の再入院") == [
        ("心不全", "心不全", True),
        ("再入院", "再入院", True),
    ]
    assert ("慢性閉塞性肺疾患", "慢性閉塞性肺疾患", True) in found("慢性閉塞性肺疾患の増悪")
    assert [name for name, _, _ in found("hair loss after heart failures")] == [
        "hair loss",
        "heart failures",
    ]


@pytest.mark.parametrize(
    ("text", "inside"),
    [("頭痛の診断", "頭"), ("癌研の成績", "癌"), ("cancerology", "cancer")],
)
def test_no_name_is_found_inside_another_word(text: str, inside: str) -> None:
    assert inside not in [name for name, _, _ in found(text)]


@pytest.mark.parametrize("text", ["MSの治療", "RA", "PTによる歩行訓練", "CDの手術"])
def test_a_short_abbreviation_is_not_certain(text: str) -> None:
    assert not found(text)[0][2]


@given(st.text(max_size=60))
def test_mentions_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    end = 0
    for mention in bundled().mentions(text):
        assert end <= mention.start < mention.end <= len(text)
        assert mention.concepts
        end = mention.end


def test_what_is_no_terminology_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    file.write_bytes(b"no database at all, but long enough to be looked at as one")
    with pytest.raises(TerminologyError, match=r"other\.db cannot be read"):
        Terminology([file])
    with pytest.raises(TerminologyError, match=r"missing\.db cannot be read"):
        Terminology([tmp_path / "missing.db"])
