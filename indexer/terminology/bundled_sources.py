"""The sources of the terminology that ships, and the rules by which noise is left out of each.

All lie in one folder of files as their makers publish them (``data/terms``). Every rule is about a
kind of entry, not about single ones:

- *Manbyo dictionary*: what clinicians write, with a standard name. Entries with several standard
  names are left out, and names that have no other one. A phrase that has the standard name or
  another accepted one in it is no name (軽度浮腫, 心不全増悪), nor is one that has a side, a grade
  or a course that the standard name lacks. What differs in more than spelling counts where a second
  source says the same.
- *Medical glossary*: English with Japanese. Entries with digits or signs and abbreviations are left
  out, and words of English with more than one Japanese entry, of which one is rarely meant.
- *HPO*: labels in both languages; of Japanese labels that several terms share, none counts. Labels
  of HPO and the glossary, partly made by machine or in haste, fill gaps: they add none to a concept
  that has a name in that language (``Statement.gaps``).
- *Sudachi's synonyms*: groups of the field 医療. Words that the dictionary does not expand to, or
  that stand in another group too, are left out, and so is an English word that only begins another
  label of its group. Its English fills gaps.
- *MedDic*: adverse events as the Manbyo dictionary; drugs with the class that lies above them.
- *Everyday names* (``everyday.tsv``): written for this project, first in line.

Patients' expressions (NAIST) are not among them: they are published without a licence.
"""

import csv
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.terminology.statements import Named, Statement, Statements
from indexer.terminology.term_table import read_table
from search.terminology.concepts import Source
from search.terminology.keys import key
from search.text.fold import to_lexical
from search.text.skeletons import skeletons

EVERYDAY = Source("Everyday names", "1", "MIT", "")
MANBYO = Source(
    "万病辞書 (Manbyo dictionary, NAIST)",
    "2022",
    "CC BY 4.0",
    "https://sociocom.naist.jp/manbyou-dic/",
)
GLOSSARY = Source(
    "medutx English-Japanese medical glossary (Kitasato University)",
    "1.01",
    "CC BY 3.0",
    "https://github.com/olanto/MYTERM",
)
SUDACHI = Source(
    "Sudachi synonym dictionary (Works Applications)",
    "2024",
    "Apache-2.0",
    "https://github.com/WorksApplications/SudachiDict",
)
MEDDIC = Source(
    "MedDic-CANCER (NAIST)", "2022", "MIT", "https://github.com/sociocom/EntityNormalizer"
)
HPO = Source(
    "Human Phenotype Ontology, labels in English and Japanese",
    "2024",
    "terms of use of the HPO",
    "https://hpo.jax.org",
)

# What a phrase says of a finding beside its name: sides, grades, courses, remarks of a chart.
_REMARKS = re.compile(
    "[左右両]|軽度|重度|高度|重症|中等|軽症|難治|劇症|急性|慢性|一過性|初発|再発|再燃|増悪|憎悪|悪化|進行|"
    "転移|合併|併発|既往|発症|早期|末期|疑い|所見|問題|コントロール|患者|傾向|状態|症状|徴候|兆候|限局|"
    "全身|多発|びまん|周術期|術後|術前|(?:後|様|像|等|時|期|型|性|有り?|あり|なし|部|巣)$"
)
# What may follow a name without changing what is meant.
_NO_DIFFERENCE = {"症", "感"}
# Ways of writing the same, one of each.
_WRITINGS = (
    ("頸", "頚"),
    ("嚢", "のう"),
    ("癌", "がん"),
    ("冠状動脈", "冠動脈"),
    ("傷害", "障害"),
    ("障碍", "障害"),
    ("硬塞", "梗塞"),
    ("痙攣", "けいれん"),
    ("リュウマチ", "リウマチ"),
    ("連鎖球菌", "レンサ球菌"),
    ("鬱", "うつ"),
    ("潰瘍", "かいよう"),
    ("蕁麻疹", "じんま疹"),
    ("癲癇", "てんかん"),
    ("縱", "縦"),
    ("・", ""),
    ("　", ""),
    (" ", ""),
)
_SCRIPTS = re.compile("[a-z]{4,}|[ァ-ヺー]{3,}")
_KANA = re.compile("[ぁ-ゖ]")
_ABBREVIATION = re.compile("[A-Za-z]{2,6}")
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z' -]{3,}")
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff々ー・]{2,20}")


