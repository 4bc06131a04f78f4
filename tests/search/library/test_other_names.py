"""A concept is found by any of its names, and counts as one term."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.filters import Filters
from search.library.abbreviations import Abbreviations
from search.library.lexical_index import LexicalIndex, document, open_index
from search.library.other_names import other_names
from search.ranked.engine import Engine, RankedList
from search.records import Record


def ids(found: RankedList, count: int = 3) -> list[str]:
    return [hit.record.id for hit in found.hits[:count]]


def test_a_record_is_found_by_a_name_that_it_does_not_have(engine: Engine) -> None:
    found = engine.search("おねしょの治療")
    assert ids(found)[0] == "sample-pediatrics-03"
    assert dict(found.names)["おねしょ"][0] == "夜尿症"
    # Sudachi writes おねしょ so.
    assert "御寝しょ" in found.hits[0].words
    # What is only near is not looked for in the place of a name that is known.
    assert not found.added
    typed = engine.search("おねしょの治療", other_names=False)
    assert not typed.names
    assert ids(typed)[0] != "sample-pediatrics-03"


def test_a_record_with_another_name_has_the_query_s_words(engine: Engine) -> None:
    found = engine.search("コロナ")
    assert ids(found)[0] == "sample-infectious-disease-05"
    assert found.relevant


def test_several_names_in_a_record_count_as_one(engine: Engine) -> None:
    """A concept brings a record no more than its best name does."""
    generation = engine.generation()
    names = engine.names_of(generation, "心不全")
    assert {name.written for name in names} == {"心不全"}
    lexical = generation.lexical
    alone = lexical.search(["心不全"], 1000, Filters())
    together = lexical.search(["心不全"], 1000, Filters(), names)
    each = [
        lexical.search([], 1000, Filters(), [name_alone]).scores_of(together.numbers, 0.0)
        for name_alone in names
    ]
    typed = alone.scores_of(together.numbers, 0.0)
    for place in range(len(together)):
        best = max(typed[place], *(scores[place] for scores in each))
        assert abs(float(together.scores[place]) - float(best)) < 1e-4


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("MS", "MS"),
        ("PT", "PT"),
        ("PT-INRの測定", "PT"),
        ("MS/MSによる血中濃度", "MS"),
        ("RA圧と肺動脈楔入圧", "RA"),
        ("頭痛", "頭"),
        ("癌研の成績", "癌"),
        ("decision aids", "aids"),
    ],
)
def test_what_may_mean_something_else_stays_as_it_is(engine: Engine, query: str, part: str) -> None:
    assert part not in {written for written, _ in engine.search(query).names}


def test_the_rest_of_a_query_says_what_an_abbreviation_stands_for(engine: Engine) -> None:
    names = engine.names_of(engine.generation(), "PTによる歩行訓練")
    assert "理学療法" in {name.term for name in names if name.written == "PT"}
    peritoneal = "PD カテーテル 腹膜炎"
    mentions = engine.terminology.mentions(peritoneal)
    assert len(mentions[0].concepts) > 1
    assert not {n.term for n in engine.names_of(engine.generation(), peritoneal)} & {
        "パーキンソン病",
        "Parkinson disease",
    }


def test_the_records_of_a_library_say_what_an_abbreviation_stands_for(
    engine: Engine, tmp_path: Path
) -> None:
    titles = ["深部静脈血栓症（DVT）の予防", "術後の深部静脈血栓症（DVT）", "深部静脈血栓症の治療"]
    index = open_index(tmp_path / "lexical", create=True)
    writer = index.writer()
    for number, title in enumerate(titles):
        writer.add_document(document(number, Record(id=str(number), title=title)))
    writer.commit()
    lexical = LexicalIndex(tmp_path / "lexical")

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(texts)

    abbreviations = Abbreviations(engine.terminology, encode)
    for query, name in (("DVT", "深部静脈血栓症"), ("DVTの予防", "深部静脈血栓症")):
        (mention, *_) = engine.terminology.mentions(query)
        concept = abbreviations.meant(lexical, query, mention)
        assert concept
        assert concept.name == name
    assert "深部静脈血栓症" in {
        name.term for name in other_names(lexical, engine.terminology, "DVT", abbreviations)
    }
    # Two letters are never explained by the records alone.
    (mention,) = engine.terminology.mentions("MS")
    assert abbreviations.meant(lexical, "MS", mention) is None


def test_what_an_ambiguous_name_may_stand_for_is_offered(engine: Engine) -> None:
    offered = engine.names_offered(engine.generation(), "PD")
    assert ("PD", "パーキンソン病") in offered
