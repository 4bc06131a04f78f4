"""Whatever a source answers, the harvest ends in a page or in an error of ours."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.harvest.connection import DamagedError
from indexer.harvest.harvest_errors import HarvestError
from indexer.harvest.known_sources import open_source
from indexer.harvest.network import SOURCE_NAMES, read_network
from indexer.harvest.source import Source, parameters_of
from tests.indexer.harvest import protocols
from tests.indexer.harvest.works import Shelf

NAMES = ("q", "title", "from")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
# What each answers to a count, with the names that are read of it.
TOLD = {
    "pubmed": ("esearchresult", "count", "idlist", "errorlist"),
    "europe-pmc": ("hitCount", "nextCursorMark", "resultList"),
    "crossref": ("message", "message-type", "total-results", "items", "next-cursor"),
    "openalex": ("meta", "count", "results", "next_cursor"),
    "clinical-trials": ("totalCount", "studies", "nextPageToken"),
    "cinii": ("opensearch:totalResults", "items"),
    "jstage": ("result", "entry"),
}


@pytest.fixture(scope="module", params=SOURCE_NAMES)
def source(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Source]:
    """Each source, which asks nobody."""
    file = tmp_path_factory.mktemp("answers") / "network.toml"
    keys = "".join(f"[{name}]\nkey = 'a-key'\n" for name in SOURCE_NAMES)
    file.write_text(f"contact = 'a@b.example'\nsources = {list(SOURCE_NAMES)}\n{keys}")
    opened = open_source(request.param, read_network(file))
    yield opened
    opened.close()


def counted(source: Source, answer: bytes) -> None:
    """Ask for a count, and get this answer."""

    def ask(_: object, __: object, read: Any, **___: object) -> Any:
        try:
            return read(answer)
        except DamagedError as error:
            raise HarvestError(str(error)) from error

    source.connection.ask = ask  # type: ignore[attr-defined]
    with contextlib.suppress(HarvestError):
        assert source.count("fictional").records >= 0


@settings(max_examples=25)
@given(data=st.data())
def test_json_of_any_shape(source: Source, data: st.DataObject) -> None:
    name = source.name
    told = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(TOLD[name], JSON)))
    if data.draw(st.booleans()) and TOLD[name][0] in ("esearchresult", "message", "meta"):
        told = {**told, TOLD[name][0]: dict(told), "message-type": "work-list"}
    counted(source, json.dumps(told).encode())


@settings(max_examples=15)
@given(cut=st.integers(0, 2000), put=st.binary(max_size=5))
def test_an_answer_that_is_damaged_somewhere(source: Source, cut: int, put: bytes) -> None:
    asked = {
        "tool": "x", "email": "x", "term": "x", "query": "x", "appid": "x", "api_key": "x",
        "mailto": "x", "resultType": "core", "service": "3",
    }  # fmt: skip
    shelf = Shelf.of(3)
    route = {
        "pubmed": protocols.esearch,
        "europe-pmc": protocols.europe_pmc_search,
        "crossref": lambda *two: protocols.crossref_works(*two, set()),
        "openalex": protocols.openalex_works,
        "clinical-trials": protocols.studies,
        "cinii": protocols.cinii_articles,
        "jstage": protocols.jstage,
    }[source.name]
    _, answer = route(shelf, asked)
    cut %= len(answer)
    counted(source, answer[:cut] + put + answer[cut + 1 :])


@given(text=st.text(max_size=30))
def test_a_query_is_words_or_known_parameters(text: str) -> None:
    try:
        found = parameters_of(text, NAMES, "q")
    except HarvestError:
        return
    assert set(found) <= set(NAMES)
    assert all(value.strip() for value in found.values())