def bundled_sources(folder: Path) -> list[Statements]:
    """What all sources say, the surest first.

    Raises:
        OSError: for a source that is not in ``folder``.
    """
    everyday = Statements(EVERYDAY, list(_everyday()), apart=True)
    hpo = Statements(HPO, list(_hpo(folder / "hpo_ja.tsv")))
    glossary = Statements(GLOSSARY, list(_glossary(folder / "medical_glossary_en_ja.tsv")))
    sudachi = Statements(SUDACHI, list(_sudachi(folder / "sudachi_synonyms.txt.gz")))
    manbyo = _forms(_manbyo_rows(folder / "manbyo.csv.gz"))
    meddic = _forms(_meddic_rows(folder / "meddic_cancer_ade.csv"))
    english = _english_of((everyday, hpo, glossary))
    standard = set(manbyo)
    pairs = Counter(
        (key(surface), key(name))
        for forms in (manbyo, meddic)
        for name, surfaces in forms.items()
        for surface in set(surfaces)
    )
    confirmed = {pair for pair, said in pairs.items() if said > 1}
    return [
        everyday,
        Statements(MANBYO, list(_clinical(manbyo, english, confirmed, standard))),
        Statements(MEDDIC, list(_clinical(meddic, english, confirmed, standard))),
        hpo,
        sudachi,
        glossary,
        Statements(MEDDIC, list(_drugs(folder / "meddic_cancer_drug.csv"))),
    ]


# Names, each with what is written for it and the codes that this has.
_Forms = dict[str, dict[str, set[str]]]


def _forms(rows: Iterable[tuple[str, str, str]]) -> _Forms:
    """The surfaces of each standard name; a surface with several names is left out."""
    found: _Forms = {}
    names: defaultdict[str, set[str]] = defaultdict(set)
    rows = list(rows)
    for surface, _, name in rows:
        names[key(surface)].add(key(name))
    for surface, code, name in rows:
        if len(names[key(surface)]) == 1:
            found.setdefault(name, {}).setdefault(surface, set()).add(code)
    return found


