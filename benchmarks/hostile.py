"""What a hostile file costs each reader: a gigabyte in one line, in memory and time.

    python benchmarks/hostile.py [--megabytes 1024] [FORMAT...]

For each format a file is written whose one text is that long and has no line break, between two
records that are whole; each is read in a process of its own. Prints JSON: seconds, peak resident
memory in MB, and what became of the items: both neighbours should be there.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from search.formats import FORMATS, read_records
from search.records import Record

# Head, a record around its title, and tail.
_SHAPES = {
    "ris": ("", "TY  - JOUR\nTI  - {}\nPY  - 2020\nER  - \n\n", ""),
    "nbib": ("", "PMID- {0:.8}\nOWN - NLM\nTI  - {0}\n\n", ""),
    "ciw": ("FN x\nVR 1.0\n", "PT J\nTI {}\nPY 2020\nER\n\n", "EF\n"),
    "refer": ("", "%0 Journal Article\n%T {}\n%D 2020\n\n", ""),
    "bibtex": ("", "@article{{k,\n title = {{{}}},\n year = 2020\n}}\n", ""),
    "csv": ("title,year\n", "{},2020\n", ""),
    "tsv": ("title\tyear\n", "{}\t2020\n", ""),
    "jsonl": ("", '{{"id": "{0:.8}", "title": "{0}"}}\n', ""),
    "beir": ("", '{{"_id": "{0:.8}", "title": "{0}", "text": ""}}\n', ""),
    "pubmed-xml": (
        "<PubmedArticleSet>",
        "<PubmedArticle><MedlineCitation><PMID>{0:.8}</PMID><Article><ArticleTitle>{0}"
        "</ArticleTitle></Article></MedlineCitation></PubmedArticle>",
        "</PubmedArticleSet>",
    ),
    "jats": (
        "<articles>",
        "<article><front><article-meta><title-group><article-title>{}</article-title>"
        "</title-group></article-meta></front></article>",
        "</articles>",
    ),
    "jstage": (
        "<feed><servicecd>3</servicecd>",
        "<entry><article_title><en>{}</en></article_title></entry>",
        "</feed>",
    ),
    "endnote-xml": (
        "<xml><records>",
        "<record><rec-number>1</rec-number><titles><title>{}</title></titles></record>",
        "</records></xml>",
    ),
    "cinii": (
        '{{"@type":"channel","items":[',
        '{{"@id":"https://cir.nii.ac.jp/crid/1390","title":"{}","@type":"item"}},',
        "]}}",
    ),
}
_MEGABYTE = 1024 * 1024


def write(file: Path, name: str, megabytes: int) -> None:
    """A record, one of ``megabytes`` in one line, and a record."""
    head, record, tail = _SHAPES[name]
    before, _, after = record.format("LONG").partition("LONG")
    with file.open("w", encoding="utf-8") as stream:
        stream.write(head.format() + record.format("11111111 first"))
        stream.write(before)
        for _ in range(megabytes):
            stream.write("A" * _MEGABYTE)
        stream.write(after + record.format("22222222 last") + tail.format())


def read(file: Path, name: str) -> None:
    """Read ``file`` in this process, and print what it cost."""
    began = time.perf_counter()
    items = [item for item, _ in read_records(file, name)]
    titles = " ".join(item.title for item in items if isinstance(item, Record))
    result = {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "neighbours": [word for word in ("first", "last") if word in titles],
        "rejected": [str(i.reason) for i in items if not isinstance(i, Record)][:2],
    }
    print(json.dumps(result))


def main() -> None:
    """Write, read and print, format by format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="FORMAT")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.read:
        read(Path(wanted.read[0]), wanted.read[1])
        return
    for name in wanted.formats or [n for n in FORMATS if n in _SHAPES]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "hostile"
            write(file, name, wanted.megabytes)
            command = [sys.executable, __file__, "--read", str(file), name]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        print(f"{name:12} {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
