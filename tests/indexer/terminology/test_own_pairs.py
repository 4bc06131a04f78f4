"""Names that a library's records give in brackets."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.run.pipeline import build
from indexer.terminology.own_pairs import pairs
from search.terminology.terminology import Terminology
from tests.indexer.terminology.test_adding import run

TEXTS = [
    "術後の見本静脈血栓症（SVTX）を調べた。",
    "見本静脈血栓症（sample vein thrombosis; SVTX）の予防",
    "見本静脈血栓症(sample vein thrombosis:SVTX)",
    "見本静脈血栓症（sample vein thrombosis）",
    "Prevention of sample vein thrombosis (SVTX) after surgery",
    "A sample vein thrombosis (SVTX)",
    "Again sample vein thrombosis (SVTX)",
    # PT has two readings here, PQRS is said once.
    *["理学療法（PTX）"] * 3,
    *["見本時間測定（PTX）"] * 3,
    "一度見本（PQRS）",
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("deep vein thrombosis (DVT)", [("deep vein thrombosis", "DVT")]),
        ("patients with heart failure (HF)", [("heart failure", "HF")]),
        ("深部静脈血栓症（DVT）と肺塞栓（PE）",
         [("深部静脈血栓症", "DVT"), ("肺塞栓", "PE")]),
        ("in the first group (n=20) and (Fig 2)", []),
        ("nothing that fits (XYZ)", []),
        ("(DVT)", []),
        ("筋萎縮性側索硬化症（amyotrophic lateral sclerosis: ALS）",
         [("筋萎縮性側索硬化症", "amyotrophic lateral sclerosis"), ("筋萎縮性側索硬化症", "ALS")]),
    ],
)  # fmt: skip
def test_pairs_of_a_text(text: str, found: list[tuple[str, str]]) -> None:
    assert list(pairs(text)) == found


@given(st.text(alphabet="a A1(（）)症肺;:-DVT", max_size=60))
def test_whatever_a_text_holds(text: str) -> None:
    assert all(long and short for long, short in pairs(text))


def test_a_library_gives_its_own_pairs(tmp_path: Path, published_layout: Path) -> None:
    source = tmp_path / "records.jsonl"
    lines = [{"id": f"r{n}", "title": text, "abstract": f"{n}"} for n, text in enumerate(TEXTS)]
    source.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    build([source], tmp_path / "library", model=str(published_layout), device="cpu")
    folder = tmp_path / "terminology"
    status, output = run(
        *("add", "--from-library", tmp_path / "library", "--name", "own", "--terminology", folder)
    )
    assert status == 0, output
    terminology = Terminology([folder / "own.db"])
    (concept,) = terminology.meant("見本静脈血栓症")
    assert {(label.text, label.kind) for label in concept.labels} == {
        ("見本静脈血栓症", "preferred"),
        ("sample vein thrombosis", "preferred"),
        ("SVTX", "abbreviation"),
    }
    assert not terminology.concepts_called("PTX")
    assert not terminology.concepts_called("PQRS")
    status, output = run("add", "--terminology", folder)
    assert status == 2
    assert "FILE or --from-library" in output
