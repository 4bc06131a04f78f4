"""One cleaning of every text of a record, whatever format it comes from."""

from collections.abc import Iterable, Mapping
from typing import Any

from search.formats.fields.markup import LONGEST_NOTHING, plain_text, present, something
from search.formats.fields.places import issue_of, number_of, pages_of

_LINES = ("journal", "date", "language", "doi", "pmid", "ichushi_id", "url", "issn")


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
    fields["translations"] = [
        {**t, "title": _text(t.get("title", "")), "abstract": _text(t.get("abstract", ""))}
        for t in data.get("translations", ())
    ]
    return fields


def _text(text: str) -> str:
    return present(plain_text(text)) if text else ""


def _word(text: str) -> str:
    # Most need nothing, and are told by this.
    if "&" in text or "<" in text:
        text = plain_text(text)
    return text if len(text) > LONGEST_NOTHING else something(text)


def _listed(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([cleaned for word in words if (cleaned := _word(word))]))
