"""Personal names as sources write them, to family and given name."""

import re

_KANJI_NAME = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々ヶ・\s]+$")
# 医中誌Web and others add where a person works: 山田 太郎(架空病院 内科).
_WORKPLACE = re.compile(r"(?<=\S)\s*[(（][^()（）]*[)）]$")
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,5}$")
_SUFFIX = re.compile(r"(?:jr|sr|2nd|3rd|4th|ii|iii|iv)\.?$", re.IGNORECASE)


def author(name: str) -> dict[str, str]:
    """``{"family": …, "given": …}`` of a name whose family comes first, as bibliographic formats
    have it: ``Zaidat, Osama O``, ``Zaidat OO``, ``Liu R.``, ``山田 太郎``, ``山田, 太郎``.

    A name that can't be split for certain (山田太郎, an organisation) is a family name alone; so is
    one that ends in a comma, as reference managers mark organisations.
    """
    name = " ".join(name.replace("，", ",").split()).strip(" ;")
    if name.endswith(","):
        return _person(name.rstrip(" ,"), "")
    if "," in name:
        family, given = (part.strip() for part in name.split(",", 1))
        return _person(family, " ".join(given.replace(",", " ").split()))
    words = name.split(" ")
    alone = _WORKPLACE.sub("", name)
    if alone.count(" ") == 1 and _KANJI_NAME.match(alone):
        return _person(*alone.split(" "))
    tail = words[-2:] if len(words) > 2 and _SUFFIX.match(words[-1]) else words[-1:]
    if len(words) > len(tail) and _INITIALS.match(tail[0]):
        return _person(" ".join(words[: -len(tail)]), " ".join(tail))
    return _person(name, "")


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
