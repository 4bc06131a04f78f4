"""Kills an indexing process (kill -9) at random moments, resumes, and compares with peace.

    python benchmarks/kills.py [--kills 50] [--records 400] [--model DIR] [--seed 0]

A library of synthetic records is built in three batches (new records; changed and new ones; a
merge and new ones), once in peace and once with the process killed again and again. After every
kill the live generation is checked against its manifest. Prints the verdict as JSON, and exits
with 1 if records, rankings or vectors (to 1e-5) differ, or a live generation was ever damaged.
"""

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np

from indexer.run.pipeline import build
from search.encoder import load_encoder
from search.library.library import Library
from search.library.manifest import live_folder, verify
from search.ranked.engine import Engine

# Children of a process that has imported it all: what is killed is indexing, not imports.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["indexer.run.pipeline", "search.encoder.openvino_backend", "search.ranked.engine"]
)
_TOLERANCE = 1e-5
_DISEASES = ["肺炎", "心筋梗塞", "喘息", "糖尿病", "高血圧", "骨折", "脳梗塞", "胃癌", "貧血"]
_MEANS = ["抗菌薬", "スタチン", "吸入薬", "インスリン", "降圧薬", "手術", "内視鏡", "輸血"]
_PEOPLE = ["高齢者", "小児", "妊婦", "外来患者", "入院患者", "術後患者", "透析患者"]


def batches(folder: Path, count: int, seed: int) -> list[Path]:
    """Three sources of synthetic records, of ``count`` new ones each."""
    generator = random.Random(seed)
    files = []
    for batch in range(3):
        records = [_record(generator, f"r{batch}-{i}") for i in range(count)]
        if batch:
            records += [_record(generator, f"r{batch - 1}-{i}") for i in range(0, count, 7)]
        if batch == 2:
            records += [{**_record(generator, "twin"), "pmid": "1"}, {"id": "r0-1", "pmid": "1",
                        "title": "架空の文献"}]  # fmt: skip
        file = folder / f"batch{batch}.jsonl"
        file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
        files.append(file)
    return files


def _record(generator: random.Random, record_id: str) -> dict[str, Any]:
    disease, means = generator.choice(_DISEASES), generator.choice(_MEANS)
    people = generator.choice(_PEOPLE)
    abstract = "".join(
        f"{generator.choice(_PEOPLE)}{generator.randrange(10, 999)}例の"
        f"{generator.choice(_DISEASES)}に{generator.choice(_MEANS)}を用いた。"
        for _ in range(generator.randrange(3, 9))
    )
    return {
        "id": record_id,
        "title": f"{people}の{disease}に対する{means}の検討 {record_id}",
        "abstract": abstract,
        "date": str(generator.randrange(1990, 2025)),
    }


def start(source: Path, library: Path, model: str) -> ForkServerProcess:
    """An indexing process that has just begun."""
    process = _PROCESSES.Process(target=_build, args=(source, library, model))
    process.start()
    return process


def _build(source: Path, library: Path, model: str) -> None:
    build([str(source)], library, model=model or None, device="cpu")


def end(process: ForkServerProcess) -> None:
    """Wait for the end of a process.

    Raises:
        SystemExit: when it failed; it has told why.
    """
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def index(source: Path, library: Path, model: str) -> float:
    """Index in peace; the seconds that it took."""
    began = time.perf_counter()
    end(start(source, library, model))
    return time.perf_counter() - began


def compare(left: Path, right: Path, model: str) -> list[str]:
    """What differs between two libraries; empty when they say the same."""
    problems = []
    generations = [Library(folder).generation() for folder in (left, right)]
    records = [{r.id: (n, r) for n, r in g.all_records()} for g in generations]
    if {i: r for i, (_, r) in records[0].items()} != {i: r for i, (_, r) in records[1].items()}:
        problems.append("records differ")
        return problems
    for record_id in records[0]:
        vectors = [
            g.vectors([p.number for p in g.passages_of(found[record_id][0])])
            for g, found in zip(generations, records, strict=True)
        ]
        if vectors[0].shape != vectors[1].shape or not np.allclose(*vectors, atol=_TOLERANCE):
            problems.append(f"vectors of {record_id} differ")
    encoder = load_encoder(model or generations[0].manifest.model_source, "cpu")
    engines = [Engine(Library(folder), encoder) for folder in (left, right)]
    for query in (f"{people}の{disease}" for people in _PEOPLE for disease in _DISEASES):
        for leg in ("dense", "lexical", "fused"):
            ranked = [
                [h.record.id for h in e.search(query, per_page=50, leg=leg).hits] for e in engines
            ]
            if ranked[0] != ranked[1]:
                problems.append(f"{leg} rankings of {query} differ")
    return problems


def main() -> None:
    """Kill, resume, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--records", type=int, default=400)
    parser.add_argument("--model", default="")
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    generator = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = batches(folder, wanted.records, wanted.seed)
        peace, war = folder / "peace", folder / "war"
        # The first process waits for all that is imported: that is no part of what a run takes.
        first = _PROCESSES.Process(target=int)
        first.start()
        end(first)
        seconds = [index(s, peace, wanted.model) for s in sources]
        kills: list[int] = []
        damaged: list[str] = []
        batch = 0
        share = -(-wanted.kills // len(sources))
        while len(kills) < wanted.kills:
            if kills.count(batch) >= share and batch < len(sources) - 1:
                index(sources[batch], war, wanted.model)
                batch += 1
                continue
            process = start(sources[batch], war, wanted.model)
            process.join(generator.uniform(0, seconds[batch]))
            if process.is_alive():
                process.kill()
                process.join()
                kills.append(batch)
            else:
                end(process)
                batch += 1
                # All is built and kills are left: build it once more from nothing.
                if batch == len(sources):
                    batch, war = 0, folder / f"war{len(kills)}"
            live = live_folder(war)
            damaged += verify(live) if live else []
        for source in sources[batch:]:
            index(source, war, wanted.model)
        differences = compare(peace, war, wanted.model)
        last = Library(war).generation()
        damaged += verify(last.path)
        verdict = {
            "kills": len(kills),
            "kills_by_batch": [kills.count(b) for b in range(len(sources))],
            "seconds_in_peace": [round(s, 1) for s in seconds],
            "records": last.manifest.records,
            "damaged": damaged,
            "differences": differences[:20],
            "verdict": "FAIL" if damaged or differences else "OK",
        }
    print(json.dumps(verdict, ensure_ascii=False, indent=1))
    sys.exit(verdict["verdict"] != "OK")


if __name__ == "__main__":
    main()
