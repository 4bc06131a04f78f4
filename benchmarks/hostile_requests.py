"""What hostile requests cost a server: seconds and memory, over a socket.

    python benchmarks/hostile_requests.py LIBRARY [NAME...] [--before DIRECTORY] [--give-up 60]
        [--desk EXPRESSION]

Starts ``jmedsearch serve`` over LIBRARY, and for each request asks it as an attacker would: once.
With ``--desk`` what is asked for are pages, files and edits of a collection instead, which holds
what EXPRESSION finds.
Prints a line for each: status, seconds to the whole answer, processor time that the server used
for it, by how much its anonymous memory was higher at its highest meanwhile, and how much of that
is left afterwards, in MB. A
request that has no answer after ``--give-up`` seconds, or for which the server takes 4 GB, counts
as such, and the server is started anew. ``--before`` takes the program from another checkout, to
compare with. Exits with 1 where a request takes longer than 6 s or 200 MB.

Other load on the machine makes seconds longer, but not processor time.
"""

import argparse
import http.client
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

import openpyxl

MOST_SECONDS, MOST_MB = 6.0, 200
_TOO_MUCH_MB = 4000
_COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]
_START = [*_COMMAND, "serve", "--port", "0"]
_JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """A request: where to, and what it brings."""

    path: str
    body: bytes = b""
    content_type: str = _JSON
    headers: tuple[tuple[str, str], ...] = ()


def get(path: str, **parameters: str) -> Request:
    """A GET request."""
    return Request(f"{path}?{urlencode(parameters, quote_via=quote)}")


def batch(*queries: str) -> Request:
    """Several ranked searches at once."""
    return Request(
        "/api/v1/search/batch", json.dumps({"searches": [{"q": q} for q in queries]}).encode()
    )


def upload(name: str, content: bytes) -> Request:
    """A file for the first collection."""
    path = f"/api/v1/collections/1/files?name={name}"
    return Request(path, content, "application/octet-stream")


def workbook(rows: bytes) -> bytes:
    """An Excel workbook with a header and ``rows`` as they are."""
    plain = openpyxl.Workbook()
    plain.active.append(["title", "year"])
    saved, made = io.BytesIO(), io.BytesIO()
    plain.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", rows + b"</sheetData>")
            new.writestr(part, content)
    return made.getvalue()


_PARTICLES = "のをはにがでとも"
_LONG = "".join(chr(0x4E00 + i * 7 % 20_000) for i in range(19_990))


def _pairs(count: int, distance: int) -> str:
    """Proximity of different frequent characters, joined by OR."""
    pairs = [(a, b) for a in _PARTICLES for b in _PARTICLES if a != b]
    return " OR ".join(
        f"({a}* NEAR{distance + i // len(pairs)} {b}*)"
        for i, (a, b) in ((i, pairs[i % len(pairs)]) for i in range(count))
    )


