"""Headings of a thesaurus with qualifiers and stars, as databases and programs write them.

NLM writes ``Asthma/*drug therapy/genetics`` (MEDLINE text, and what reference managers keep of
it), Ovid ``*Asthma/dt [Drug Therapy]``, the Cochrane Library ``Asthma [*drug therapy; genetics]``,
医中誌Web ``*気管支喘息(薬物療法)``. Among other keywords a slash or a bracket begins a
qualifier only where the word in it is one: HIV/AIDS is a keyword.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from search.records import Heading

# https://www.nlm.nih.gov/mesh/subhierarchy.html, with the letters that Ovid writes for each.
_MESH = {
    "ab": "abnormalities", "ad": "administration & dosage", "ae": "adverse effects",
    "ag": "agonists", "aa": "analogs & derivatives", "an": "analysis",
    "ah": "anatomy & histology", "ai": "antagonists & inhibitors", "bi": "biosynthesis",
    "bl": "blood", "bs": "blood supply", "cf": "cerebrospinal fluid",
    "ch": "chemistry", "ci": "chemically induced", "cl": "classification",
    "cs": "chemical synthesis", "co": "complications", "cn": "congenital",
    "cy": "cytology", "df": "deficiency", "di": "diagnosis", "dg": "diagnostic imaging",
    "dh": "diet therapy", "de": "drug effects", "dt": "drug therapy", "ec": "economics",
    "ed": "education", "em": "embryology", "en": "enzymology", "ep": "epidemiology",
    "es": "ethics", "eh": "ethnology", "et": "etiology", "ge": "genetics",
    "gd": "growth & development", "hi": "history", "im": "immunology",
    "in": "injuries", "ir": "innervation", "is": "instrumentation",
    "ip": "isolation & purification", "lj": "legislation & jurisprudence", "me": "metabolism",
    "mt": "methods", "mi": "microbiology", "mo": "mortality", "nu": "nursing",
    "og": "organization & administration", "ps": "parasitology", "py": "pathogenicity",
    "pa": "pathology", "pk": "pharmacokinetics", "pd": "pharmacology",
    "ph": "physiology", "pp": "physiopathology", "po": "poisoning",
    "pc": "prevention & control", "px": "psychology", "ra": "radiation effects",
    "rt": "radiotherapy", "rh": "rehabilitation", "sc": "secondary",
    "st": "standards", "sn": "statistics & numerical data", "sd": "supply & distribution",
    "su": "surgery", "tu": "therapeutic use", "th": "therapy", "to": "toxicity",
    "tm": "transmission", "tr": "transplantation", "td": "trends",
    "ul": "ultrastructure", "ur": "urine", "ut": "utilization", "ve": "veterinary",
    "vi": "virology",
}  # fmt: skip
# Those that older records have, and those of Emtree.
_OTHERS = (
    *("contraindications", "diagnostic use", "pharmacology", "manpower", "radionuclide imaging"),
    *("radiography", "ultrasonography", "rehabilitation", "complication", "congenital disorder"),
    *("disease management", "drug resistance", "side effect", "adverse drug reaction"),
    *("drug administration", "drug combination", "drug comparison", "drug dose"),
    *("drug interaction", "drug development", "clinical trial", "pharmacoeconomics", "prevention"),
    *("special situation for pharmacovigilance", "unexpected outcome of drug treatment"),
)
# 医中誌's 副標目.
_ICHUSHI = (
    *("ウイルス学", "遺伝学", "移植", "疫学", "解剖学・組織学", "化学", "化学合成", "画像診断"),
    *("合併症", "看護", "外科的療法", "拮抗物質・阻害物質", "寄生虫学", "教育", "経済", "血液"),
    *("血液供給", "欠乏", "酵素学", "細胞学", "細菌学", "死亡率", "獣医学", "傷害", "診断"),
    *("診断的利用", "心理学", "食事療法", "神経支配", "真菌学", "髄液", "生合成", "生化学"),
    *("生理学", "成長・発達", "製剤", "先天性", "代謝", "単離・精製", "中毒", "超音波診断"),
    *("超微構造", "治療", "治療的利用", "伝播", "転移性", "尿", "投与・用量", "統計・数値"),
    *("動向", "毒性", "発生学", "微生物学", "病因", "病態生理", "病理学", "副作用", "物理療法"),
    *("分析", "分類", "方法", "放射線障害", "放射線診断", "放射線療法", "免疫学", "薬物作用"),
    *("薬物動態学", "薬物療法", "薬理学", "有害作用", "予後", "予防", "予防・管理"),
    *("リハビリテーション", "倫理", "歴史"),
)
_QUALIFIERS = frozenset((*_MESH.values(), *_OTHERS, *_ICHUSHI))
_OF_BRACKET = {"[": _QUALIFIERS, "(": frozenset(_ICHUSHI), "（": frozenset(_ICHUSHI)}
_OVID = re.compile(r"/(?P<letters>[a-z]{2}) \[(?P<name>[^\[\]]{1,80})\]")
_BRACKETED = re.compile(
    r"(?P<descriptor>.*\S)\s*(?P<bracket>[\[(（])(?P<qualifiers>[^\[\]()（）]{1,300})[\])）]$"
)
_BETWEEN = re.compile(r"[,;、，；]\s*")


def split_headings(words: Iterable[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The headings among keywords, as the data of a record has them, and the keywords that are
    none: a heading has a star, or a qualifier that MeSH, Emtree or 医中誌 has."""
    headings: list[dict[str, Any]] = []
    others: list[str] = []
    for word in words:
        if "*" not in word and "/" not in word and word[-1:] not in "])）":
            others.append(word)
        elif found := list(_known(word)):
            headings += found
        elif plain := word.strip("* "):
            others.append(plain)
    return distinct(headings), others


