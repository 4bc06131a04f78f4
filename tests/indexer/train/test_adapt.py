"""An encoder learns from a library's own text: the pairs, the run, its resumption, the command."""

import dataclasses
import json
import random
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from indexer.run.pipeline import build
from indexer.train.adapt import MEASURE, AdaptConfig, adapt
from indexer.train.config import ConfigError
from indexer.train.curves import read_curves
from indexer.train.self_supervision import Examples, examples
from search.encoder import load_encoder
from search.library.library import Library
from search.records import Record, Translation
from web.cli import main

DISEASES = ("糖尿病", "高血圧症", "肺炎", "心筋梗塞", "気管支喘息", "胃癌", "腎不全", "脳梗塞")
DRUGS = ("インスリン", "降圧薬", "抗菌薬", "アスピリン", "吸入薬", "抗癌剤", "利尿薬", "抗凝固薬")
ABSTRACT = (
    "{disease}は、{drug}が用いられることの多い疾患である。{city}の{disease}患者{n}例を調べた。"
    "{drug}は{n}例に投与した。{city}では死亡例はなかった。副作用は{m}例にみられた。"
)
CITIES = ("札幌", "仙台", "東京", "金沢", "京都", "大阪", "広島", "福岡", "那覇", "高松")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    directory = tmp_path_factory.mktemp("adapt")
    with (directory / "records.jsonl").open("w", encoding="utf-8") as stream:
        for n in range(80):
            disease, drug = DISEASES[n % 8], DRUGS[n % 8]
            record = {
                "_id": f"r{n}",
                "title": f"{CITIES[n // 8]}における{disease}の{drug}治療",
                "text": ABSTRACT.format(
                    disease=disease, drug=drug, city=CITIES[n // 8], n=n + 3, m=n % 5
                ),
            }
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    build([directory / "records.jsonl"], directory / "library", model=str(published_layout))
    return directory / "library"


@pytest.fixture(scope="module")
def config(library: Path, published_layout: Path) -> AdaptConfig:
    return AdaptConfig(
        library=library,
        model=str(published_layout),
        steps=12,
        batch=8,
        max_tokens=48,
        learning_rate=1e-2,
        warmup_steps=1,
        measure_every=6,
    )


@pytest.fixture(scope="module")
def adapted(config: AdaptConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("adapted") / "model"
    figures = adapt(config, output)
    assert figures[f"{MEASURE} after"] >= figures[f"{MEASURE} before"]
    return output


def test_pairs_of_a_record() -> None:
    record = Record(
        "a",
        "川崎病の冠動脈瘤",
        "川崎病は、乳幼児に起こる全身の血管炎である。冠動脈瘤を合併する。ガンマグロブリンを用いた。"
        "予後は良好であった。",
        "ja",
        translations=(Translation("en", "Coronary aneurysms", "Kawasaki disease was studied."),),
    )
    found = {e.kind: e for e in examples(7, record, random.Random(3))}
    assert set(found) == {"title", "translation", "sentence", "crop", "definition", "terms"}
    assert all(e.number == 7 for e in found.values())
    assert found["sentence"].anchor in record.abstract
    assert found["sentence"].anchor not in found["sentence"].positive
    assert found["crop"].anchor not in found["crop"].positive
    assert found["definition"].anchor == "川崎病"
    assert found["definition"].positive == "乳幼児に起こる全身の血管炎である。"
    assert all(t not in found["terms"].positive for t in found["terms"].anchor.split())


def test_a_bare_title_teaches_nothing() -> None:
    assert not list(examples(1, Record("a", "肺炎", "", "ja"), random.Random(0)))


def test_batches_are_the_same_whenever_asked_for(library: Path) -> None:
    generation = Library(library).generation()
    material = Examples(generation, range(1, 81), 8, seed=5)
    assert set(material.kinds) == {"title", "sentence", "crop", "definition", "terms"}
    batch = material.batch(3)
    assert batch == Examples(generation, range(1, 81), 8, seed=5).batch(3)
    assert batch != material.batch(4)
    assert len({e.kind for e in batch}) == 1
    assert len({e.anchor for e in batch}) == len(batch)


def test_the_hardest_negative_is_of_another_record(library: Path) -> None:
    generation = Library(library).generation()
    material = Examples(generation, range(1, 81), 8, seed=5)
    example = next(e for i in range(9) for e in material.batch(i) if e.kind == "title")
    own = generation.records([example.number])[example.number]
    negative = material.negative(example, frozenset([example.number]))
    assert negative
    assert negative != own.abstract
    assert any(d in negative and d in own.abstract for d in DISEASES)
    unknown = dataclasses.replace(example, anchor="zzz")
    assert material.negative(unknown, frozenset()) is None


def test_what_comes_out_is_a_model_with_its_head(adapted: Path) -> None:
    encoder = load_encoder(str(adapted), "torch-cpu")
    assert encoder.can_fill_masks
    assert encoder.encode_queries(["糖尿病"]).shape == (1, 32)
    card = (adapted / "README.md").read_text(encoding="utf-8")
    assert "adaptation to a library's own text" in card
    assert "known_item_mrr before" in card
    assert not (adapted / "checkpoints").exists()
    rows = read_curves(adapted / "curves.csv")
    assert [row["step"] for row in rows if MEASURE in row] == [0, 6, 12]
    logged = next(row for row in rows if "loss" in row)
    assert logged.keys() >= {"contrastive", "mlm"}


def test_a_stopped_adaptation_ends_like_an_unbroken_one(
    config: AdaptConfig, adapted: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    assert adapt(config, output, stop_after=6) == {}
    assert not (output / "config.json").exists()
    assert adapt(config, output)
    assert (output / "model.safetensors").read_bytes() == (
        adapted / "model.safetensors"
    ).read_bytes()


def test_where_nothing_helps_the_model_stays(
    config: AdaptConfig, published_layout: Path, tmp_path: Path
) -> None:
    spoiling = dataclasses.replace(
        config, learning_rate=50.0, measure_every=1, patience=2, hard_negatives=False, mlm_weight=0
    )
    figures = adapt(spoiling, tmp_path / "model")
    rows = read_curves(tmp_path / "model" / "curves.csv")
    best = max(rows, key=lambda row: row.get(MEASURE, 0.0))
    assert figures["best at step"] == best["step"]
    assert rows[-1]["step"] <= best["step"] + 2
    if best["step"] == 0:
        kept = load_encoder(str(tmp_path / "model"), "torch-cpu").encode_queries(["肺炎"])
        start = load_encoder(str(published_layout), "torch-cpu").encode_queries(["肺炎"])
        assert torch.allclose(torch.tensor(kept), torch.tensor(start), atol=1e-3)


def test_the_command(library: Path, tmp_path: Path) -> None:
    file = tmp_path / "adapt.yaml"
    file.write_text("steps: 2\nbatch: 4\nmax_tokens: 32\nmeasure_every: 2\n")
    output = tmp_path / "model"
    called = ["adapt", "--library", str(library), "--output", str(output), "--config", str(file)]
    done = CliRunner().invoke(main, called)
    assert done.exit_code == 0, done.output
    assert "known_item_mrr before: " in done.output
    assert f"use it with --model {output}" in done.output
    # An adapted model serves a library like any other.
    corpus = library.parent / "records.jsonl"
    build([corpus], tmp_path / "again", model=str(output))
    assert Library(tmp_path / "again").generation().manifest.records == 80


def test_too_little_text(library: Path, published_layout: Path, tmp_path: Path) -> None:
    lines = (library.parent / "records.jsonl").read_text(encoding="utf-8").splitlines()[:5]
    (tmp_path / "few.jsonl").write_text("\n".join(lines), encoding="utf-8")
    build([tmp_path / "few.jsonl"], tmp_path / "library", model=str(published_layout))
    config = AdaptConfig(library=tmp_path / "library", model=str(published_layout))
    with pytest.raises(ConfigError, match="too little text to learn from"):
        adapt(config, tmp_path / "model")
