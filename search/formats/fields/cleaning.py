"""One cleaning of every text of a record, whatever format it comes from."""

from collections.abc import Iterable, Mapping
from typing import Any

from search.formats.fields.markup import (
    BEGINS_NOTHING,
    LONGEST_NOTHING,
    plain_text,
    present,
    something,
)
from search.formats.fields.places import issue_of, number_of, pages_of

_LINES = ("journal", "date", "language", "doi", "pmid", "pmcid", "ichushi_id", "url", "issn")


def cleaned(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record without markup, entities and words for nothing, with volume, issue
    and pages as numbers."""
    fields = dict(data)
    fields["title"] = _text(data.get("title", ""))
    fields["abstract"] = _text(data.get("abstract", ""))
    for name in _LINES:
        if value := data.get(name):
            fields[name] = _word(value)
    fields["volume"] = number_of(data.get("volume", ""))
    fields["issue"] = issue_of(data.get("issue", ""))
    fields["pages"] = pages_of(data.get("pages", ""))
    for name in ("keywords", "publication_types"):
        fields[name] = _listed(data.get(name, ()))
    fields["authors"] = [
        {"family": _word(a["family"]) or a["family"], "given": _word(a["given"])}
        for a in data.get("authors", ())
        if a["given"] or _word(a["family"])
    ]
    if headings := data.get("headings"):
        fields["headings"] = list(map(_heading, headings))
    if translations := data.get("translations"):
        fields["translations"] = [
            {**t, "title": _text(t.get("title", "")), "abstract": _text(t.get("abstract", ""))}
            for t in translations
        ]
    return fields


def _text(text: str) -> str:
    return present(plain_text(text)) if text else ""


def _word(text: str) -> str:
    # Most need nothing, and are told by this.
    if "&" in text or "<" in text:
        text = plain_text(text)
    if len(text) > LONGEST_NOTHING or text[:1] not in BEGINS_NOTHING:
        return text
    return something(text)


def _heading(heading: Mapping[str, Any]) -> Mapping[str, Any]:
    descriptor, qualifier = heading["descriptor"], heading.get("qualifier", "")
    if "&" not in descriptor and "<" not in descriptor and "&" not in qualifier:
        return heading
    # Qualifiers have signs of their own: prevention & control.
    return {**heading, "descriptor": plain_text(descriptor), "qualifier": plain_text(qualifier)}


def _listed(words: Iterable[str]) -> list[str]:
    if not words:
        return []
    return list(dict.fromkeys([cleaned for word in words if (cleaned := _word(word))]))
