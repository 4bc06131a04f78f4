"""Personal names as sources write them, to family and given name, one by one or in a list."""

import re
from collections.abc import Sequence
from functools import cache

from search.formats.fields.markup import BEGINS_NOTHING, something

_KANJI_NAME = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々ヶ・\s]+$")
_CJK = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
# 医中誌Web and others add where a person works: 山田 太郎(架空病院 内科), and J-STAGE's marks 1)*.
_WORKPLACE = re.compile(r"(?<=\S)\s*[(（\[［][^()（）\[\]［］]*[)）\]］]$")
_MARKS = re.compile(r"(?<=[\u3040-\u9fff])[\s\d,)）*†‡¹²³⁴⁵]{1,20}$")
_LONGEST_KANJI_NAME = 8
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ"
_INITIALS = re.compile(rf"(?:[{_UPPER}]\.?-?){{1,5}}$")
_SPACED_INITIALS = re.compile(
    rf"[{_UPPER}]\.?(?:[ -]?[{_UPPER}]\.?){{0,4}}(?:,? (?:Jr|Sr|II|III)\.?)?$"
)
# K. Ito, J. R. van Abe: no family name is an initial.
_INITIALS_FIRST = re.compile(rf"((?:[{_UPPER}]\.[ -]?){{1,4}})\s*([^\W\d_][^.]*)$")
# John A. Smith: an initial in the middle tells that the given name is first.
_MIDDLE_INITIAL = re.compile(
    rf"[{_UPPER}][\w'’-]+ [{_UPPER}]\.? (?:[a-z]+ ){{0,2}}[{_UPPER}][\w'’-]+$"
)
# Ken Ito, Mary J. van Abe: two words or more, none of which is nothing but initials at the end.
_WHOLE_NAME = re.compile(
    rf"[{_UPPER}][\w'’-]*[a-z][\w'’-]*(?: (?:[{_UPPER}]\.?|[a-z]{{2,4}}|[{_UPPER}][\w'’-]+)){{0,3}}"
    rf" [{_UPPER}][\w'’-]*[a-z][\w'’-]*$"
)
_SUFFIX = re.compile(r"(?:jr|sr|2nd|3rd|4th|ii|iii|iv)\.?$", re.IGNORECASE)
_PARTICLE = re.compile(
    r"(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|ten|ter|bin|ibn|al|el|zu|zur|af|av)$"
)
_ORGANISATION = re.compile(
    r"\b(?:group|study|society|association|organi[sz]ation|committee|university|institute|"
    r"consortium|network|collaborat\w+|department|ministry|cent(?:er|re)|council|investigators|"
    r"team|foundation|hospital|agency|trialists|project|program(?:me)?|initiative|college|academy|"
    r"federation|union|inc|ltd)\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[;；|\n]")
_BRACKETS = '()（）[]"'
_BRACKET = re.compile(r"[()（）\[\]\"]")
_AND = re.compile(r"\s{0,3},?\s{1,3}(?:and|und|et)\s|\s{0,3}[,，]?\s{0,3}[&＆]")
_ET_AL = re.compile(
    r"[,\s]{1,5}(?:et\s+al\.?|他|ほか|\.\.\.|…)\s*$|^(?:et al\.?|他|ほか|others)$", re.IGNORECASE
)
_ENDS_OF_ET_AL = ("al", "al.", "他", "ほか", "...", "…", "ers")


def author(name: str) -> dict[str, str]:
    """``{"family": …, "given": …}`` of a name whose family comes first, as bibliographic formats
    have it: ``Zaidat, Osama O``, ``Zaidat OO``, ``Liu R.``, ``山田 太郎``, ``山田, 太郎``,
    ``鈴木、花子``. Initials that come first (``K. Ito``) are the given name.

    A name that can't be split for certain (山田太郎, an organisation) is a family name alone; so is
    one that ends in a comma, as reference managers mark organisations.
    """
    name = " ".join(name.replace("，", ",").split()).strip(" ;")
    if name[:1] in BEGINS_NOTHING:
        name = something(name)
    if name.endswith(","):
        return _person(name.rstrip(" ,"), "")
    if name[-1:] in ")）]］*†‡" or name[-1:].isdigit():
        name = _without_workplace(name)
    if "、" in name and _kanji_pair(name):
        name = name.replace("、", ",")
    if "," in name:
        family, given = (part.strip() for part in name.split(",", 1))
        return _person(family, something(" ".join(given.replace(",", " ").split())))
    words = name.split(" ")
    if len(words) == 2 and _KANJI_NAME.match(name):
        return _person(*words)
    tail = words[-2:] if len(words) > 2 and _SUFFIX.match(words[-1]) else words[-1:]
    if len(words) > len(tail) and _INITIALS.match(tail[0]):
        return _person(" ".join(words[: -len(tail)]), " ".join(tail))
    if found := _INITIALS_FIRST.match(name):
        return _person(found.group(2).strip(), found.group(1).strip())
    return _person(name, "")


def spoken(name: str) -> dict[str, str]:
    """A name as it is spoken, the family name last with its particles: ``Bun van Abe``. One with a
    comma, in Japanese, of one word or of an organisation is as :func:`author` has it."""
    name = something(" ".join(name.split()))
    words = name.split(" ")
    if "," in name or len(words) == 1 or _CJK.search(name) or _ORGANISATION.search(name):
        return author(name)
    if _INITIALS.match(words[-1]) and not _INITIALS.match(words[0]):
        return author(name)
    suffix = words.pop() if len(words) > 2 and _SUFFIX.match(words[-1]) else ""
    at = len(words) - 1
    while at > 1 and _PARTICLE.match(words[at - 1]):
        at -= 1
    given = " ".join(filter(None, (*words[:at], suffix)))
    return _person(" ".join(words[at:]), given)


