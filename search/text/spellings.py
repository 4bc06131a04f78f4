"""British and American spellings of Latin words, folded to the American ones.

No maintained package does this (breame's last release is of 2021, and its lists have no medical
stems), so the rules are ours: stems wherever they stand in a word, endings at its end. Folding
applies to index and query alike, so a rule can only bring two spellings together, never lose one.
"""

import re
from collections.abc import Callable
from functools import cache

# British, American. A stem stands anywhere in a word: haem in haemorrhage and in cephalhaematoma.
_STEMS = (
    ("haem", "hem"),
    ("aemi", "emi"),
    ("aetiol", "etiol"),
    ("anaes", "anes"),
    ("archaeo", "archeo"),
    ("caec", "cec"),
    ("caesar", "cesar"),
    ("coeli", "celi"),
    ("faec", "fec"),
    ("foet", "fet"),
    ("gynaec", "gynec"),
    ("leucoc", "leukoc"),
    ("leucop", "leukop"),
    ("leucae", "leuke"),
    ("leukae", "leuke"),
    ("manoeuv", "maneuv"),
    ("oedem", "edem"),
    ("oesoph", "esoph"),
    ("oestr", "estr"),
    ("paed", "ped"),
    ("palaeo", "paleo"),
    ("pnoea", "pnea"),
    ("rrhoea", "rrhea"),
    ("sulph", "sulf"),
    ("behaviour", "behavior"),
    ("colour", "color"),
    ("favour", "favor"),
    ("flavour", "flavor"),
    ("harbour", "harbor"),
    ("honour", "honor"),
    ("humour", "humor"),
    ("labour", "labor"),
    ("neighbour", "neighbor"),
    ("odour", "odor"),
    ("rumour", "rumor"),
    ("tumour", "tumor"),
    ("vapour", "vapor"),
    ("ageing", "aging"),
    ("aluminium", "aluminum"),
    ("calibre", "caliber"),
    ("defence", "defense"),
    ("draught", "draft"),
    ("goitre", "goiter"),
    ("judgement", "judgment"),
    ("mould", "mold"),
    ("plough", "plow"),
    ("programme", "program"),
    ("sceptic", "skeptic"),
)
# Whole words and their ends.
_WORDS = (
    (r"\bcentre(s|d)?\b", r"center\1"),
    (r"\bfibre(s)?\b", r"fiber\1"),
    (r"\b(centi|milli|kilo|micro|nano|deci|)(lit|met)re(s)?\b", r"\1\2er\3"),
    (r"\btitre(s)?\b", r"titer\1"),
    (r"\btheatre(s)?\b", r"theater\1"),
    (r"\bgrey(s|ish)?\b", r"gray\1"),
    (r"\b(label|model|signal|counsel|travel|tunnel|channel|cancel|level|fuel)l(ed|ing|ers?)\b",
     r"\1\2"),
    (r"\b(anal|paral|catal|dial|hydrol|electrol)ys(ed?|ers?|ing)\b", r"\1yz\2"),
)  # fmt: skip
# Words in -ise that are no spelling of -ize.
_NOT_IZE = (
    "adv|advert|ar|br?u|circumc|comprom|conc|cru|dem|dev|disgu|d|enterpr|exerc|exc|expert|franch|"
    "improv|inc|like|mal|merchand|mort|no|other|parad|po|porpo|pra|prec|prem|prom|ra|rev|r|superv|"
    "surpr|telev|tort|treat|turquo|up|w|clock|length|step|pair|case|layer|piece|point|row|v|prec"
)
_IZE = re.compile(
    rf"\b(?!(?:counter)?(?:{_NOT_IZE})w?is)([a-z]{{3,}})is(e[ds]?|ers?|ing|ations?)\b"
)
# Names of Greek letters, as whole words.
_GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "kappa": "κ",
    "lambda": "λ",
    "omega": "ω",
}
_GREEK_WORD = re.compile(rf"\b(?:{'|'.join(_GREEK)})\b")
_STEM = re.compile("|".join(b for b, _ in _STEMS))
_AMERICAN = dict(_STEMS)

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


@cache
def rules() -> tuple[Rule, ...]:
    """What to replace in lower-case text, in this order: pattern and replacement.

    Words are delimited as in Latin text: a rule must be applied to text in which letters of other
    scripts are no word characters, so patterns are compiled for ASCII.
    """
    words = [(re.compile(pattern, re.ASCII), _template(to)) for pattern, to in _WORDS]
    return (
        (_STEM, lambda m: _AMERICAN[m.group()]),
        *words,
        (re.compile(_IZE.pattern, re.ASCII), lambda m: f"{m.group(1)}iz{m.group(2)}"),
        (re.compile(_GREEK_WORD.pattern, re.ASCII), lambda m: _GREEK[m.group()]),
    )


def _template(to: str) -> Callable[[re.Match[str]], str]:
    return lambda match: match.expand(to)


def stems(stem: str) -> tuple[str, ...]:
    """The beginnings that a truncated, folded word stands for: itself, and what it becomes where
    the word goes on as a British spelling (``randomis`` also ``randomiz``, ``tumou`` ``tumor``)."""
    found = {stem}
    for british, american in _STEMS:
        for length in range(_differ(british, american), len(british)):
            if stem.endswith(british[:length]):
                found.add(stem[: len(stem) - length] + american)
    for british, american in (("centr", "center"), ("fibr", "fiber"), ("titr", "titer")):
        if stem == british:
            found.add(american)
    if len(stem) > len("xxis") and stem.endswith("is"):
        found.add(stem[:-2] + "iz")
    return tuple(sorted(found))


def greek(stem: str) -> tuple[str, ...]:
    """The Greek letters whose names begin with ``stem``."""
    return tuple(letter for name, letter in _GREEK.items() if name.startswith(stem))


def _differ(british: str, american: str) -> int:
    """The length of the shortest beginning of ``british`` that ``american`` lacks."""
    same = 0
    while same < min(len(british), len(american)) and british[same] == american[same]:
        same += 1
    return same + 1
