"""Which records are one: merged without asking, proposed, or left alone."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.run.intake import propose, put
from indexer.store.merging import merge
from indexer.store.record_store import Provenance, RecordStore
from search.matching import distinct_id, numbers_differ, same, suspicion
from search.records import Author, Notice, Record, Translation

YAMADA = (Author("山田", "太郎"),)
LONG = "急性心筋梗塞に対する経皮的冠動脈形成術の予後に関する検討"


def record(record_id: str = "x", title: str = LONG, **values: object) -> Record:
    return replace(Record(record_id, title, language="ja"), **values)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (record("a"), record("a", "まったく別の題"), True),
        (record("a", pmid="1"), record("b", "Another title", pmid="1"), True),
        (record("a", ichushi_id="2019123456"), record("b", "別", ichushi_id="2019123456"), True),
        (record("a", doi="10.1/X"), record("b", doi="10.1/x"), True),
        (record("a", doi="10.1/x"), record("b", LONG[:-1] + "討。", doi="10.1/x"), True),
        (record("a", doi="10.1/x"), record("b", "", abstract="要旨", doi="10.1/x"), True),
        (record("a", LONG + "：多施設", doi="10.1/x"), record("b", doi="10.1/x"), True),
        (record("a", doi="10.1/x"), record("b", "学会抄録集", doi="10.1/x"), False),
        (record("a"), record("b"), False),
        (record("a", doi=""), record("b", doi=""), False),
    ],
)
def test_the_same_record(left: Record, right: Record, expected: bool) -> None:
    assert same(left, right) is expected
    assert same(right, left) is expected


YEAR = {"date": "2019", "authors": YAMADA}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # The same DOI under another title.
        (record(doi="10.1/x"), record(title="学会抄録集", doi="10.1/X"), "doi"),
        # Title, year and first author.
        (record(title="序文", **YEAR), record(title="序 文", **YEAR), "title"),
        (record(title="序文", **YEAR), record(title="序文", date="2020", authors=YAMADA), None),
        (record(title="序文", **YEAR), record(title="序文", date="2019"), None),
        # A name that its source does not part.
        (record(title="序文", **YEAR),
         record(title="序文", date="2019", authors=(Author("山田太郎"),)), "title"),
        # Width, case, punctuation, old forms.
        (record(title="ＣＯＶＩＤ－１９ワクチンの有効性と安全性", **YEAR),
         record(title="COVID-19ﾜｸﾁﾝの有効性と安全性。", **YEAR), "title"),
        (record(title="齒科醫學敎育に於ける靜脈內鎭靜法の應用"),
         record(title="歯科医学教育に於ける静脈内鎮静法の応用"), "near"),
        (record(title="β-Blockers in heart failure with preserved EF"),
         record(title="β‐BLOCKERS IN HEART FAILURE WITH PRESERVED EF."), "near"),
        # A subtitle that one of them lacks; two that differ are two parts.
        (record(title=LONG + "―多施設共同研究―"), record(), "near"),
        (record(title=LONG + "-多施設共同研究-"), record(), "near"),
        (record(title=LONG + " : 第1報"), record(title=LONG + " : 第2報"), None),
        (record(title="Non-small-cell lung cancer in smokers: a review"),
         record(title="Non-small-cell lung cancer in smokers"), "near"),
        # What speaks against it.
        (record(date="2010"), record(date="2019"), None),
        (record(date="2019"), record(date="2020"), "near"),
        (record(authors=YAMADA), record(authors=(Author("鈴木"),)), None),
        (record(authors=YAMADA), record(authors=(Author("Yamada", "T"),)), "near"),
        (record(abstract="肺炎球菌ワクチンを接種した高齢者を追跡した。" * 6),
         record(abstract="冠動脈にステントを留置し再狭窄を観察した。" * 6), None),
        (record(title="高血圧"), record(title="高血圧"), None),
        # A preprint or a conference's abstract, and the article years later in other words.
        (record(doi="10.1101/2020.05.01.20087619", **YEAR | {"date": "2020"}),
         record(doi="10.1/x", **YEAR | {"date": "2022"}), "version"),
        (record(publication_types=("会議録",), abstract="肺炎球菌を調べた結果である。" * 9, **YEAR),
         record(abstract="冠動脈にステントを留置した症例の予後。" * 6, **YEAR | {"date": "2021"}),
         "version"),
        (record(journal="medRxiv", **YEAR), record(**YEAR), "version"),
        (record(journal="medRxiv", **YEAR), record(**YEAR | {"date": "2023"}), None),
        (record(journal="medRxiv", **YEAR), record(date="2021", authors=(Author("鈴木"),)), None),
        (record(journal="medRxiv", **YEAR), record(journal="bioRxiv", **YEAR), "title"),
        # The other language's title counts as well.
        (record(title="題", translations=(Translation("en", "Outcomes of coronary stenting"),)),
         record(title="Outcomes of Coronary Stenting"), "near"),
    ],
)  # fmt: skip
def test_what_is_proposed(left: Record, right: Record, expected: str | None) -> None:
    assert suspicion([left], [right]) == expected
    assert suspicion([right], [left]) == expected


def test_a_merged_record_keeps_the_fuller_of_everything() -> None:
    ichushi = record(
        "ichushi:1", "心筋梗塞の予後", ichushi_id="1", date="2019", journal="循環器",
        keywords=("心筋梗塞", "予後"), authors=YAMADA, pages="1-9",
    )  # fmt: skip
    pubmed = Record(
        "pmid:2", "Prognosis of MI", "We followed patients.", "en",
        translations=(Translation("ja", "心筋梗塞の予後:長期", "患者を追跡した。"),),
        pmid="2", doi="10.1/x", date="2019-05", journal="J", authors=(Author("Yamada", "T"),) * 2,
        keywords=("予後", "Humans"), retraction="retracted", publication_types=("Journal Article",),
        notices=(Notice("RetractionIn", pmid="3"),), trial_ids=("UMIN1",), pages="1-09",
    )  # fmt: skip
    assert merge([ichushi, pubmed]) == Record(
        "ichushi:1", "心筋梗塞の予後:長期", "患者を追跡した。", "ja",
        translations=(Translation("en", "Prognosis of MI", "We followed patients."),),
        authors=(Author("Yamada", "T"),) * 2, journal="循環器", date="2019-05", pages="1-09",
        doi="10.1/x", pmid="2", ichushi_id="1", keywords=("心筋梗塞", "予後", "Humans"),
        publication_types=("Journal Article",), retraction="retracted", trial_ids=("UMIN1",),
        notices=(Notice("RetractionIn", pmid="3"),),
    )  # fmt: skip
    assert merge([ichushi]) == ichushi


def test_an_article_leads_before_its_conference_abstract_whichever_came_first() -> None:
    talk = Record(
        "embase:1", "Dose finding: a long preliminary report", "Short and early. " * 9, "en",
        authors=YAMADA * 3, journal="Fict Congress Suppl", date="2019-05-01", volume="7",
        issue="S1", pages="S100-S101", publication_types=("Conference Abstract",),
        keywords=("dose",), issn="0000-0019", url="https://example.org/talk",
    )  # fmt: skip
    article = Record(
        "pmid:2", "Dose finding", "What we found.", "en", authors=YAMADA, journal="Fict J",
        date="2021", volume="12", pages="1-9", doi="10.5555/a", pmid="2",
        publication_types=("Journal Article",),
    )  # fmt: skip
    expected = replace(article, keywords=("dose",), url=talk.url)
    for records in ([talk, article], [article, talk]):
        assert merge(records) == replace(expected, id=records[0].id)


def test_the_copy_with_abstract_doi_and_pmid_gives_the_title() -> None:
    poor = record("a", "FALLS IN WARDS AT NIGHT, AND OTHER", language="en", abstract="A. B.")
    rich = record("b", "Falls in wards at night", language="en", abstract="A.", doi="10.1/x")
    merged = merge([poor, rich])
    assert (merged.id, merged.title, merged.abstract) == ("a", rich.title, "A. B.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "records.db", None)
    yield store
    store.close()


imports = itertools.count(1)


def take(store: RecordStore, *records: Record, database: str = "d") -> list[str]:
    """What becomes of records that come in one import, and then the proposals."""
    with store.db.atomic():
        came = Provenance(next(imports), database, "source", "jsonl")
        outcomes = [put(store, r, came) for r in records]
        propose(store)
    return [str(o) for o in outcomes]


def state(store: RecordStore) -> dict[str, Record]:
    numbers = [row[0] for row in store.db.execute("select number from records order by number")]
    return {r.id: r for _, r in store.records(numbers)}


def pairs(store: RecordStore) -> list[tuple[str, ...]]:
    return sorted(store.db.execute("select first, second, reason, state from proposals"))


def leads_to(store: RecordStore, record_id: str) -> str | None:
    number = store.record_of(record_id)
    return None if number is None else store.record_id(number)


A = record("a", pmid="1")
B = record("b", "Outcomes", pmid="1", doi="10.1/x", language="en")


def test_the_same_from_two_databases_becomes_one(store: RecordStore) -> None:
    assert take(store, A) == ["new"]
    assert take(store, B, database="e") == ["duplicate"]
    merged = replace(A, doi="10.1/x", translations=(Translation("en", "Outcomes"),))
    assert state(store) == {"a": merged}
    assert leads_to(store, "b") == "a"
    # Each can change later, and either alone can bring the same again.
    assert take(store, replace(B, doi="10.1/y"), database="e") == ["replaced"]
    assert state(store) == {"a": replace(merged, doi="10.1/y")}
    assert take(store, A) == ["unchanged"]


def test_a_record_that_is_both_of_two_makes_them_one(store: RecordStore) -> None:
    left, right = record("a", pmid="1"), record("b", "別の題", ichushi_id="9")
    assert take(store, left, right, record("c", pmid="1", ichushi_id="9")) == [
        "new",
        "new",
        "duplicate",
    ]
    assert set(state(store)) == {"a"}
    assert [leads_to(store, i) for i in "abc"] == ["a", "a", "a"]


def test_withdrawn_by_its_source(store: RecordStore) -> None:
    take(store, A, record("z", "別の文献", pmid="7"))
    take(store, B, database="e")
    with store.db.atomic():
        assert store.withdraw("a", "") is not None
        assert store.withdraw("a", "") is None
    assert state(store) == {"z": record("z", "別の文献", pmid="7"), "b": B}
    assert leads_to(store, "a") == "b"  # a bookmark of the old id still leads there
    with store.db.atomic():
        store.withdraw("b", "")
        store.withdraw("z", "")
    assert state(store) == {}
    assert leads_to(store, "a") is None
    for table in ("origins", "record_keys", "record_languages"):
        assert store.db.table(table).count == 0
    assert take(store, A) == ["new"]


def test_proposals_come_and_go_with_the_text(store: RecordStore) -> None:
    take(store, record("a"), record("b", LONG + "―続報"))
    assert pairs(store) == [("a", "b", "near", "open")]
    take(store, record("b", "骨折の治療"))
    assert pairs(store) == []
    take(store, record("b"))
    assert pairs(store) == [("a", "b", "near", "open")]
    take(store, record("c", "他", pmid="5"), record("b", pmid="5"))
    assert set(state(store)) == {"a", "b"}
    assert pairs(store) == [("a", "b", "near", "open"), ("b", "c", "", "merged")]


def test_distinct_is_for_good(store: RecordStore) -> None:
    take(store, record("a", doi="10.1/x"), record("b", "抄録集", doi="10.1/x"))
    assert pairs(store) == [("a", "b", "doi", "open")]
    with store.db.atomic():
        store.declare_distinct("b", "a")
    take(store, record("b", "抄録", doi="10.1/x"))
    take(store, record("b", doi="10.1/x"))  # even where it would now be merged by itself
    assert set(state(store)) == {"a", "b"}
    assert pairs(store) == [("a", "b", "doi", "distinct")]
    # The older of two that become one inherits what was decided on the younger.
    take(store, record("c", "抄録第三", pmid="3"), record("d", "抄録第四", pmid="4"))
    with store.db.atomic():
        store.declare_distinct("d", "a")
    take(store, record("d", "抄録第四", pmid="3"))
    assert store.pair_state("a", "c") == "distinct"
    assert store.pair_state("c", "d") == "merged"


def test_a_title_that_many_share_proposes_nothing(store: RecordStore) -> None:
    take(store, *(record(f"r{i}") for i in range(30)))
    proposed = len(pairs(store))
    take(store, *(record(f"s{i}") for i in range(30)))
    assert len(pairs(store)) == proposed


RECORDS = st.builds(
    record,
    st.sampled_from("abcdef"),
    st.sampled_from([LONG, LONG + "：続報", "骨折の治療", "別の題"]),
    pmid=st.sampled_from(["", "", "1", "2"]),
    ichushi_id=st.sampled_from(["", "", "8"]),
    doi=st.sampled_from(["", "10.1/x", "10.1/Y"]),
    date=st.sampled_from(["", "2019", "2019-05"]),
)


@given(st.lists(RECORDS, max_size=12), st.lists(RECORDS, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.slow
def test_nothing_is_lost_or_doubled(first: list[Record], second: list[Record]) -> None:
    with TemporaryDirectory() as folder:
        store = RecordStore(Path(folder) / "records.db", None)
        take(store, *first)
        take(store, *second, database="e")
        found = state(store)
        # Again the same: nothing happens.
        assert set(take(store, *first)) <= {"unchanged", "duplicate"}
        assert set(take(store, *second, database="e")) <= {"unchanged", "duplicate"}
        assert state(store) == found
        # Every record is there under its id, or, where another work has that, under its own.
        own_ids = {i for r in [*first, *second] for i in (r.id, distinct_id(r))}
        numbers = {i: n for i in own_ids if (n := store.record_of(i)) is not None}
        for r in [*first, *second]:
            named = [replace(r, id=i) for i in (r.id, distinct_id(r)) if i in numbers]
            assert any(n in store.originals(numbers[n.id]) for n in named)
        # And no two records are one.
        distinct = list(dict.fromkeys(numbers.values()))
        originals = [store.originals(n) for n in distinct]
        for i, left in enumerate(originals):
            for right in originals[i + 1 :]:
                alike = any(same(a, b) for a in left for b in right)
                # Numbers of their own keep records apart whatever a third one says.
                assert not alike or any(numbers_differ(a, b) for a in left for b in right)
        store.close()
