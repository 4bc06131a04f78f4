"""Headings with what lies under them, and words that are mapped to headings and other names."""

from pathlib import Path

import pytest

from indexer.terminology.adding import add_terminology
from search import budget
from search.budget import BudgetError
from search.exact import ExactSearch, ExactSyntaxError, ThesaurusUse, parse
from search.exact.record_reader import parted, prepared, reader
from search.exact.thesaurus import Thesaurus
from search.records import Heading, Record
from search.terminology.terminology import Terminology, shipped_file
from tests.search.exact.conftest import library_of

_DESCRIPTOR = (
    "<DescriptorRecord><DescriptorUI>{}</DescriptorUI><DescriptorName><String>{}</String>"
    "</DescriptorName><TreeNumberList><TreeNumber>{}</TreeNumber></TreeNumberList>"
    '<ConceptList><Concept PreferredConceptYN="Y"><TermList>{}</TermList></Concept></ConceptList>'
    "</DescriptorRecord>"
)
# In the shape of NLM's file.
_MESH = (
    ("D006331", "Heart Diseases", "C14.280", ()),
    ("D009202", "Cardiomyopathies", "C14.280.238", ("Myocardiopathies",)),
    (
        "D002312",
        "Cardiomyopathy, Hypertrophic",
        "C14.280.238.100",
        ("Hypertrophic Cardiomyopathy",),
    ),
    ("D006333", "Heart Failure", "C14.280.434", ("Cardiac Failure",)),
    ("D054143", "Heart Failure, Systolic", "C14.280.434.611", ()),
    ("D000375", "Aging", "G07.345.124", ()),
    ("D000368", "Aged", "M01.060.116.100", ()),
)


def record(
    name: str, title: str, *headings: str | Heading, keywords: tuple[str, ...] = ()
) -> Record:
    given = tuple(h if isinstance(h, Heading) else Heading(h) for h in headings)
    names = dict.fromkeys((*(h.descriptor for h in given), *keywords))
    return Record(id=name, title=title, language="ja", headings=given, keywords=tuple(names))


RECORDS = [
    record("ja-text", "心不全の一例"),
    record("en-text", "Outcome of heart failure"),
    record("cardiac-text", "Cardiac failure in the old"),
    record("apart", "Failure of a heart valve"),
    record("en-heading", "A cohort", "Heart Failure"),
    record("systolic", "Another cohort", "Heart Failure, Systolic"),
    record("ja-keyword", "ある報告", keywords=("心不全",)),
    record("hcm", "ある検討", keywords=("肥大型心筋症",)),
    record("hcm-en", "Study", Heading("Cardiomyopathy, Hypertrophic", "drug therapy", major=True)),
    record("cardiomyopathy", "A series", "Cardiomyopathies"),
    record("major", "A trial", Heading("Heart Failure", "therapy", major=True), "Aged"),
    record("valve", "心臓弁膜症"),
    record("MS", "MSの治療"),
    record("aging", "Something", "Aging"),
]  # fmt: skip


@pytest.fixture(scope="module")
def terminology(tmp_path_factory: pytest.TempPathFactory) -> Terminology:
    folder = tmp_path_factory.mktemp("terminology")
    terms = "<Term><String>{}</String></Term>"
    records = "".join(
        _DESCRIPTOR.format(code, name, number, "".join(map(terms.format, (name, *others))))
        for code, name, number, others in _MESH
    )
    file = folder / "desc.xml"
    file.write_text(f"<DescriptorRecordSet>{records}</DescriptorRecordSet>", encoding="utf-8")
    added = add_terminology(file, folder / "added", "mesh")
    return Terminology([shipped_file(), added.path])


@pytest.fixture(scope="module")
def search(
    tmp_path_factory: pytest.TempPathFactory, published_layout: Path, terminology: Terminology
) -> ExactSearch:
    library = library_of(tmp_path_factory.mktemp("thesaurus"), RECORDS, published_layout)
    return ExactSearch(library, terminology)


def ids(search: ExactSearch, expression: str, use: ThesaurusUse = "map") -> set[str]:
    found = {record.id for record in search.records(expression, thesaurus=use)}
    # Whoever reads records one by one finds the same.
    asked = reader(search.parsed(expression, use).tree)
    assert {r.id for r in RECORDS if asked(parted(prepared(r)))} == found
    assert search.count(expression, thesaurus=use) == len(found)
    return found


HEART_FAILURE = {
    *("ja-text", "en-text", "cardiac-text", "en-heading", "systolic", "ja-keyword", "major"),
}


