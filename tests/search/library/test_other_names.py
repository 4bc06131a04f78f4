"""A concept is found by any of its names, and counts as one term."""

from search.filters import Filters
from search.ranked.engine import Engine, RankedList


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


def test_nothing_is_looked_for_in_the_place_of_a_short_abbreviation(engine: Engine) -> None:
    for query in ("MSの再発", "PTによる歩行訓練", "頭痛", "癌研の成績"):
        written = {written for written, _ in engine.search(query).names}
        assert not written & {"MS", "PT", "頭", "癌"}
