"""Learning where relevance ends, in libraries too small for it and just large enough."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.learning.relevance_line import learn_relevance_line
from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine
from tests.indexer.conftest import index, written

pytestmark = pytest.mark.slow

DISEASES = [
    "肺炎",
    "心筋梗塞",
    "糖尿病",
    "喘息",
    "白血病",
    "緑内障",
    "骨折",
    "胃潰瘍",
    "結核",
    "貧血",
    "脳梗塞",
    "腎不全",
]


def test_two_records_say_nothing(built: Path, encoder: Encoder) -> None:
    generation = Library(built).generation()
    assert generation.manifest.relevance is None
    assert learn_relevance_line(generation, encoder) is None


@pytest.fixture(scope="module", autouse=True)
def fewer_queries() -> Iterator[None]:
    """Each draws so many of its own vocabulary; encoding them takes longer than all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("indexer.learning.relevance_line._QUERIES", 200)
        yield


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [
        {
            "id": name,
            "title": f"{name}の治療",
            "abstract": f"{name}の患者に治療を行い、経過を観察した。{name}は軽快した。",
        }
        for name in DISEASES
    ]
    folder = tmp_path_factory.mktemp("dozen")
    index(written(folder / "records.jsonl", *records), folder / "library")
    return folder / "library"


def test_a_dozen_records(dozen: Path, encoder: Encoder) -> None:
    engine = Engine(Library(dozen), encoder)
    line = engine.generation().manifest.relevance
    assert line == learn_relevance_line(engine.generation(), encoder)
    for name in DISEASES[:4]:
        found = engine.search(name)
        assert found.relevant
        assert name in {h.record.id for h in found.hits[: found.relevant]}
    for query in ("衆議院の解散総選挙", "qwertyuiop", "カレーライスの作り方"):
        assert engine.search(query).relevant == 0


def test_an_update_that_learns_no_weight_keeps_the_line(
    dozen: Path, source: Callable[..., Path], tmp_path: Path
) -> None:
    dozen = Path(shutil.copytree(dozen, tmp_path / "library"))
    before = Library(dozen).generation().manifest
    index(source({"id": "new", "title": "麻疹", "abstract": "麻疹の流行。"}), dozen)
    after = Library(dozen).generation().manifest
    assert after.records == before.records + 1
    assert after.relevance == before.relevance
    more = [{"id": f"n{i}", "title": f"風疹 {i}", "abstract": "流行した。"} for i in range(9)]
    index(source(*more), dozen)
    assert Library(dozen).generation().manifest.relevance != before.relevance
