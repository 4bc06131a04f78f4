"""Names that a library's own records give in brackets: 深部静脈血栓症（DVT）, deep vein thrombosis
(DVT), 筋萎縮性側索硬化症（amyotrophic lateral sclerosis; ALS）.

In English the long form before the brackets is found as Schwartz and Hearst (A Simple Algorithm for
Identifying Abbreviation Definitions in Biomedical Text, PSB 2003) find it: the letters of the short
form, from its end, each at the nearest place before, the first at the beginning of a word. In
Japanese it is the run of kanji and katakana before them. A pair counts where several records have
it and neither side stands with another one more than now and then.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from indexer.terminology.statements import Named, Statement
from search.records import Record
from search.terminology.keys import key

# Records that must say a pair, and the share that it must have of all that either side stands with.
FEWEST = 3
_SHARE = 0.8
_BRACKETS = re.compile(r"[(（]([^()（）]{2,120})[)）]")
_SHORT = re.compile(r"(?=(?:.*[A-Z]){2})[A-Za-z][A-Za-z0-9-]{1,9}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,'/-]{3,100}")
_RUN = re.compile(r"[\u30a1-\u30fa\u30fc\u3005\u4e00-\u9fff]{3,25}$")
_PARTS = re.compile(r"\s*[:：;；,，、]\s*")
# Words that a long form may have beside each letter of the short one.
_WORDS = 2
_LONGEST_BEFORE = 200

_Pair = tuple[str, str]


def own_pairs(records: Iterable[Record], fewest: int = FEWEST) -> Iterator[Statement]:
    """A statement for each long form with what stands in brackets behind it."""
    counts: Counter[_Pair] = Counter()
    written: defaultdict[_Pair, Counter[_Pair]] = defaultdict(Counter)
    for record in records:
        said = {
            (key(long), key(short)): (long, short)
            for version in record.versions()
            for text in (version.title, version.abstract)
            for long, short in pairs(text)
        }
        for pair, names in said.items():
            if all(pair) and pair[0] != pair[1]:
                counts[pair] += 1
                written[pair][names] += 1
    # Of either side: how often it stands with anything of that kind.
    longs: Counter[tuple[str, bool]] = Counter()
    shorts: Counter[tuple[str, bool]] = Counter()
    for (long, short), count in counts.items():
        longs[long, _is_short(written[long, short])] += count
        shorts[short, long.isascii()] += count
    # What a thing is called in both languages first: its abbreviations then belong to both.
    for pair in sorted(counts, key=lambda p: (_is_short(written[p]), -counts[p], p)):
        count = counts[pair]
        abbreviated = _is_short(written[pair])
        most = max(longs[pair[0], abbreviated], shorts[pair[1], pair[0].isascii()])
        if count < fewest or count < _SHARE * most:
            continue
        (long, short), _ = written[pair].most_common(1)[0]
        first: Named = (long, "en" if long.isascii() else "ja", "preferred")
        second: Named = (short, "en", "abbreviation" if abbreviated else "preferred")
        yield Statement((first, second))


def pairs(text: str) -> Iterator[_Pair]:
    """The pairs of long form and what stands in brackets behind it."""
    for match in _BRACKETS.finditer(text):
        before = text[max(0, match.start() - _LONGEST_BEFORE) : match.start()].rstrip()
        japanese = _RUN.search(before)
        for part in _PARTS.split(match.group(1).strip()):
            if _SHORT.fullmatch(part):
                if japanese:
                    yield japanese.group(), part
                elif long := _long_form(part, before):
                    yield long, part
            elif japanese and _LATIN.fullmatch(part) and " " in part:
                yield japanese.group(), part


def _is_short(names: Counter[_Pair]) -> bool:
    return all(_SHORT.fullmatch(short) for _, short in names)


def _long_form(short: str, before: str) -> str | None:
    """The words before the brackets that the letters of a short form stand for."""
    words = before.split()
    kept = " ".join(words[-min(len(short) + 5, len(short) * _WORDS) :])
    place = len(kept)
    for number, letter in enumerate(reversed(short)):
        if not letter.isalnum():
            continue
        first = number == len(short) - 1
        place -= 1
        while place >= 0 and not (
            kept[place].lower() == letter.lower()
            and not (first and place > 0 and kept[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
    found = kept[place:].strip(" ,;:")
    return found if _LATIN.fullmatch(found) and len(found) > len(short) else None
