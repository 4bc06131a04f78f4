"""Titles and abstracts as NLM has them, the same for PubMed XML and MEDLINE text.

The title of an article in another language is NLM's English translation, in brackets, and the
abstract is English; the original title (``VernacularTitle``, ``TT``) and further abstracts
(``OtherAbstract``, ``OAB``) stand beside them, where there are any.
"""

from collections.abc import Iterable
from typing import Any

from search.formats.fields.languages import language_code, side_by_side
from search.formats.fields.markup import present
from search.formats.fields.scripts import beyond_latin, text_language
from search.records import guess_language


def nlm_texts(
    languages: Iterable[str],
    title: str,
    vernacular: str,
    abstract: str,
    others: Iterable[tuple[str, str]],
) -> dict[str, Any]:
    """Title, abstract, language and translations of a record.

    ``languages`` are the article's, as NLM names them (``jpn``); ``others`` are further abstracts,
    each after its language. ``vernacular`` is the original title.
    """
    named = list(filter(None, map(language_code, languages)))
    title, vernacular, abstract = map(present, (title, vernacular, abstract))
    further = [(language_code(name), present(text)) for name, text in others]
    language = named[0] if named else guess_language(vernacular or title or abstract)
    english = unbracketed(title)
    texts: dict[str, tuple[str, str]] = {}
    if language != "en" and (
        english != title
        # Publishers leave the brackets out.
        or (vernacular and not beyond_latin(title or abstract) and {language} >= _codes(further))
    ):
        texts[language] = (vernacular, "")
        texts["en"] = ("" if english == vernacular else english, abstract)
    else:
        own = text_language(title or abstract, language)
        texts[own] = (title, abstract)
        if vernacular and vernacular != title:
            known = (code for code in [*named, *_codes(further)] if code != own)
            code = text_language(vernacular, next(known, ""))
            # German and English can't be told apart by script: "und" is undetermined.
            texts[code if code != own else "und"] = (vernacular, "")
    for code, text in further:
        code = text_language(text, code)
        known_title, known_abstract = texts.get(code, ("", ""))
        # A second abstract in the same language is a summary for laypeople or an older one.
        texts[code] = (known_title, known_abstract or text)
    return side_by_side(language, texts)


def _codes(further: Iterable[tuple[str, str]]) -> set[str]:
    return {code for code, _ in further if code}


def unbracketed(title: str) -> str:
    """``[A case of gout.]`` and ``[A case of gout].`` without their brackets; others unchanged."""
    inner = title.removesuffix(".").strip()
    if not (inner.startswith("[") and inner.endswith("]")):
        return title
    depth = 0
    for at, character in enumerate(inner):
        depth += (character == "[") - (character == "]")
        if depth == 0 and at < len(inner) - 1:
            return title
    return inner[1:-1].strip() + ("." if title.endswith(".") else "")
