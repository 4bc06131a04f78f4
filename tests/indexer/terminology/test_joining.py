"""Statements of several sources become concepts, and a file that is read again."""

from pathlib import Path

from indexer.terminology.joining import joined
from indexer.terminology.statements import Named, Statement, Statements
from indexer.terminology.term_file import write_terminology
from search.terminology.concepts import Source
from search.terminology.terminology import Terminology

FIRST = Source("first", "1", "MIT", "")
SECOND = Source("second", "2", "CC BY 4.0", "https://example.org")


def ja(text: str, kind: str = "preferred") -> Named:
    return text, "ja", kind  # type: ignore[return-value]


def en(text: str, kind: str = "preferred") -> Named:
    return text, "en", kind  # type: ignore[return-value]


def read(tmp_path: Path, *told: Statements) -> Terminology:
    file = tmp_path / "terminology.db"
    write_terminology(file, joined(told), list(dict.fromkeys(t.source for t in told)))
    return Terminology([file])


def names(terminology: Terminology, name: str) -> list[list[str]]:
    return [
        [label.text for label in concept.labels] for concept in terminology.concepts_called(name)
    ]


def test_statements_that_share_a_name_are_one_concept(tmp_path: Path) -> None:
    terminology = read(
        tmp_path,
        Statements(FIRST, [Statement((ja("心不全"), en("heart failure")))]),
        Statements(
            SECOND, [Statement((ja("心不全"), ja("心機能不全", "exact")), (("ICD-10", "I50"),))]
        ),
    )
    (concept,) = terminology.concepts_called("Heart failure")
    assert [label.text for label in concept.labels] == ["心不全", "heart failure", "心機能不全"]
    assert [label.source for label in concept.labels] == ["first", "first", "second"]
    assert [(n.scheme, n.code) for n in concept.notations] == [("ICD-10", "I50")]
    assert terminology.sources == [FIRST, SECOND]


def test_two_concepts_do_not_become_one_by_a_third(tmp_path: Path) -> None:
    terminology = read(
        tmp_path,
        Statements(FIRST, [Statement((ja("多発性硬化症"), en("MS", "abbreviation")))]),
        Statements(FIRST, [Statement((ja("僧帽弁狭窄症"), en("MS", "abbreviation")))]),
        Statements(SECOND, [Statement((ja("多発性硬化症", "exact"), ja("僧帽弁狭窄症", "exact")))]),
    )
    assert len(names(terminology, "多発性硬化症")[0]) == 2
    assert len(terminology.concepts_called("MS")) == 2
    (mention,) = terminology.mentions("MS")
    assert not mention.sure


def test_a_source_that_fills_gaps_adds_no_second_name(tmp_path: Path) -> None:
    terminology = read(
        tmp_path,
        Statements(FIRST, [Statement((ja("浮腫"), ja("水腫", "exact"), en("edema")))]),
        Statements(FIRST, [Statement((ja("喘息"),))]),
        Statements(
            SECOND,
            [
                Statement((ja("浮腫"), en("oedema of the skin")), gaps=("ja", "en")),
                Statement((ja("水腫"), en("hydrocolpos")), gaps=("ja", "en")),
                Statement((ja("喘息"), en("asthma")), gaps=("ja", "en")),
            ],
        ),
    )
    assert names(terminology, "水腫") == [["浮腫", "edema", "水腫"]]
    assert names(terminology, "asthma") == [["喘息", "asthma"]]


def test_broader_concepts_are_found_by_name(tmp_path: Path) -> None:
    terminology = read(
        tmp_path,
        Statements(
            FIRST,
            [
                Statement((ja("心筋症"),)),
                Statement((ja("肥大型心筋症"),), broader=("心筋症", "知られていない名")),
            ],
        ),
    )
    (narrow,) = terminology.concepts_called("肥大型心筋症")
    (broad,) = terminology.broader(narrow)
    assert broad.name == "心筋症"
    assert terminology.narrower(broad) == (narrow,)


def test_files_are_read_as_one(tmp_path: Path) -> None:
    files = []
    for n, labels in enumerate(((ja("喘息"), en("asthma")), (ja("ぜんそく"), en("asthma")))):
        file = tmp_path / f"{n}.db"
        write_terminology(file, joined([Statements(FIRST, [Statement(labels)])]), [FIRST])
        files.append(file)
    assert names(Terminology(files), "asthma") == [["喘息", "ぜんそく", "asthma"]] or names(
        Terminology(files), "asthma"
    ) == [["喘息", "asthma", "ぜんそく"]]