def people(names: Sequence[str], *, as_spoken: bool = False) -> list[dict[str, str]]:
    """The persons of a list of names, one a text; words for nothing are none. Where a name of the
    list can only be one that is spoken (``John A. Smith``), the others are, too."""
    cleaned = [_without_others(name).strip(" ;") for name in names]
    kept = [
        name
        for name in cleaned
        if name.strip(" ,") and (name[0] not in BEGINS_NOTHING or something(name))
    ]
    read = spoken if as_spoken or any(map(_MIDDLE_INITIAL.match, kept)) else author
    return [person for person in map(read, kept) if person["family"]]


def people_in(text: str, *, as_spoken: bool = False) -> list[dict[str, str]]:
    """The persons of a text with several names: between semicolons, or between commas where each
    has a given name of its own: ``Quill, E.M., Zann, W., & Ito, K.``, ``Liu R., Adler D.G.``,
    ``山田太郎、鈴木花子``."""
    text = _without_others(text.strip())
    parts = _PARTS.split(text)
    if len(parts) == 1 and (whole := _whole_names(text)):
        return people(whole, as_spoken=True)
    # One that ends in a comma, and has no other, is an organisation.
    if len(parts) == 1 and not (text.endswith(",") and text.count(",") == 1):
        parts = _between_commas(parts[0], as_spoken=as_spoken)
    return people(parts, as_spoken=as_spoken)


def _whole_names(text: str) -> list[str]:
    """The names of a list as one speaks it (``Ken Ito, Bun Abe and Mary O'Neil``); none for any
    other list."""
    joined = [part for part in _AND.split(text) if part.strip(" ,")]
    if len(joined) < 2:
        return []
    names = [name.strip() for part in joined for name in part.split(",") if name.strip()]
    whole = all(_WHOLE_NAME.match(n) and not _ORGANISATION.search(n) for n in names)
    return names if whole else []


def _between_commas(names: str, *, as_spoken: bool) -> list[str]:
    if _CJK.search(names):
        parts = [part.strip() for part in outside_brackets(names, r"[,，、/／]")]
        one = len(parts) == 2 and (_kanji_pair(names) or not all(map(_CJK.search, parts)))
        return [names] if one else parts
    joined = [part for part in _AND.split(names) if part.strip(" ,")]
    if len(joined) > 1:
        several = [name for part in joined for name in _at_commas(part, as_spoken=as_spoken)]
        # Which an organisation may have in its name too: Group of Friends and Others.
        if all(author(name)["given"] or "," in part for part in joined for name in [part]) or (
            as_spoken or all(map(_INITIALS_FIRST.match, several))
        ):
            return several
    return _at_commas(names, as_spoken=as_spoken)


def _at_commas(names: str, *, as_spoken: bool) -> list[str]:
    parts = [part for p in outside_brackets(names, r"[,，]") if (part := p.strip())]
    if len(parts) < 2:
        return parts
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) % 2 == 0 and all(_SPACED_INITIALS.match(given) for _, given in pairs):
        return [f"{family}, {given}" for family, given in pairs]
    if len(parts) == 2 and not as_spoken and not all(author(part)["given"] for part in parts):
        return [names]
    # PubMed ends its list with a full stop: Ito K, Abe B, EXAMPLE Study Group.
    if re.search(r"[a-z]{3,}\.$", parts[-1]):
        parts[-1] = parts[-1][:-1]
    return parts


def outside_brackets(text: str, separator: str) -> list[str]:
    """The parts of a text between separators (a pattern of one character) that stand in no
    parentheses and no quotation marks."""
    if not _BRACKET.search(text):
        return re.split(separator, text)
    parts, start, depth, quoted = [], 0, 0, False
    for found in _separator_or_bracket(separator).finditer(text):
        mark = found.group()
        if mark not in _BRACKETS:
            if not depth and not quoted:
                parts.append(text[start : found.start()])
                start = found.end()
        elif mark == '"':
            quoted = not quoted
        else:
            depth = depth + 1 if mark in "(（[" else max(0, depth - 1)
    parts.append(text[start:])
    return parts


@cache
def _separator_or_bracket(separator: str) -> re.Pattern[str]:
    return re.compile(rf"{separator}|[()（）\[\]\"]")


def _without_others(names: str) -> str:
    # Most names end otherwise, and that is told faster than by the pattern.
    end = names.rstrip()[-3:].casefold()
    return _ET_AL.sub("", names) if end.endswith(_ENDS_OF_ET_AL) else names


def _kanji_pair(name: str) -> bool:
    """Whether two texts with a comma between them are family and given name, not two people."""
    parts = [part.strip() for part in re.split(r"[,，、/／]", name)]
    return len(parts) == 2 and all(len(part) <= 3 and " " not in part for part in parts)


def _without_workplace(name: str) -> str:
    alone = _WORKPLACE.sub("", name)
    if alone != name and not (
        "," in alone
        or _INITIALS.match(alone.split(" ")[-1])
        or (_KANJI_NAME.match(alone) and len(alone) <= _LONGEST_KANJI_NAME)
    ):
        return name
    return _MARKS.sub("", alone)


def _person(family: str, given: str) -> dict[str, str]:
    if not family:
        return {"family": given, "given": ""}
    return {"family": family, "given": given}


def family_first(family: str, given: str) -> str:
    """The inverse of :func:`author`: ``Zaidat, Osama O``; a family name alone ends in a comma
    where it would otherwise be split."""
    if given:
        return f"{family}, {given}"
    return family if author(family) == {"family": family, "given": ""} else f"{family},"
