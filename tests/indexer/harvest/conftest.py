"""Fixtures: sources on this machine, and a clock that waiting turns."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.harvest.known_sources import open_source
from indexer.harvest.network import SourceName
from indexer.harvest.source import Source
from tests.indexer.harvest.simulated import Simulated, TurnedClock
from tests.indexer.harvest.works import Shelf

# A Saturday.
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
Opened = Callable[[SourceName], Source]


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    """All sources, with sixty works."""
    with Simulated(Shelf.of(60)).running() as running:
        yield running


@pytest.fixture
def turned() -> TurnedClock:
    return TurnedClock(NOW)


@pytest.fixture
def opened(simulated: Simulated, turned: TurnedClock, tmp_path: Path) -> Iterator[Opened]:
    """Opens a source at the simulated server."""
    sources: list[Source] = []

    def open_one(name: SourceName) -> Source:
        sources.append(open_source(name, simulated.network(tmp_path), turned.clock()))
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()
