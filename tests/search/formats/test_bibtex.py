"""BibTeX: LaTeX, names, @string, and broken entries."""

import io

import pytest

from search.formats import Item, Rejected, bibtex
from search.records import Author, Record


def read(text: str) -> list[Item]:
    return list(bibtex.read(io.BytesIO(text.encode())))


def one(text: str) -> Record:
    (record,) = read(text)
    assert isinstance(record, Record)
    return record


def test_fields() -> None:
    text = r"""
    % a comment
    @string{jf = "Journal of {F}iction"}
    @comment{@article{not, title={this}}}
    @article{key:1,
      title = {An {\'e}tude of {DNA} \& $\beta$-blockers, 50% of all},
      author = {M{\"u}ller, Hans and Taro Yamada and Ludwig van Beethoven and
        {Kaku Group} and others},
      journal = jf, year = 2019, month = mar, day = 5, volume = {12}, number = {3},
      pages = {283--98}, doi = {10.9999/a\_b}, issn = {1234-5678}, pmid = {90000001},
      keywords = {pneumonia, IL-6}, language = {english},
      abstract = {One
        two.}
    }
    """
    assert one(text) == Record(
        id="pmid:90000001",
        title="An étude of DNA & β-blockers, 50% of all",
        abstract="One two.",
        language="en",
        authors=(
            Author("Müller", "Hans"),
            Author("Yamada", "Taro"),
            Author("van Beethoven", "Ludwig"),
            Author("Kaku Group"),
        ),
        journal="Journal of Fiction",
        date="2019-03-05",
        volume="12",
        issue="3",
        pages="283-298",
        doi="10.9999/a_b",
        pmid="90000001",
        issn="1234-5678",
        keywords=("pneumonia", "IL-6"),
    )


@pytest.mark.parametrize("name", ["山田 太郎", "山田, 太郎", "山田　太郎"])
def test_names_in_kanji_are_family_first(name: str) -> None:
    assert one(f"@article{{k, title={{肺炎}}, author={{{name}}}}}").authors == (
        Author("山田", "太郎"),
    )


def test_biblatex() -> None:
    record = one("@article{k, title={T}, journaltitle={J}, date={2019-03-05}, langid={fr}}")
    assert (record.journal, record.date, record.language) == ("J", "2019-03-05", "fr")


def test_a_broken_entry_is_rejected_and_the_next_is_read() -> None:
    items = read(
        "@article{a, title={A}}\n@article{b, title={B, author={x}\n@article{c, title={C}}\n"
    )
    assert [item.title if isinstance(item, Record) else item.place for item in items] == [
        "A", "line 2", "C",
    ]  # fmt: skip


def test_a_field_that_comes_twice_is_no_reason_to_lose_the_entry() -> None:
    assert one("@article{k, title={T}, keywords={a}, keywords={b}}").keywords == ("a", "b")


def test_an_entry_without_end_does_not_grow_without_limit() -> None:
    text = "@article{a, title={" + "x\n" * 200_000 + "\n@article{c, title={C}}"
    first, second = read(text)
    assert first == Rejected("line 1", "longer than 256 KiB")
    assert isinstance(second, Record)
