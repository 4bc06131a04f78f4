"""How long the pages of the desk take with a collection of 10 000 synthetic records.

python benchmarks/desk.py LIBRARY [--records N] [--times N]

The records are made up and come from no library; the first 100 of LIBRARY are added. The searches
of the strategy are over LIBRARY. Every page is asked for in process; printed are the median and the
95th percentile in ms of the clock and, after a slash, of this process's CPU time, which a busy
machine does not lengthen.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from search.exact import ExactSearch
from search.filters import Filters
from search.ranked.engine import Engine
from search.records import Author, Record
from search.suggest import Suggester
from web.app import create_app
from web.cli.options import open_engine
from web.desk import alerts, items, shelf, strategies, tags
from web.desk.desk import open_desk
from web.desk.store import Store
from web.desk.strategy_answers import LibrarySearch
from web.desk.strategy_answers import search_request as asking


def synthetic(count: int) -> Iterator[Record]:
    """Records of about the size of real ones."""
    for i in range(count):
        yield Record(
            f"synthetic:{i}",
            title=f"架空の文献 {i} 心不全患者における運動療法の効果",
            abstract="【目的】架空の目的を述べる。" * 25,
            language="ja",
            authors=tuple(Author(f"架空{n}", "太郎") for n in range(6)),
            journal=f"架空誌{i % 50}",
            date=str(1990 + i % 35),
            keywords=("心不全", "運動療法", "架空"),
            retraction="retracted" if i % 500 == 0 else "",
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=40)
    asked = parser.parse_args()
    engine = open_engine(asked.library)
    with tempfile.TemporaryDirectory() as folder:
        desk = open_desk(Path(folder) / "collections.db")
        app = create_app(engine, Suggester(engine), desk)
        number = shelf.create(desk.store, "benchmark", "大きな一覧")
        own = (r for _, r in islice(engine.generation().all_records(), 100))
        start = time.perf_counter()
        items.add(desk.store, "b", number, ((r, "library") for r in own))
        items.add(desk.store, "b", number, ((r, "made up") for r in synthetic(asked.records)))
        print(f"adding {asked.records} records: {time.perf_counter() - start:.1f} s")
        for i in range(10):
            chosen = [f"synthetic:{n}" for n in range(i, asked.records, 10 + i)]
            tags.tag_records(desk.store, "b", number, f"タグ{i}", chosen)
        strategy(desk.store, number, engine)
        here = f"/collections/{number}"
        pages = {
            "all collections": "/collections",
            "first page": here,
            "last page": f"{here}?page={asked.records // 50}",
            "by tag": f"{here}?tag=タグ3",
            "retracted": f"{here}?group=doubtful",
            "duplicates": f"{here}/duplicates",
            "to print": f"{here}/print",
            "tags": f"{here}/tags",
            "history": f"{here}/history",
            "links": f"{here}/shares",
            "one record": f"{here}/record?record=synthetic:5000",
            "words inside": f"{here}?q=心不全 and 運動療法/TH",
            "meaning inside": f"{here}?q=運動療法の効果&mode=meaning",
            "strategy": f"{here}/strategy",
            "one search": f"{here}/strategy/1",
            "changes": f"{here}/strategy/1/changes",
            "report": f"{here}/report",
            "all alerts": "/alerts",
        }
        client = app.test_client()
        for name, address in pages.items():
            clock, cpu = [], []
            for _ in range(asked.times):
                began, spent = time.perf_counter(), time.process_time()
                assert client.get(address).status_code == 200, address
                clock.append(1000 * (time.perf_counter() - began))
                cpu.append(1000 * (time.process_time() - spent))
            print(f"{name:16} {summary(clock)} / {summary(cpu)}")
        desk.store.close()


def strategy(store: Store, number: int, engine: Engine) -> None:
    """Twenty searches, run twice: sets as large as LIBRARY, ranked lists, combinations; an alert on
    each."""
    library = LibrarySearch(ExactSearch(engine.library), lambda: engine)
    for i in range(20):
        query, ranked = [(f"NOT xyzzy{i}", False), (f"運動療法 {i}", True), (f"#{i - 1}", False)][
            i % 3
        ]
        wanted = asking(query, ranked=ranked, filters=Filters(), top=1_000)
        strategies.run_search(store, "b", number, wanted, library)
        alerts.switch_on(store, "b", number, i + 1)
    strategies.rerun(store, "b", number, library)


def summary(values: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{statistics.median(values):7.1f} {statistics.quantiles(values, n=20)[-1]:7.1f}"


if __name__ == "__main__":
    main()