REQUESTS: dict[str, Callable[[], Request]] = {
    "10 x (の* NEAR5 を*)": lambda: get("/api/v1/exact", q=" OR ".join(["(の* NEAR5 を*)"] * 10)),
    "200 x (の* NEAR5 を*)": lambda: get("/api/v1/exact", q=" OR ".join(["(の* NEAR5 を*)"] * 200)),
    "200 different NEAR": lambda: get("/api/v1/exact", q=_pairs(200, 5)),
    "200 different NEAR, page": lambda: get("/exact", q=_pairs(200, 5)),
    "10 different NEAR100": lambda: get("/api/v1/exact", q=_pairs(10, 90)),
    "NEAR of 20 OR 20": lambda: get(
        "/api/v1/exact",
        q=f"({' OR '.join(_PARTICLES * 3)}) NEAR100 ({' OR '.join(_PARTICLES * 3)})",
    ),
    "8 particles [tiab:~100]": lambda: get(
        "/api/v1/exact", q='"の を は に が で と も"[tiab:~100]'
    ),
    "8 particles, one absent": lambda: get(
        "/api/v1/exact", q='"の を は に が で と 々"[all:~100]'
    ),
    "1 000 truncated characters": lambda: get(
        "/api/v1/exact", q=" OR ".join(f"{chr(0x3042 + i % 80)}*" for i in range(1000))
    ),
    "1 000 truncated phrases": lambda: get(
        "/api/v1/exact", q=" OR ".join(f'"症 {chr(0x3042 + i % 80)}*"' for i in range(1000))
    ),
    "1 000 nested NOT": lambda: get(
        "/api/v1/exact", q="NOT (NOT (" * 12 + " OR ".join(["の NOT を"] * 450) + "))" * 12
    ),
    "phrase of 20 000 characters": lambda: get("/api/v1/exact", q=f'"{_LONG[:19_000]}"'),
    "word of 20 000 letters": lambda: get("/api/v1/exact", q="a" * 19_999 + "*"),
    "name of 20 000 letters": lambda: get("/api/v1/exact", q="a" * 19_900 + "*[au]"),
    "6 000 ligatures": lambda: get("/api/v1/exact", q="ﷺ" * 6_000),
    "20 000 quotation marks": lambda: get("/api/v1/exact", q='"' * 20_000),
    "10 000 words, 13 faults": lambda: get("/api/v1/exact", q="a " * 9_900 + "AND OR " * 13),
    "quotation mark and blanks": lambda: get("/api/v1/exact", q='a "' + " x" + " " * 19_900 + "x"),
    "20 000 brackets": lambda: get("/api/v1/exact", q="[" * 20_000),
    "50 parentheses, mixed": lambda: get(
        "/api/v1/exact", q="a and b or (" * 45 + "x or y and " * 300 + "z" + ")" * 45
    ),
    "page 10 000 000": lambda: get("/api/v1/exact", q="の", page="10000000", per_page="100"),
    "everything by relevance": lambda: get(
        "/api/v1/exact", q="の OR 1000:2999[dp]", sort="relevance"
    ),
    "everything as RIS": lambda: get("/api/v1/exact/export", q="1000:2999[dp] OR の", format="ris"),
    "everything as JSONL": lambda: get(
        "/api/v1/exact/export", q="1000:2999[dp] OR の", format="jsonl"
    ),
    "opensearch, 200 NEAR": lambda: get("/opensearch", q=_pairs(200, 5), format="rss"),
    "ranked, 20 000 kanji": lambda: get("/api/v1/search", q=_LONG),
    "ranked, 20 000 kanji, page": lambda: get("/", q=_LONG),
    "ranked, 20 000 ligatures": lambda: get("/api/v1/search", q="ﷺ" * 20_000),
    "ranked, 20 000 accents": lambda: get("/api/v1/search", q="a" + "\u0301\u0316" * 9_990),
    "ranked, 15 000 letters": lambda: get("/api/v1/search", q="a" * 15_000),
    "complete, 20 000 kana": lambda: get("/api/v1/complete", q="しんきん" * 5_000),
    "suggest, 20 000 kanji": lambda: get("/api/v1/suggest", q=_LONG),
    "suggest, 6 000 words": lambda: get("/api/v1/suggest", q="肺炎 糖尿病 喘息 " * 2_000),
    "draft, 6 000 words": lambda: get(
        "/api/v1/draft", q=" ".join(_LONG[i : i + 3] for i in range(0, 15_000, 3))
    ),
    "fill-mask, 50 masks": lambda: get("/api/v1/fill-mask", q="[MASK]の治療、" * 50),
    "fill-mask, 5 masks": lambda: get("/api/v1/fill-mask", q="[MASK]の治療、" * 5),
    "fill-mask, 5 masks, long": lambda: get(
        "/api/v1/fill-mask", q="[MASK]の治療、" * 5 + _LONG[:15_000]
    ),
    "page, 30 masks": lambda: get("/", q="[MASK]の" * 27),
    "batch, 50 x 20 000 kanji": lambda: batch(*(f"{i}{_LONG}"[:20_000] for i in range(50))),
    "batch, 50 x 400 kanji": lambda: batch(*(_LONG[i * 390 : i * 390 + 390] for i in range(50))),
    "batch, 50 short": lambda: batch(*(_LONG[i * 3 : i * 3 + 3] for i in range(50))),
    "deep JSON": lambda: Request("/api/v1/search/batch", b"[" * 4_000_000),
    "JSON of 8 MB": lambda: Request(
        "/api/v1/search/batch", b'{"searches": [' + b"1," * 3_900_000 + b"1]}"
    ),
    "long Cookie": lambda: Request("/", headers=(("Cookie", "lang=" + "a;" * 60_000),)),
    "long Accept-Language": lambda: Request(
        "/", headers=(("Accept-Language", ",".join(f"a{i};q=0.1" for i in range(15_000))),)
    ),
    "long If-None-Match": lambda: Request(
        "/api/v1/search?q=a", headers=(("If-None-Match", '"a",' * 40_000),)
    ),
    "workbook, one cell far down": lambda: upload(
        "far.xlsx", workbook(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')
    ),
    "workbook, cells far right": lambda: upload(
        "right.xlsx",
        workbook(
            b"".join(
                b'<row r="%d"><c r="SF%d"><v>1</v></c></row>' % (i, i) for i in range(3, 20_000)
            )
        ),
    ),
    "workbook, 3 million cells": lambda: upload(
        "cells.xlsx", workbook(b'<row r="3">' + b'<c r="A3"><v>1</v></c>' * 3_000_000 + b"</row>")
    ),
    "CSV, 500 000 open quotes": lambda: upload("quotes.csv", b"title,year\n" + b'"\n' * 500_000),
    "CSV, 170 000 open rows": lambda: upload("rows.csv", b"title,year\n" + b'"a,1\n' * 170_000),
    "BibTeX, 100 000 accents": lambda: upload(
        "a.bib", b"@article{k, title = {" + b"\\'" * 100_000 + b"}}"
    ),
    "RIS, a title of 4 MB": lambda: upload("a.ris", b"TY  - JOUR\nTI  - " + b"<" * 4_000_000),
    "CSL-JSON, 2 million items": lambda: upload(
        "a.json", b'[{"type": "article", "title": "a"}' + b",[]" * 2_000_000 + b"]"
    ),
    "a collection of wrong rows": lambda: Request(
        "/api/v1/collections/import?name=c.json",
        b'{"format": "jmedsearch-collection", "version": 1, "items": [1' + b",1" * 900_000 + b"]}",
        "application/octet-stream",
    ),
    "a collection of 100 MB": lambda: Request(
        "/api/v1/collections/import?name=c.json",
        b'{"records": {"a": {"title": "' + b"a" * 100_000_000 + b'"}}}',
        "application/octet-stream",
    ),
    "CSV, 250 000 records": lambda: upload("a.csv", b"title,year\n" + b"a,1\n" * 250_000),
}


def form(path: str, **fields: str | list[str]) -> Request:
    """A form that is sent."""
    return Request(path, urlencode(fields, doseq=True).encode(), FORM)


def _json(path: str, **body: object) -> Request:
    return Request(path, json.dumps(body, ensure_ascii=False).encode())


# Of a collection: each is asked of the same one, in this order.
_C = "/collections/1"
_API = f"/api/v1{_C}"
DESK: dict[str, Callable[[], Request]] = {
    "its page": lambda: get(_C),
    "its page 1000": lambda: get(_C, page="1000"),
    "a search by words in it": lambda: get(_C, q=_pairs(200, 5)),
    "a search by meaning in it": lambda: get(_C, q="肺炎の治療", mode="meaning"),
    **{
        f"as {name}": partial(get, f"{_API}/export", format=name)
        for name in ("json", "ris", "csv", "xlsx", "nbib", "bibtex", "jsonl", "beir", "apa-html")
    },
    "its history": lambda: get(f"{_C}/history"),
    "its duplicates": lambda: get(f"{_C}/duplicates"),
    "all certain duplicates as one": lambda: form(f"{_C}/duplicates", do="certain"),
    "screening it": lambda: get(f"{_C}/screening"),
    "its next record": lambda: get(f"{_API}/screening/next"),
    "its outcomes": lambda: get(f"{_API}/screening/outcomes", per_page="100"),
    "its progress": lambda: get(f"{_C}/screening/progress"),
    "its flow diagram": lambda: get(f"{_C}/screening/flow.svg"),
    "its map": lambda: get(f"{_C}/overview"),
    "what it could grow by": lambda: get(f"{_C}/growing"),
    "its report": lambda: get(f"{_C}/report"),
    "a search of all kept": lambda: _json(f"{_API}/searches", q="の OR 1000:2999[dp]"),
    "200 NEAR kept": lambda: _json(f"{_API}/searches", q=_pairs(200, 5)),
    "what a search of all found": lambda: get(f"{_API}/searches/1/records", per_page="100"),
    "its searches again": lambda: _json(f"{_API}/searches/rerun"),
    "all alerts": lambda: get("/alerts"),
    "all of the library into it": lambda: _json(
        f"{_API}/records", exact={"q": "の OR 1000:2999[dp]"}
    ),
    "10 000 identifiers into it": lambda: _json(
        f"{_API}/records", identifiers=" ".join(map(str, range(10_000)))
    ),
    "a tag on 100 000": lambda: _json(
        f"{_API}/tags", tag="a", ids=[f"synthetic-{i}" for i in range(100_000)]
    ),
    "300 000 taken out": lambda: _json(
        f"{_API}/records/remove", ids=[f"synthetic-{i}" for i in range(300_000)]
    ),
    "undone": lambda: form(f"{_C}/history", change="2"),
    "a state of before": lambda: form(f"{_C}/history", change="2", do="restore"),
    "its map, as JSON": lambda: get(f"{_API}/overview"),
    "its decisions as a test set": lambda: get(f"{_C}/screening/test-set"),
    "a sitemap": lambda: get("/sitemap-0.xml"),
    "the map of a list": lambda: get("/map", q="肺炎の治療"),
}


def ask(port: int, request: Request, seconds: float, source: str = "127.0.0.1") -> int | str:
    """The status of the answer to a request from the address ``source``, once all of it has come;
    or what came in its place."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=seconds, source_address=(source, 0)
    )
    headers = dict(request.headers)
    if request.body:
        headers["Content-Type"] = request.content_type
    try:
        connection.request("POST" if request.body else "GET", request.path, request.body, headers)
        answer = connection.getresponse()
        answer.read()
    except TimeoutError:
        return "no answer"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    return answer.status


class Server:
    """``jmedsearch serve`` with one collection, of what an expression finds or empty."""

    def __init__(self, library: Path, checkout: Path, folder: Path, filled: str) -> None:
        file = folder / "collections.db"
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        if filled and not file.exists():
            for arguments in (
                ["create", "hostile"],
                ["add", "1", "--exact", filled, "--library", str(library)],
            ):
                subprocess.run(
                    [*_COMMAND, "collection", *arguments, "--collections", str(file)],
                    env=environment,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
        self._process = subprocess.Popen(
            [*_START, "--library", str(library), "--collections", str(file)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        found = re.search(r":(\d+)/", line)
        if not found:
            raise SystemExit(f"the server does not start: {line!r}")
        self._port = int(found[1])
        self._asked = 0
        # What is loaded beside the first answers is no request's doing.
        self.ask(Request("/api/v1/collections", b'{"name": "hostile"}'), 60)
        for path in (
            "/api/v1/suggest?q=a",
            "/?q=肺炎の治療",
            "/api/v1/complete?q=しん",
            "/exact?q=の",
        ):
            self.ask(Request(quote(path, safe="/?=&")), 120)

    def ask(self, request: Request, seconds: float) -> int | str:
        """The status of the answer, once all of it has come. Each request is another client's: who
        has asked for what takes long is served after the others."""
        self._asked += 1
        return ask(self._port, request, seconds, f"127.0.2.{self._asked % 250 + 1}")

    def memory(self) -> int:
        """Anonymous memory in MB."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        return int(found[1]) // 1024 if found else 0

    def processor_seconds(self) -> float:
        """Processor time that it has used."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        except OSError:
            return 0.0
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


def measured(server: Server, request: Request, give_up: float) -> dict[str, object]:
    """What one request costs."""
    before = highest = server.memory()
    over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.02):
            highest = max(highest, server.memory())
            if highest > _TOO_MUCH_MB:
                server.kill()
                return

    watching = threading.Thread(target=watch)
    watching.start()
    worked, began = server.processor_seconds(), time.monotonic()
    status = server.ask(request, give_up)
    took, worked = time.monotonic() - began, server.processor_seconds() - worked
    over.set()
    watching.join()
    return {
        "status": status,
        "seconds": round(took, 2),
        "processor_s": round(worked, 2),
        "mb_more": highest - before,
        "mb_kept": server.memory() - before,
    }


def main() -> int:
    """Ask, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--before", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--give-up", type=float, default=60.0)
    parser.add_argument("--desk", default="", metavar="EXPRESSION")
    wanted = parser.parse_args()
    requests = DESK if wanted.desk else REQUESTS
    failed = 0
    server = None
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted.names or requests:
            server = server or Server(wanted.library, wanted.before, Path(folder), wanted.desk)
            found = measured(server, requests[name](), wanted.give_up)
            print(json.dumps({"request": name, **found}, ensure_ascii=False), flush=True)
            seconds, more = float(str(found["seconds"])), int(str(found["mb_more"]))
            failed += (
                seconds > MOST_SECONDS or more > MOST_MB or not isinstance(found["status"], int)
            )
            if not isinstance(found["status"], int):
                server.kill()
                server = None
        if server:
            server.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
