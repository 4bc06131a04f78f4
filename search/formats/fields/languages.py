"""Languages as sources name them, to ISO 639-1; texts side by side in their languages."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from babel import Locale
from babel.core import get_global

from search.formats.fields.scripts import text_language

# ISO 639-2/B, where it differs from the terminological codes.
_BIBLIOGRAPHIC = frozenset(
    (
        *("alb", "arm", "baq", "bur", "chi", "cze", "dut", "fre", "geo", "ger"),
        *("gre", "ice", "mac", "mao", "may", "per", "rum", "slo", "tib", "wel"),
    )
)


def language_code(name: str) -> str:
    """The two-letter code of a code or a name: ``eng``, ``jpn``, ``fre``, ``ja-JP``, ``English``,
    ``日本語``. Empty where there is none (``und``, ``mul``) or it is unknown."""
    key = name.strip().casefold()[:40]
    code = _codes().get(key) or _codes().get(key.removesuffix("語") + "語", "")
    return code or _codes().get(key.replace("_", "-").split("-")[0], "")


def language_of(named: str, text: str) -> str:
    """The language that a source names for ``text``, where the script of the text allows it, else
    what the script says: sources name the article's language, and give its title in English."""
    return text_language(text, language_code(named))


def three_letters(code: str) -> str:
    """The three-letter code that MEDLINE writes for a two-letter one; else what was given."""
    found = [k for k, v in _codes().items() if v == code and len(k) == 3 and k.isascii()]
    return next((k for k in found if k in _BIBLIOGRAPHIC), found[0] if found else code)


def side_by_side(language: str, texts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The fields title, abstract, language and translations of a record.

    ``texts`` maps language codes to (title, abstract). ``language`` is the record's own; where
    there is no text in it, the first language that has one takes its place, because a record's
    language is that of its title.
    """
    filled = {code: pair for code, pair in texts.items() if pair[0] or pair[1]}
    if language not in filled:
        language = next(iter(filled), language)
    title, abstract = filled.pop(language, ("", ""))
    return {
        "language": language,
        "title": title,
        "abstract": abstract,
        "translations": [
            {"language": code, "title": other[0], "abstract": other[1]}
            for code, other in filled.items()
        ],
    }


@cache
def _codes() -> dict[str, str]:
    # CLDR's aliases hold both sets of three-letter codes (fre and fra); its names hold the rest.
    codes = {
        three: two
        for three, two in get_global("language_aliases").items()
        if len(three) == 3 and len(two) == 2
    }
    names = {}
    for display in ("en", "ja"):
        for code, label in Locale(display).languages.items():
            if len(code) == 2:
                names[label.casefold()] = code
    return codes | names | {code: code for code in names.values()}
