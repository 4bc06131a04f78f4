"""Whether every work comes through: written, read and deduplicated, and counted independently.

    python benchmarks/none_lost.py [--records 10000]

Writes works in the shapes in which records were once lost, indexes them in two runs and counts in
the library's ``records.db`` with nothing but sqlite3:

- articles of PubMed XML whose DOIs are SICIs, several of an issue with the title "Reply";
- conference abstracts in RIS, sixty to a supplement, all with the supplement's DOI and with titles
  of one pattern;
- editorials in RIS without any number: 編集後記 and Editorial, twelve a year and journal.

The second run brings one article in a hundred again, in RIS and without its PMID, as another
database has it. The indexing is that of ``million.py --stored-only``: encoder and lexical index are
stubs. Prints JSON: works written, found once, lost, twice in the library, records that are no
work's, and both runs as ``million.py`` gives them. Exits with 1 where a work is lost or a record is
no work's.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_WORDS = (
    *("dose", "gastric", "renal", "falls", "sepsis", "ward", "thyroid", "nurses", "sleep"),
    *("stroke", "pain", "elderly", "cohort", "trial", "imaging", "lung", "cough", "burn"),
)
_ABSTRACTS = 60
_IN_AN_ISSUE = 25
_AGAIN = 100


class Work(NamedTuple):
    """What tells a work from every other, as both sides have it."""

    title: str
    volume: str
    issue: str
    page: str
    year: str


def _title(number: int) -> str:
    picked = [_WORDS[number // len(_WORDS) ** place % len(_WORDS)] for place in range(4)]
    return f"{' '.join(picked).capitalize()} in series {number}"


def articles(count: int) -> Iterator[tuple[Work, str, str]]:
    """Articles with a SICI: the work, PubMed XML, and RIS of another database."""
    for number in range(count):
        issue, place = divmod(number, _IN_AN_ISSUE)
        title = "Reply" if place % 5 == 4 else _title(number)
        page = 1 + place * 7
        volume, part, year = str(issue // 12 + 1), str(issue % 12 + 1), str(1990 + issue // 12 % 14)
        work = Work(title, volume, part, str(page), year)
        doi = (
            f"10.1002/(SICI)1097-0142({year}{int(part):02d}15){volume}:{part}<{page}"
            f"::AID-EX{place}>3.0.CO;2-{'ABCDEFGH'[place % 8]}"
        )
        escaped = doi.replace("<", "&lt;").replace(">", "&gt;")
        xml = (
            f"<PubmedArticle><MedlineCitation><PMID Version='1'>{number + 1}</PMID><Article>"
            f"<Journal><Title>Fictional Cancer</Title><JournalIssue><Volume>{volume}</Volume>"
            f"<Issue>{part}</Issue><PubDate><Year>{year}</Year></PubDate></JournalIssue></Journal>"
            f"<ArticleTitle>{title}</ArticleTitle><Pagination><MedlinePgn>{page}-{page + 6}"
            "</MedlinePgn></Pagination><AuthorList><Author><LastName>"
            f"Author{number % 997}</LastName><ForeName>A</ForeName></Author></AuthorList>"
            "</Article></MedlineCitation><PubmedData><ArticleIdList>"
            f"<ArticleId IdType='doi'>{escaped}</ArticleId></ArticleIdList></PubmedData>"
            "</PubmedArticle>\n"
        )
        ris = (
            f"TY  - JOUR\nTI  - {title}\nAU  - Author{number % 997}, A.\nJO  - Fictional Cancer\n"
            f"PY  - {year}\nVL  - {volume}\nIS  - {part}\nSP  - {page}\nEP  - {page + 6}\n"
            f"DO  - {doi}\nER  - \n\n"
        )
        yield work, xml, ris


def abstracts(count: int) -> Iterator[tuple[Work, str]]:
    """Conference abstracts of supplements, all with the DOI of theirs."""
    for number in range(count):
        supplement, place = divmod(number, _ABSTRACTS)
        topic = _WORDS[place % len(_WORDS)]
        # A pattern of titles as meetings have it; some groups give two talks of one title's kind.
        title = f"Experience with {topic} care at our hospital: report {place // len(_WORDS) + 1}"
        volume, year = str(supplement + 1), str(2000 + supplement % 20)
        work = Work(title, volume, "Suppl 1", f"S{place + 1}", year)
        yield (
            work,
            f"TY  - JOUR\nTI  - {title}\nAU  - Speaker{place % 40}, B.\nJO  - Fict Suppl\n"
            f"PY  - {year}\nVL  - {volume}\nIS  - Suppl 1\nSP  - S{place + 1}\n"
            f"M3  - Conference Abstract\nDO  - 10.5555/suppl.{supplement}\nER  - \n\n",
        )


def editorials(count: int) -> Iterator[tuple[Work, str]]:
    """編集後記 and Editorial, without a number, each in another issue."""
    for number in range(count):
        journal, month = divmod(number, 12)
        title = "編集後記" if journal % 2 else "Editorial"
        volume, year = str(journal + 1), str(1980 + journal % 40)
        work = Work(title, volume, str(month + 1), str(90 + month), year)
        yield (
            work,
            f"TY  - JOUR\nTI  - {title}\nJO  - Fict J {journal}\nPY  - {year}\nVL  - {volume}\n"
            f"IS  - {month + 1}\nSP  - {90 + month}\nER  - \n\n",
        )


def write(folder: Path, count: int) -> list[Work]:
    """The sources of both runs, in ``first`` and ``second``; gives every work."""
    works = []
    for name in ("first", "second"):
        (folder / name).mkdir()
    with (
        (folder / "first" / "articles.xml").open("w", encoding="utf-8") as xml,
        (folder / "first" / "others.ris").open("w", encoding="utf-8") as first,
        (folder / "second" / "again.ris").open("w", encoding="utf-8") as second,
    ):
        xml.write("<PubmedArticleSet>\n")
        share = count * 2 // 5
        for number, (work, article, ris) in enumerate(articles(share)):
            works.append(work)
            xml.write(article)
            if number % _AGAIN == 0:
                second.write(ris)
        xml.write("</PubmedArticleSet>\n")
        rest = (count - share) // 2
        for work, ris in (*abstracts(rest), *editorials(count - share - rest)):
            works.append(work)
            first.write(ris)
    assert len(set(works)) == count
    return works


def counted(library: Path) -> Counter[Work]:
    """The works in a library, read from its file."""
    live = (library / "CURRENT").read_text(encoding="utf-8").strip()
    file = library / "generations" / live / "records.db"
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    rows = db.execute("select title, volume, issue, pages, date from records")
    return Counter(
        Work(title, volume, issue, pages.split("-")[0], date[:4])
        for title, volume, issue, pages, date in rows
    )


def main() -> int:
    """Write, index, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    wanted = parser.parse_args()
    million = str(Path(__file__).with_name("million.py"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        works = write(folder, wanted.records)
        runs: dict[str, Any] = {}
        for run in ("first", "second"):
            command = [sys.executable, million, "--stored-only"]
            command += ["--step", str(folder / run), str(folder / "library")]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            runs[run] = json.loads(done.stdout)
        found = counted(folder / "library")
    lost = [work for work in works if work not in found]
    known = set(works)
    strange = [work for work in found.elements() if work not in known]
    result = {
        "works": len(works),
        "found_once": sum(found[work] == 1 for work in works),
        "lost": len(lost),
        "twice": sum(found[work] > 1 for work in works),
        "no_work": len(strange),
        "examples": [*map(str, lost[:3]), *map(str, strange[:3])],
        "runs": runs,
    }
    print(json.dumps(result, indent=1, ensure_ascii=False))
    return 1 if lost or strange else 0


if __name__ == "__main__":
    sys.exit(main())