@pytest.mark.parametrize(
    "typed", ["心不全", "heart failure", "Cardiac  Failures", "heart  failure"]
)
def test_words_that_name_a_concept_find_its_headings_and_other_names(
    search: ExactSearch, typed: str
) -> None:
    assert ids(search, typed) - {"apart"} == HEART_FAILURE
    # All words stay, wherever they stand.
    assert ids(search, typed) >= ids(search, typed, "none")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        # As in PubMed: what has a field or quotation marks is searched as it stands.
        ('"heart failure"', {"en-text", "en-heading", "systolic", "major"}),
        ("心不全/AL", {"ja-text", "ja-keyword"}),
        ("心不全/TI", {"ja-text"}),
        ("heart failure[ti]", {"en-text"}),
        ("(心不全 or 弁膜症)/TI", {"ja-text", "valve"}),
        ("心不*/AL", {"ja-text", "ja-keyword"}),
        ("cardiac NEAR/2 failure", {"cardiac-text"}),
        # What is excluded is not widened: no record is lost by it.
        ("(cohort OR failure OR 心不全) NOT 心不全", None),
        ("MS", {"MS"}),
        ("aging", {"aging"}),
    ],
)
def test_what_is_not_mapped(search: ExactSearch, typed: str, found: set[str] | None) -> None:
    if found is None:
        found = ids(search, "cohort OR failure OR 心不全") - {"ja-text", "ja-keyword"}
    assert ids(search, typed) == found


def test_a_name_of_several_letters_is_offered(search: ExactSearch) -> None:
    (word,) = search.parsed("治療 MS", "map").unsure
    assert (word.written, word.start, word.end) == ("MS", 3, 5)
    assert "多発性硬化症" in word.concepts


def test_what_was_made_of_an_expression_is_an_expression(search: ExactSearch) -> None:
    made = search.search("heart failure 治療 NOT aged", thesaurus="map")
    assert [m.written for m in made.mapped] == ["heart failure", "治療"]
    again = search.search(made.canonical, thesaurus="map")
    assert not again.mapped
    assert (again.canonical, again.count) == (made.canonical, made.count)
    (heading, _) = made.headings
    assert heading.heading.casefold() == '"heart failure"[mh]'
    assert heading.narrower == 1
    assert "心不全" in heading.names


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("心筋症/TH", {"hcm", "hcm-en", "cardiomyopathy"}),
        ('"Cardiomyopathies"[mh]', {"hcm", "hcm-en", "cardiomyopathy"}),
        ("myocardiopathies[MeSH Terms]", {"hcm", "hcm-en", "cardiomyopathy"}),
        ("heart diseases[mh]", {"hcm", "hcm-en", "cardiomyopathy", "en-heading", "systolic",
                                "ja-keyword", "major"}),
        ("[心筋症]/TH", {"cardiomyopathy"}),
        ("cardiomyopathies[mh:noexp]", {"cardiomyopathy"}),
        ("cardiomyopathies[ot]", {"cardiomyopathy"}),
        ("心筋症/KW", set()),
        ("cardiomyopathies/drug therapy[mh]", {"hcm-en"}),
        ("心筋症/TH/drug_therapy", {"hcm-en"}),
        ('"心筋症/drug therapy"[mh:noexp]', set()),
        ("cardiomyopathies[majr]", {"hcm-en"}),
        ("heart failure[majr]", {"major"}),
        ("heart failure/therapy[majr]", {"major"}),
        ("心疾患/MTH or 心不全/MTH", {"major"}),
        ("cardiomyopath*[mh]", {"hcm-en", "cardiomyopathy"}),
        ("aged[mh]", {"major"}),
        ("aging[mh]", {"aging"}),
    ],
)  # fmt: skip
def test_headings_are_exploded(search: ExactSearch, typed: str, found: set[str]) -> None:
    assert ids(search, typed, "explode") == found
    assert ids(search, typed, "map") == found


def test_without_the_thesaurus_a_search_finds_what_it_found_before(search: ExactSearch) -> None:
    for typed, found in (
        ("心筋症/TH", set()),
        ("cardiomyopathies[mh]", {"cardiomyopathy"}),
        ("heart failure[majr]", {"en-heading", "major"}),
        ("心不全", {"ja-text", "ja-keyword"}),
        ("heart failure", {"en-text", "apart", "en-heading", "systolic", "major"}),
    ):
        assert ids(search, typed, "none") == found
    assert [n.reason for n in parse("aspirin[majr]").notes] == ["major topic"]


def test_a_heading_that_nobody_knows_is_searched_and_said(search: ExactSearch) -> None:
    made = search.search("謎の見出し/TH", thesaurus="explode")
    assert [note.reason for note in made.notes] == ["unknown heading"]


def test_what_is_too_wide_is_refused(
    search: ExactSearch, terminology: Terminology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.exact.thesaurus.MOST_NARROWER", 3)
    with pytest.raises(ExactSyntaxError) as caught:
        search.search("喘息/TH or heart diseases[mh]", thesaurus="explode")
    assert caught.value.reason == "too wide"
    assert caught.value.proposal == '喘息/TH or "heart diseases"[mh:noexp]'
    # Words are searched without what lies under them.
    found = parse("heart diseases", thesaurus=Thesaurus(terminology, mapping=True))
    assert "[mh:noexp]" in str(found.tree)


def test_narrower_headings_are_taken_from_the_budget(
    search: ExactSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(budget.LIMITS, "headings", 9)
    with budget.limited(60):
        search.search("heart diseases[mh]", thesaurus="explode")
    with budget.limited(60), pytest.raises(BudgetError, match="narrower headings"):
        search.search("heart diseases[mh] or cardiomyopathies[mh]", thesaurus="explode")
