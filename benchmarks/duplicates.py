"""How well duplicates are recognised, on libraries whose duplicates were marked by hand.

    python benchmarks/duplicates.py ../shared/data/duplicates

Each file is an EndNote library in which every record of a work that is there more than once has
the caption ``Duplicate``. One of them counts as found where the rules put it together with another
marked record, and a record without the mark as wrongly merged where they put it together with any.
"Certain" is what is merged without asking, "proposed" adds what is shown to the librarian. Last
come conference abstracts made for the purpose, as 医中誌 has them: one supplement, titles of one
pattern, other pages. None of them may be merged.
"""

import argparse
import gzip
import io
import re
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from search.formats import FORMATS
from search.matching import identity_keys, same, suspicion, title_keys
from search.records import Author, Record

_RECORD = re.compile(rb"<record>.*?</record>", re.DOTALL)
_CAPTION = re.compile(rb"<caption>(?:<[^>]*>)*\s*Duplicate", re.IGNORECASE)
_SUBJECTS = ("大腿骨近位部骨折", "急性心筋梗塞", "脳梗塞", "誤嚥性肺炎", "糖尿病性腎症")
_PATTERNS = ("当院における{}の治療成績", "{}の1例", "{}に対する取り組み", "{}の検討 第{}報")


def marked(file: Path) -> list[tuple[Record, bool]]:
    """The records of a library, each with whether it is marked as a duplicate."""
    found = []
    for data in _RECORD.findall(gzip.decompress(file.read_bytes())):
        whole = b"<xml><records>" + data + b"</records></xml>"
        (item,) = FORMATS["endnote-xml"].read(io.BytesIO(whole))
        if isinstance(item, Record):
            found.append((item, bool(_CAPTION.search(data))))
    return found


def groups(records: Sequence[Record], alike: Callable[[Record, Record], bool]) -> list[set[int]]:
    """The places of records that hang together, among those that share a key."""
    sharing: dict[int, list[int]] = {}
    for place, record in enumerate(records):
        for key in identity_keys(record) | title_keys(record):
            sharing.setdefault(key, []).append(place)
    pairs = {pair for places in sharing.values() for pair in combinations(places, 2)}
    of = {place: {place} for place in range(len(records))}
    for a, b in sorted(pairs):
        if of[a] is not of[b] and alike(records[a], records[b]):
            joined = of[a] | of[b]
            for place in joined:
                of[place] = joined
    return list({id(group): group for group in of.values()}.values())


def measured(found: Sequence[set[int]], marks: Sequence[bool]) -> tuple[float, float]:
    """Sensitivity and specificity of groups."""
    hits = wrong = 0
    for group in found:
        copies = sum(marks[place] for place in group)
        hits += copies if copies > 1 else 0
        wrong += len(group) - copies if len(group) > 1 else 0
    copies = sum(marks)
    return hits / copies, 1 - wrong / (len(marks) - copies)


def proposed_too(a: Record, b: Record) -> bool:
    """Whether two records are merged, or proposed."""
    return same(a, b) or suspicion([a], [b]) is not None


def abstracts() -> list[Record]:
    """Abstracts of two supplements, a hundred of each, all of them different contributions."""
    made = []
    for supplement, doi in ((1, "10.5555/suppl.1"), (2, "")):
        for number in range(100):
            subject = _SUBJECTS[number % 5]
            title = _PATTERNS[number // 5 % 4].format(subject, number // 20 + 1)
            made.append(
                Record(
                    f"hash:{supplement}{number:015d}",
                    title,
                    language="ja",
                    authors=(Author("山田", "太郎"),),
                    journal="架空医学会雑誌",
                    date="2019",
                    volume="52",
                    issue=f"Suppl.{supplement}",
                    pages=f"S{100 * supplement + number}",
                    doi=doi,
                    publication_types=("会議録",),
                )
            )
    return made


def main() -> None:
    """Print a line for each library, and one for the abstracts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true", help="name what is missed or wrong")
    given = parser.parse_args()
    print(f"{'library':<14}{'records':>8}{'marked':>8}{'certain':>16}{'with proposed':>16}")
    for file in sorted(given.folder.glob("*.xml.gz")):
        records, marks = map(list, zip(*marked(file), strict=True))
        certain = groups(records, same)
        figures = (measured(certain, marks), measured(groups(records, proposed_too), marks))
        shown = "".join(f"{a:>9.3f} {b:.3f} " for a, b in figures)
        name = file.name.removesuffix(".xml.gz")
        print(f"{name:<14}{len(records):>8}{sum(marks):>8}{shown}")
        if given.show:
            _show(certain, records, marks)
    made = abstracts()
    merged = len(made) - len(groups(made, same))
    print(f"conference abstracts of one pattern: {merged} of {len(made)} merged")


def _show(found: Sequence[set[int]], records: Sequence[Record], marks: Sequence[bool]) -> None:
    for group in found:
        copies = sum(marks[place] for place in group)
        if copies != 1 and (len(group) == 1 or copies == len(group)):
            continue
        print("  missed" if len(group) == 1 else "  wrong")
        for place in sorted(group):
            r = records[place]
            author = r.authors[0].family if r.authors else ""
            print(f"    {r.id} | {r.title} | {author} | {r.journal} {r.date} {r.volume} {r.pages}")


if __name__ == "__main__":
    main()
