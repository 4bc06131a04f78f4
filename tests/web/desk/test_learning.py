"""What order decisions teach, what is told of recall, and screenings replayed."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from search.records import Record
from web.cli import main
from web.desk import items, shelf
from web.desk.desk import Desk
from web.desk.growing import theme_terms
from web.desk.screening.deciding import decide
from web.desk.screening.learning import Features, features, probabilities, ranking
from web.desk.screening.ordering import next_record
from web.desk.screening.outcomes import screened
from web.desk.screening.recall import most_remaining, recall
from web.desk.screening.simulation import (
    LabelledError,
    discovery_time,
    loss,
    read_labelled,
    recall_after,
    replay,
    wss,
)

TEXTS = {
    **{f"stroke{i}": f"aspirin for acute stroke in adults {i}" for i in range(8)},
    **{f"mouse{i}": f"a mouse model of memory and maze {i}" for i in range(24)},
}
LABELS = {i: i.startswith("stroke") for i in TEXTS}


def test_decisions_order_the_rest_and_say_why() -> None:
    found = ranking(features(TEXTS), {"stroke0": True, "mouse0": False})
    order = found.order([i for i in TEXTS if i not in ("stroke0", "mouse0")])
    assert all(i.startswith("stroke") for i in order[:7])
    assert found.best(list(TEXTS)) == order[0] or found.best(list(TEXTS)) == "stroke0"
    terms = {term for term, _ in found.why("stroke1")}
    assert terms & {"aspirin", "stroke", "acute stroke"}
    assert not terms & {"mouse", "maze"}


def test_before_decisions_the_wish_orders() -> None:
    weighed = features(TEXTS)
    assert ranking(weighed, {}, "mouse memory").best(list(TEXTS)).startswith("mouse")
    away = ranking(weighed, {"mouse0": False}, "memory")
    assert away.best(["mouse1", "stroke1"]) == "stroke1"


def test_japanese_is_cut_into_words() -> None:
    texts = {
        "a": "高齢者の肺炎に抗菌薬を投与した。",
        "b": "肺炎の高齢者への抗菌薬。",
        "c": "骨折の手術。",
        "d": "小児の骨折を手術した。",
    }
    found = ranking(features(texts), {"a": True, "c": False})
    assert found.order(["d", "b"]) == ["b", "d"]
    assert any("肺炎" in term for term, _ in found.why("b"))


@pytest.mark.parametrize("texts", [{"a": "", "b": "…"}, {"a": "one"}, {"a": "x1", "b": "y1"}])
def test_hardly_any_text_is_ordered_all_the_same(texts: dict[str, str]) -> None:
    weighed = features(texts)
    assert ranking(weighed, {}, "wish").order(list(texts)) == list(texts)
    labels = {i: n == 0 for n, i in enumerate(texts)}
    assert set(ranking(weighed, labels).order(list(texts))) == set(texts)


def test_the_next_record_follows_ones_own_decisions(desk: Desk) -> None:
    number = shelf.create(desk.store, "mori", "stroke")
    records = (Record(i, title=t, language="en") for i, t in TEXTS.items())
    items.add(desk.store, "mori", number, ((r, "a.ris") for r in records))
    for who, chosen in (("ann", "stroke0"), ("ben", "mouse0")):
        stage = "title-abstract"
        decide(desk.store, who, number, stage, chosen, "include")
        other = "mouse5" if who == "ann" else "stroke5"
        decide(desk.store, who, number, stage, other, "exclude")
        found = screened(desk.store, number, stage)
        following = next_record(desk.store, number, stage, who, found)
        assert following.learnt
        assert following.record_id is not None
        assert following.record_id.startswith(chosen[:5])


def test_probabilities_add_up_to_what_is_left() -> None:
    known = {i: LABELS[i] for i in TEXTS if int(i[-1]) < 6 or i.startswith("mouse1")}
    left = [i for i in TEXTS if i not in known]
    chances = probabilities(features(TEXTS), known, left)
    assert chances.sum() == pytest.approx(sum(LABELS[i] for i in left), abs=0.8)
    assert probabilities(features(TEXTS), {"stroke0": True}, left).size == 0


def test_the_bound_on_recall_holds_and_tightens() -> None:
    # 20 of 1000 are relevant and all come first; nothing more is found.
    labels = [True] * 20 + [False] * 780
    early, late = recall(labels[:30], 1000), recall(labels, 1000)
    assert early.bound < 0.5 < 0.9 < late.bound
    assert not early.enough
    assert recall(labels + [False] * 200, 1000).enough
    assert recall([], 10).bound == 0
    # The rule of three: after 100 without any of 1000, some 29 can be left.
    assert 20 <= most_remaining([False] * 100, 1000) <= 30


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 60))
def test_what_remains_is_bounded_by_what_is_left(labels: list[bool], more: int) -> None:
    remaining = most_remaining(labels, len(labels) + more)
    assert 0 <= remaining <= more
    found = recall(labels, len(labels) + more, np.full(more, 0.5))
    assert 0 <= found.bound <= 1
    assert found.estimate is None or 0 < found.estimate < 1


def test_measures_by_hand() -> None:
    order = [True, False, True, False, False, False, False, False, False, False]
    assert loss(order) == pytest.approx((2 - 1) / 16)
    assert loss(sorted(order, reverse=True)) == 0
    assert loss(sorted(order)) == 1
    assert discovery_time(order) == 2
    assert recall_after(order, 0.1) == 0.5
    # Of 2, the 95 % that are covered are 1: found first, in random order after 3 of 10.
    assert wss(order, 0.95) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="needs included"):
        loss([True])


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(lambda x: 0 < sum(x) < len(x)))
def test_measures_stay_in_their_range(order: list[bool]) -> None:
    assert 0 <= loss(order) <= 1
    assert 0 <= recall_after(order, 0.1) <= 1
    assert -1 <= wss(order, 0.95) <= 1
    assert 1 <= discovery_time(order) <= len(order)


def test_a_replay_is_repeatable_and_beats_chance(tmp_path: Path) -> None:
    file = tmp_path / "toy.csv"
    rows = "".join(f"{i},{t},,{int(LABELS[i])}\n" for i, t in TEXTS.items())
    file.write_text("record_id,title,abstract,label_included\n" + rows)
    data = read_labelled(file)
    assert (len(data.texts), sum(data.labels.values())) == (32, 8)
    found = replay(data, 0)
    assert found == replay(data, 0)
    assert len(found.order) == 30
    assert found.scores["loss"] < 0.1
    assert replay(data, 1).priors != found.priors


def test_other_shapes_of_labelled_data(tmp_path: Path) -> None:
    lines = tmp_path / "toy.jsonl"
    records = [
        {"id": i, "title": t, "abstract": None, "labels": {"label_included": str(int(LABELS[i]))}}
        for i, t in TEXTS.items()
    ]
    lines.write_text("".join(json.dumps(r) + "\n" for r in records))
    assert read_labelled(lines).labels == LABELS
    beir = tmp_path / "set"
    (beir / "qrels").mkdir(parents=True)
    corpus = [json.dumps({"_id": i, "title": t, "text": ""}) for i, t in TEXTS.items()]
    (beir / "corpus.jsonl").write_text("\n".join(corpus))
    (beir / "queries.jsonl").write_text('{"_id": "q", "text": "stroke"}\n')
    qrels = [f"q\t{i}\t{int(label)}" for i, label in LABELS.items()]
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(qrels))
    assert read_labelled(beir).labels == LABELS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title,abstract\nx,y\n", "there is no column label_included"),
        ("title,included\nx,perhaps\n", "line 2: included is 'perhaps'"),
        ("title,included\nx,1\n", "1 of 1 records are included"),
        ("id,title,included\n1,x,1\n1,y,0\n", "stands there twice"),
    ],
)
def test_labelled_data_that_cannot_be_taken(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(LabelledError, match=message):
        read_labelled(file)


def test_the_command_prints_and_plots(tmp_path: Path) -> None:
    file, plot = tmp_path / "toy.csv", tmp_path / "toy.svg"
    rows = "".join(f"{t},{int(LABELS[i])}\n" for i, t in TEXTS.items())
    file.write_text("title,included\n" + rows)
    asked = ["simulate", str(file), "--seeds", "2", "--plot", str(plot)]
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "| toy | 30 | 7 | 0.0" in done.output
    assert plot.read_text().strip().startswith("<svg")
    done = CliRunner().invoke(main, ["simulate", str(file), "--seeds", "1", "--json"])
    assert json.loads(done.output)[0]["name"] == "toy"
    file.write_text("title\nx\n")
    failed = CliRunner().invoke(main, ["simulate", str(file)])
    assert failed.exit_code == 1
    assert "Error: " in failed.output


def test_a_theme_is_never_named_by_words_of_every_text() -> None:
    names = np.array(["and in", "the", "患者", "heart failure", "転倒"], dtype=object)
    matrix = csr_matrix(np.array([[0.9, 0.8, 0.7, 0.6, 0], [0, 0, 0, 0, 0.9]], dtype=np.float32))
    weighed = Features(
        ("a", "b"), matrix, np.zeros(2, np.float32), names, {"a": 0, "b": 1}, lambda _: names
    )
    assert theme_terms(weighed, ["a"]) == ("heart failure",)
    assert theme_terms(weighed, ["b"]) == ("転倒",)
