"""WHO's ICTRP as XML, in two layouts: what its search portal exports, and what registers give it.

jRCT and UMIN-CTR are among the registers.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_of
from search.formats.fields.identifiers import trial_id_of
from search.formats.fields.languages import language_of, side_by_side
from search.formats.fields.markup import plain_text, something
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.xml_records import read_elements, text_at, texts_at
from search.records import guess_language

_MARKS = (
    re.compile(rb"<Trial[\s>].*<TrialID>", re.DOTALL),
    re.compile(rb"<trial[\s>].*<(?:trial_id|public_title)>", re.DOTALL),
)
# The Japanese network of registers before the number of one of them.
_NETWORK = re.compile(r"^JPRN-(?=\S)")
_BETWEEN = re.compile(r"\s*[;；]\s*|\s*\n\s*")


def recognises(head: bytes) -> bool:
    """A trial with its number, in either layout."""
    return any(mark.search(head) for mark in _MARKS)


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; a broken one is a :class:`Rejected`."""
    for found in read_elements(stream, ("Trial", "trial")):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        number = _number(text_at(element, "TrialID", "main/trial_id"))
        yield record_or_rejected(place, _fields(element, number), "trial", number)


def _number(text: str) -> str:
    return _NETWORK.sub("", text.strip())


def _fields(trial: etree._Element, number: str) -> dict[str, Any]:
    scientific = _text(trial, "Scientific_title", "main/scientific_title")
    public = _text(trial, "Public_title", "main/public_title")
    title = scientific or public
    parts = (
        ("Public title", public if public != title else ""),
        ("Condition", _text(trial, "Condition", "main/hc_freetext")),
        ("Intervention", _text(trial, "Intervention", "main/i_freetext")),
        ("Primary outcome", _text(trial, "Primary_outcome", "primary_outcome/prim_outcome")),
        ("Study design", _text(trial, "Study_design", "main/study_design")),
    )
    told = [(name, text) for name, text in parts if text]
    texts: dict[str, tuple[str, str]] = {}
    for name, text in told:
        # UMIN and jRCT give some fields in both languages, one after the other.
        code = guess_language(text)
        before = texts.get(code, ("", ""))[1]
        texts[code] = ("", "\n".join(filter(None, (before, f"{name}: {text}"))))
    language = language_of("", title)
    texts[language] = (title, texts.get(language, ("", ""))[1])
    if public and (code := guess_language(public)) != language:
        texts[code] = (public, texts[code][1].removeprefix(f"Public title: {public}").strip())
    others = [
        part
        for path in ("Secondary_ID", "SecondaryID", "secondary_ids/secondary_id/sec_id")
        for text in texts_at(trial, path)
        for part in _BETWEEN.split(text)
    ]
    ids = [number, *(_number(i) for i in others if trial_id_of(_number(i)))]
    kind = _text(trial, "Study_type", "main/study_type")
    sponsor = _text(trial, "Primary_sponsor", "Primary_Sponsor", "main/primary_sponsor")
    conditions = _BETWEEN.split(_text(trial, "Condition", "main/hc_freetext"))
    return {
        **side_by_side(language, texts),
        "authors": [{"family": sponsor, "given": ""}] if sponsor else [],
        "journal": _text(trial, "Source_Register", "main/reg_name"),
        "date": max(
            date_of(text_at(trial, "Date_registration3")),
            date_of(text_at(trial, "Date_registration", "main/date_registration")),
            key=len,
        ),
        "url": text_at(trial, "web_address", "main/url"),
        "keywords": [word for word in conditions if 0 < len(word) <= 100],
        "publication_types": ["Clinical Trial Protocol", *([kind] if kind else [])],
        "trial_ids": list(dict.fromkeys(filter(None, ids))),
    }


def _text(trial: etree._Element, *paths: str) -> str:
    # The portal writes tags of HTML as text.
    return something(" ".join(plain_text(text_at(trial, *paths)).split()))
