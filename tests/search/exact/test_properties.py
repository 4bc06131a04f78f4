"""What holds for every expression: trees and texts that nobody thought of."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from search.exact import ExactSearch, ExactSyntaxError, parse
from search.exact.expression import (
    FIELDS,
    TEXT_FIELDS,
    And,
    Dates,
    Expression,
    Flag,
    Near,
    Not,
    Or,
    Term,
)
from search.records import Author, Record, Translation
from tests.search.exact.conftest import library_of
from tests.search.exact.scanner import View, scan

pytestmark = pytest.mark.slow

# Few letters, so that strings meet by chance; many ways to write and to separate them.
_PIECES = [
    "肺", "炎", "癌", "がん", "ガン", "肺炎", "肺癌", "頸", "頚", "治療", "の",
    "、", "。", "　", "・",
    " ", " ", "-", "(", ")", "il", "IL", "6", "il6", "tumour", "tumor", "immune", "immunity",
    "ｲﾝ", "イン", "センター", "センタ", "ー", "β", "beta", "α", "cat", "category", "é", "\n",
]  # fmt: skip
_WORDS = [
    "肺", "炎", "癌", "がん", "肺炎", "肺癌", "炎治", "治療の", "頚", "イン", "センター", "β", "la",
    "il", "IL-6", "6", "6肺", "tumour", "immune", "cat", "il 6", "肺 炎", "癌 cat", "cat 癌",
]  # fmt: skip
_VALUES = [*_WORDS, "山田", "smith j", "lancet", "原著論文", "会議録"]
_STEMS = ["imm", "tumou", "肺", "cat", "il 6"]
_NEAR_WORDS = ["肺", "炎", "癌", "治療", "肺炎", "il", "6", "cat", "センター"]
_SIGNS = [
    "(", ")", '"', "[", "]", "*", ":", "/", "#1", " ", "　", " AND ", " or ", "NOT ", "NEAR/3",
    "=", "（", "[tiab]", "[ti", "[xx]", "[dp]", "[ad]", "[tiab:~4]", "[tiab:~]", "/TI", "/XX",
    "/IN", "DT=", "PT=", "肺炎", "癌", "ab", "2010", "2009:2005", "smith j", "-", "・", "“", "」",
    "会議録除く", ",", "hasabstract",
]  # fmt: skip
_NAMES = [Author("山田", "太郎"), Author("山", "田"), Author("Smith", "J"), Author("Smith", "JA")]


def random_records(seed: int, count: int) -> Iterator[Record]:
    """Records of random pieces, the same for the same seed."""
    generator = random.Random(seed)

    def text(longest: int) -> str:
        return "".join(generator.choices(_PIECES, k=generator.randrange(longest))).strip()

    for number in range(count):
        month = f"-{generator.randrange(1, 13):02d}" * generator.randrange(2)
        yield Record(
            id=f"r{number}",
            title=text(12) or "cat",
            abstract=text(24),
            language="ja",
            translations=(Translation("en", text(5), text(12)),) * generator.randrange(2),
            authors=tuple(generator.choices(_NAMES, k=generator.randrange(3))),
            journal=generator.choice(["", "肺", "Lancet", "Lancet (London)", "架空癌治療"]),
            date=generator.choice(["", f"{generator.randrange(2000, 2004)}{month}"]),
            keywords=tuple(k for _ in range(3) if (k := text(4))),
            publication_types=tuple(generator.choices(["原著論文", "会議録", "Review"], k=1)),
            retraction=generator.choice(["", "", "retracted"]),
        )


@pytest.fixture(scope="module")
def random_library(
    tmp_path_factory: pytest.TempPathFactory, published_layout: Path
) -> tuple[ExactSearch, dict[int, View]]:
    records = list(random_records(20, 70))
    library = library_of(tmp_path_factory.mktemp("random"), records, published_layout)
    stored = {number: View(record) for number, record in library.generation().all_records()}
    assert len(stored) > 55
    return ExactSearch(library), stored


_whole = st.just(False)
_text_fields = st.sampled_from(TEXT_FIELDS)
# Major headings are read as headings where there is no thesaurus.
_OTHERS = {"pmid", "doi", "issn", "language", "major", "major-alone"}
_fields = st.sampled_from([f for f in FIELDS if f not in _OTHERS])
_text_terms = st.builds(Term, _text_fields, st.sampled_from(_WORDS), _whole)
_value_terms = st.builds(Term, _fields, st.sampled_from(_VALUES), _whole)
_stems = st.builds(Term, _text_fields, st.sampled_from(_STEMS), st.just(True))
_dates = st.builds(
    Dates, st.sampled_from(["", "2000", "2001", "2001/06"]), st.sampled_from(["2001/12", "2003"])
)
_flags = st.builds(Flag, st.sampled_from(["hasabstract", "retracted"]))


@st.composite
def _nears(draw: st.DrawFn) -> Near:
    field = draw(_text_fields)
    term = st.builds(Term, st.just(field), st.sampled_from(_NEAR_WORDS), _whole)
    distance = draw(st.integers(0, 6))
    if draw(st.booleans()):
        return Near(tuple(draw(st.lists(term, min_size=3, max_size=3))), distance)
    operand = st.one_of(term, st.builds(Or, st.lists(term, min_size=2, max_size=2).map(tuple)))
    return Near((draw(operand), draw(operand)), distance, draw(st.booleans()))


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, parts))


_leaves = st.one_of(_text_terms, _text_terms, _value_terms, _stems, _dates, _flags, _nears())
_trees = st.recursive(_leaves, _joined, max_leaves=6)


@given(_trees)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_trees_find_what_the_scanner_finds(
    random_library: tuple[ExactSearch, dict[int, View]], tree: Expression
) -> None:
    exact, views = random_library
    expected = [number for number, view in views.items() if scan(tree, view)]
    assert sorted(exact.numbers(str(tree))) == expected


@given(_trees)
@example(Term("author", "Sato-K"))
@settings(max_examples=200, deadline=None)
def test_the_canonical_form_reads_back_to_the_same_tree(tree: Expression) -> None:
    assert parse(str(tree)).tree == tree


@given(st.one_of(st.lists(st.sampled_from(_SIGNS), max_size=12).map("".join), st.text(max_size=30)))
@example('"a" : b[dp]')
@example("[a]/TH*")
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused_with_a_proposal_that_can_be_read(text: str) -> None:
    refusal = _refusal(text)
    if refusal is None:
        tree = parse(text).tree
        assert parse(str(tree)).tree == tree
        return
    assert 0 <= refusal.start <= refusal.end <= len(text)
    assert refusal.fragment == text[refusal.start : refusal.end]
    assert refusal.proposal is None or _refusal(refusal.proposal) is None


def _refusal(text: str) -> ExactSyntaxError | None:
    try:
        parse(text)
    except ExactSyntaxError as error:
        return error
    return None


@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_blanks_mean_and(words: list[str]) -> None:
    # Numbers joined by AND are those of searches, as Ovid writes them.
    plain = [w for w in words if " " not in w and not w.isdigit()]
    assume(plain)
    assert parse(" ".join(plain)).tree == parse(" AND ".join(plain)).tree