def nlm_headings(text: str) -> Iterator[dict[str, Any]]:
    """The headings of one ``MH`` line, where every slash begins a qualifier."""
    if "/" not in text and "*" not in text:
        if name := text.strip():
            yield _heading(name, "", False)
        return
    descriptor, *qualifiers = text.split("/")
    yield from _headings(descriptor, qualifiers)


def database_headings(text: str) -> Iterator[dict[str, Any]]:
    """The headings of a word in a field that holds nothing else, as Ovid, the Cochrane Library and
    医中誌 write them."""
    yield from _known(text) or _headings(text, ())


def distinct(headings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Headings, each once: major where one of them is; a bare descriptor that is not major goes
    where it also has a qualifier."""
    major: dict[tuple[str, str], bool] = {}
    qualified = set()
    for heading in headings:
        key = (heading["descriptor"], heading.get("qualifier", ""))
        major[key] = major.get(key, False) or heading.get("major", False)
        if key[1]:
            qualified.add(key[0])
    return [
        _heading(descriptor, qualifier, is_major)
        for (descriptor, qualifier), is_major in major.items()
        if qualifier or is_major or descriptor not in qualified
    ]


def as_nlm_writes(headings: Sequence[Heading]) -> list[str]:
    """Headings as MEDLINE's ``MH`` has them, a descriptor each: ``Asthma/*drug therapy``."""
    by_descriptor: dict[str, list[Heading]] = {}
    for heading in headings:
        by_descriptor.setdefault(heading.descriptor, []).append(heading)
    lines = []
    for descriptor, found in by_descriptor.items():
        star = "*" if any(h.major and not h.qualifier for h in found) else ""
        qualifiers = (f"/{'*' * h.major}{h.qualifier}" for h in found if h.qualifier)
        lines.append(f"{star}{descriptor}{''.join(qualifiers)}")
    return lines


def _known(word: str) -> list[dict[str, Any]]:
    """The headings of a word that has a star or a known qualifier; none for any other."""
    if "[" in word and (ovid := list(_OVID.finditer(word))):
        # Ovid's star before the descriptor is that of each qualifier on its line.
        descriptor, major = word[: ovid[0].start()], word.startswith("*")
        names = (_MESH.get(found["letters"], found["name"].lower()) for found in ovid)
        return [_heading(descriptor.strip("* "), name, major) for name in names]
    descriptor, *qualifiers = word.replace("／", "/").split("/")
    known = _QUALIFIERS
    if not qualifiers and word[-1:] in "])）" and (found := _BRACKETED.match(word)):
        descriptor, qualifiers = found["descriptor"], _BETWEEN.split(found["qualifiers"])
        known = _OF_BRACKET[found["bracket"]]
        # 医中誌's star before the descriptor, too, is that of its qualifiers.
        if descriptor.startswith("*") and _are(qualifiers, known):
            return [_heading(descriptor.strip("* "), q.strip("* "), True) for q in qualifiers]
    if qualifiers and not _are(qualifiers, known):
        return [_heading(word.strip("* "), "", True)] if _starred(word) else []
    return list(_headings(descriptor, qualifiers)) if qualifiers or _starred(word) else []


def _starred(word: str) -> bool:
    # 2*2 tables have one too; so has a footnote's mark.
    return word.startswith("*") or word.endswith("*")


def _are(qualifiers: Iterable[str], known: frozenset[str]) -> bool:
    return all(q.strip("* ").casefold() in known for q in qualifiers)


def _headings(descriptor: str, qualifiers: Sequence[str]) -> Iterator[dict[str, Any]]:
    name = descriptor.strip("* ")
    if name and (_starred(descriptor.strip()) or not qualifiers):
        yield _heading(name, "", _starred(descriptor.strip()))
    for qualifier in qualifiers:
        if plain := qualifier.strip("* "):
            yield _heading(name, plain, _starred(qualifier.strip()))


def _heading(descriptor: str, qualifier: str, major: bool) -> dict[str, Any]:
    return {"descriptor": descriptor, "qualifier": qualifier, "major": major}
