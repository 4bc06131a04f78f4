"""Where the first hit begins, what a result list weighs, when it is read, how much it jumps.

    python benchmarks/first_screen.py [--address http://127.0.0.1:8080] [--table]

Twenty queries, ten Japanese and ten English, each on a phone (390 x 844) and a desktop (1280 x 800)
in headless Chromium, each page opened in a fresh context. Without ``--address`` the sample library
is built and served for the time of the measurement; with it, a server that runs already is asked,
which may be an older version: all that is looked for in a page is ``.hits > li``.

For each page, JSON (or with ``--table`` Markdown) says:

- ``y``: the upper edge of the first hit in CSS pixels, without scrolling;
- ``bytes``: what was transferred, uncompressed responses counted as they came;
- ``fcp``: first contentful paint in milliseconds after the navigation began;
- ``cls``: cumulative layout shift until a second after the page was loaded.

Milliseconds depend on the machine and on what else it does; pixels and bytes do not.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from indexer.sample import build_sample

QUERIES = {
    "ja": [
        "心房細動の再発",
        "糖尿病の高齢者の低血糖",
        "転んで手首を折ったお年寄り",
        "睡眠薬を始めてから転びやすくなった高齢者",
        "抗菌薬の適正使用",
        "喘息の吸入指導",
        "がん患者の痛みの緩和",
        "慢性腎臓病 貧血",
        "つらい出来事のあとの心臓の不調",
        "認知症の介護者の負担",
    ],
    "en": [
        "atrial fibrillation recurrence after ablation",
        "hypoglycaemia in older people with diabetes",
        "an older person who broke a wrist in a fall",
        "sleeping pills and falls",
        "antimicrobial stewardship",
        "inhaler technique in asthma",
        "cancer pain relief",
        "anaemia in chronic kidney disease",
        "stress cardiomyopathy",
        "burden of carers in dementia",
    ],
}
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
_CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# Filled before the page's own scripts run.
_WATCH = """window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
_READ = """() => ({
  y: Math.round(document.querySelector(".hits > li")?.getBoundingClientRect().top ?? -1),
  bytes: ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
    .reduce((sum, entry) => sum + entry.transferSize, 0),
  fcp: Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1),
  cls: Math.round(window.shift * 10000) / 10000,
})"""


@contextmanager
def sample_served() -> Iterator[str]:
    """The address of a server of the sample library, which ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        build_sample(library)
        command = [sys.executable, "-c", "from web.cli import main; main()", "serve"]
        process = subprocess.Popen(
            [
                *(*command, "--library", str(library), "--port", "0"),
                *("--collections", str(Path(folder) / "collections.db")),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            line = process.stdout.readline()
            yield line.removeprefix("jmedsearch: ").split()[0].rstrip("/")
        finally:
            process.terminate()
            process.wait(timeout=60)


def measured(browser: Browser, address: str) -> list[dict[str, Any]]:
    """A row for each query and size."""
    rows = []
    for language, queries in QUERIES.items():
        for query in queries:
            for name, (width, height) in SIZES.items():
                context = browser.new_context(
                    base_url=address, locale=language, viewport={"width": width, "height": height}
                )
                context.add_init_script(_WATCH)
                page = context.new_page()
                page.goto(f"/?{_parameters(query)}", wait_until="networkidle")
                page.wait_for_timeout(1000)
                row = {"language": language, "query": query, "size": name}
                rows.append(row | page.evaluate(_READ))
                context.close()
    return rows


def _parameters(query: str) -> str:
    return urlencode({"q": query})


def summed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each language and size the least and the greatest y, and the medians of the rest."""
    found = []
    for language in QUERIES:
        for size in SIZES:
            some = [r for r in rows if r["language"] == language and r["size"] == size]
            ys = [row["y"] for row in some]
            found.append(
                {
                    "language": language,
                    "size": size,
                    "y": f"{min(ys)}–{max(ys)}",
                    "bytes": round(statistics.median(row["bytes"] for row in some)),
                    "fcp": round(statistics.median(row["fcp"] for row in some)),
                    "cls": max(row["cls"] for row in some),
                }
            )
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--address", help="of a server that runs already")
    parser.add_argument("--table", action="store_true", help="Markdown, summed up")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM)
        if options.address:
            rows = measured(browser, options.address)
        else:
            with sample_served() as address:
                rows = measured(browser, address)
        browser.close()
    if not options.table:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    print("| language | size | y of the first hit | bytes | FCP, ms | CLS |")
    print("|---|---|---|---|---|---|")
    for row in summed(rows):
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


if __name__ == "__main__":
    main()
