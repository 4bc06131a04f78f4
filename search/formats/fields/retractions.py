"""What a source says of a record's retraction, to the record's three states."""

import re
from collections.abc import Iterable

from search.records import Retraction

_TITLE = re.compile(
    r"^\W*(?:retracted(?:\s+article)?|撤回|撤回論文|論文撤回)\s*[:：\]】）)]", re.IGNORECASE
)
_KINDS: tuple[tuple[Retraction, re.Pattern[str]], ...] = (
    (
        "retracted",
        re.compile(
            r"^(retract(ed|ion)[\s_]?(publication|article|in)|撤回(論文|された.*)?)$", re.IGNORECASE
        ),
    ),
    (
        "expression of concern",
        re.compile(r"^expression[\s_]?of[\s_]?concern[\s_]?in$", re.IGNORECASE),
    ),
    (
        "corrected",
        re.compile(
            r"^(erratum|correct(ion|ed)[\s_]?(and[\s_]?republished)?)[\s_]?in$", re.IGNORECASE
        ),
    ),
)


def retraction_state(title: str, kinds: Iterable[str] = ()) -> Retraction:
    """The state that a title (``RETRACTED: …``) and kinds of publication or notice tell.

    Only what is said *of* the record counts: ``Retracted Publication``, ``RetractionIn``,
    ``ExpressionOfConcernIn``, ``ErratumIn``. A notice that is itself a retraction
    (``Retraction of Publication``, ``RetractionOf``) is not retracted.
    """
    if _TITLE.match(title):
        return "retracted"
    words = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).strip() for kind in kinds]
    for state, pattern in _KINDS:
        if any(pattern.match(word) for word in words):
            return state
    return ""
