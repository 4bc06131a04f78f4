"""Sentence borders in Japanese and English."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.text.sentences import sentence_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("熱が出た。咳も出た。", ["熱が出た。", "咳も出た。"]),
        ("題名\n本文である。", ["題名", "本文である。"]),
        (
            "本研究は，肺炎を対象とした．結果はｐ＝0．05であった．",
            ["本研究は，肺炎を対象とした．", "結果はｐ＝0．05であった．"],
        ),
        ("「治った。」と述べた。次の日。", ["「治った。」と述べた。", "次の日。"]),
        ("平均は1.5倍、IL-6は2.3 pg/mL。", ["平均は1.5倍、IL-6は2.3 pg/mL。"]),
        ("Dr. Sato saw it. It was benign.", ["Dr. Sato saw it.", "It was benign."]),
        ("We gave aspirin (100 mg vs. placebo).", ["We gave aspirin (100 mg vs. placebo)."]),
        ("採用された。1857年に完成。３年後、", ["採用された。", "1857年に完成。", "３年後、"]),
        ("句点のない文", ["句点のない文"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentence_spans(text)] == expected


@given(st.text(alphabet="あ漢aA。．.!？「」（） \n1", max_size=60))
def test_only_white_space_stands_between_sentences(text: str) -> None:
    position = 0
    for start, end in sentence_spans(text):
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()