def _manbyo_rows(file: Path) -> Iterator[tuple[str, str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["standard_name"] != "-1" and "，" not in row["standard_name"]:
                yield row["surface"], row["icd10"], row["standard_name"]


def _meddic_rows(file: Path) -> Iterator[tuple[str, str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            surface, code, name = row["出現形"], row["[ICDコード]"], row["[標準病名]"]
            if not name.startswith(("[", "-")) and ";" not in name + surface:
                yield surface, code, name


def _table(file: Path) -> Iterator[list[str]]:
    """The rows of a file with tabs, without its heading."""
    with file.open(encoding="utf-8") as stream:
        next(stream)
        for line in stream:
            yield line.rstrip("\n").split("\t")


def _everyday() -> Iterator[Statement]:
    with Path(__file__).with_name("everyday.tsv").open("rb") as stream:
        # None is rejected: a test reads the file.
        yield from (item for item in read_table(stream) if isinstance(item, Statement))


def _hpo(file: Path) -> Iterator[Statement]:
    rows = [row for row in _table(file) if len(row) == 3 and row[2]]
    shared = Counter(key(ja) for _, _, ja in rows)
    for code, en, ja in rows:
        labels: list[Named] = [(en, "en", "preferred")]
        if shared[key(ja)] == 1:
            labels.insert(0, (ja, "ja", "preferred"))
        yield Statement(tuple(labels), (("HPO", code),), gaps=("ja", "en"))


def _glossary(file: Path) -> Iterator[Statement]:
    rows = [
        (en, ja)
        for en, ja, *_ in _table(file)
        if _ENGLISH.fullmatch(en) and not en.isupper() and _JAPANESE.fullmatch(ja)
    ]
    entries: defaultdict[str, list[str]] = defaultdict(list)
    for en, ja in rows:
        entries[key(en)].append(ja)
    for en, ja in rows:
        if " " in en or len(entries[key(en)]) == 1:
            labels: tuple[Named, ...] = ((ja, "ja", "preferred"), (en, "en", "preferred"))
            yield Statement(labels, gaps=("ja", "en"))


def _sudachi(file: Path) -> Iterator[Statement]:
    groups: defaultdict[str, list[list[str]]] = defaultdict(list)
    places: defaultdict[str, set[str]] = defaultdict(set)
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            cells = line.rstrip("\n").split(",")
            if len(cells) > 8:
                groups[cells[0]].append(cells)
                places[key(cells[8])].add(cells[0])
    for words in groups.values():
        if not any("医療" in cells[7] for cells in words):
            continue
        # The third cell: 0 for what may stand for the others.
        used = [c for c in words if c[2] == "0" and len(places[key(c[8])]) == 1]
        longer = [key(c[8]) for c in used]
        labels: list[Named] = []
        for cells in used:
            word, own = cells[8], key(cells[8])
            if any(other.startswith(f"{own} ") for other in longer):
                continue
            language = "en" if word.isascii() else "ja"
            first = not any(there == language for _, there, _ in labels)
            kind = "abbreviation" if cells[5] == "1" else "preferred" if first else "exact"
            labels.append((word, language, kind))  # type: ignore[arg-type]
        if len(labels) > 1 and any(kind == "preferred" for _, _, kind in labels):
            yield Statement(tuple(labels), gaps=("en",))


def _drugs(file: Path) -> Iterator[Statement]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            name, classes = row["一般名"], row["[細分類]"]
            if ";" not in name and not classes.startswith(("[", "-")):
                above = tuple(c for c in classes.split(";") if c and c != name)
                yield Statement(((name, "ja", "preferred"),), broader=above)
                for one in above:
                    yield Statement(((one, "ja", "preferred"),))


def _english_of(sources: Iterable[Statements]) -> dict[str, set[str]]:
    """The English names that go with each Japanese one."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for told in sources:
        for statement in told.statements:
            english = {text for text, language, _ in statement.labels if language == "en"}
            for text, language, _ in statement.labels:
                if language == "ja":
                    found[key(text)] |= english
    return found


def _clinical(
    forms: _Forms,
    english: dict[str, set[str]],
    confirmed: set[tuple[str, str]],
    standard: set[str],
) -> Iterator[Statement]:
    """The standard names with what is just another name of each."""
    for name, surfaces in forms.items():
        codes = surfaces.get(name) or next(iter(surfaces.values()))
        labels: list[Named] = [(name, "ja", "preferred")]
        taken = [_plain(name)]
        for surface in sorted(surfaces, key=len):
            if surface in standard:
                continue
            kind = _kind(surface, name, taken, english.get(key(name), set()), confirmed)
            if kind is not None:
                labels.append((surface, "en" if surface.isascii() else "ja", kind))  # type: ignore[arg-type]
                taken.append(_plain(surface))
        codes = {code for code in codes if code != "-1" and "," not in code and code}
        notations = tuple(("ICD-10", _dotted(code)) for code in sorted(codes))
        if len(labels) > 1 or english.get(key(name)):
            yield Statement(tuple(labels), notations)


def _kind(
    surface: str,
    name: str,
    taken: list[str],
    english: set[str],
    confirmed: set[tuple[str, str]],
) -> str | None:
    """What a surface is to a standard name; None where it is no name of just the same."""
    written = to_lexical(surface)
    own, other = _plain(surface), taken[0]
    if own == other:
        return None if written == to_lexical(name) else "spelling"
    if _ABBREVIATION.fullmatch(to_lexical(surface)):
        letters = to_lexical(surface)
        return "abbreviation" if any(_initials(en) == letters for en in english) else None
    if any(len(one) > 1 and one in own for one in taken):
        return None
    if other.startswith(own):
        return "exact" if other.removeprefix(own) in _NO_DIFFERENCE else None
    if own in other or len(own) < 2:
        return None
    if len(own) > 3 and sorted(own) == sorted(other):
        return "exact"
    if _same_in_another_script(written, to_lexical(name)):
        return "spelling"
    if len(own) > len(other) and not _KANA.search(own):
        # Longer in kanji alone: something more special (薬剤熱 for 発熱).
        return None
    added = {m.group() for m in _REMARKS.finditer(surface)} - {
        m.group() for m in _REMARKS.finditer(name)
    }
    return "exact" if (key(surface), key(name)) in confirmed and not added else None


def _plain(text: str) -> str:
    """A name in one writing of several."""
    found = to_lexical(text)
    for written, one in _WRITINGS:
        found = found.replace(written, one)
    return found


def _same_in_another_script(one: str, other: str) -> bool:
    """Whether two names differ in a foreign name alone, in Latin letters and in katakana."""
    parts = [_SCRIPTS.findall(text) for text in (one, other)]
    if not all(len(found) == 1 for found in parts) or _SCRIPTS.sub("#", one) != _SCRIPTS.sub(
        "#", other
    ):
        return False
    (first,), (second,) = parts
    return first.isascii() != second.isascii() and bool(
        set(skeletons(first)) & set(skeletons(second))
    )


def _initials(english: str) -> str:
    return "".join(word[0] for word in re.findall("[a-z]+", to_lexical(english)))


def _dotted(code: str) -> str:
    """An ICD-10 code as it is printed: I50.9 for I509."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code
