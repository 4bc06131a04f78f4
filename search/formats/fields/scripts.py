"""What the script of a text says about its language, against what the source says."""

import re

from search.records import guess_language

# Languages whose own texts never stand in Latin letters alone.
_NOT_LATIN = {"ja", "zh", "ko", "ru", "uk", "bg", "sr", "mk", "el", "he", "ar", "fa", "th", "ka"}
_EAST_ASIAN = {"ja", "zh", "ko"}
_SCRIPT_OF_ONE = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uac00-\ud7af]")
_NOT_LATIN_LETTER = re.compile(
    r"[\u0370-\u1cff\u3005-\u3007\u3040-\ud7ff\uf900-\ufaff\uff66-\uff9f]"
)


def text_language(text: str, named: str = "") -> str:
    """The language of a text, as an ISO 639-1 code.

    ``named`` is the code that the source gives, which is often the article's while the title is a
    translation: the script decides where the two can't both be true. A Japanese article's title
    in Latin letters is taken for English.
    """
    if not named:
        return guess_language(text)
    seen = guess_language(text)
    if named in _EAST_ASIAN:
        # Kanji alone may be of either; kana are Japanese, hangul Korean, whoever says otherwise.
        return seen if seen == "en" or _SCRIPT_OF_ONE.search(text) else named
    if named in _NOT_LATIN:
        return named if beyond_latin(text) else "en"
    return named if seen == "en" else seen


def beyond_latin(text: str) -> bool:
    """Whether a text has letters of another script than Latin: Greek, Japanese and so on."""
    return bool(_NOT_LATIN_LETTER.search(text))
