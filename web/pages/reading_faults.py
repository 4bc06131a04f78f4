"""Why an item of a file could not be read, in the language of the page."""

import re
from collections.abc import Callable

from web.http.language import gettext


def reading_fault(reason: str) -> str:
    """What readers of formats say of an item, as far as people meet it; else their own words."""
    for pattern, message in _MESSAGES:
        if found := pattern.search(reason):
            return message() % {k: v or "" for k, v in found.groupdict().items()}
    return reason


# Each message is marked for translation where it stands.
_MESSAGES: list[tuple[re.Pattern[str], Callable[[], str]]] = [
    (re.compile(pattern), message)
    for pattern, message in (
        (
            r"title and abstract are both empty",
            lambda: gettext("It has neither a title nor an abstract."),
        ),
        (
            r"no known format; it seems to be (?:an? )?PDF",
            lambda: gettext("This is a PDF. Export the records themselves, as RIS for instance."),
        ),
        (
            r"no known format; it seems to be a Word",
            lambda: gettext(
                "This is a Word document. Export the records themselves, as RIS for instance."
            ),
        ),
        (
            r"no known format; it seems to be a web page",
            lambda: gettext(
                "This is a web page. Export the records themselves, as RIS for instance."
            ),
        ),
        (
            r"no known format",
            lambda: gettext(
                "No format that is known begins like this. Export the records as RIS for instance."
            ),
        ),
        (r"its beginning is missing", lambda: gettext("Its beginning is missing.")),
        (r"its end is missing", lambda: gettext("Its end is missing.")),
        (
            r"^longer than (?P<size>[\d,]+ [KM]iB)",
            lambda: gettext("It is longer than %(size)s: no record is."),
        ),
        (r"not UTF-8", lambda: gettext("Its characters cannot be read (it is not UTF-8).")),
        (r"^not JSON", lambda: gettext("It is not JSON, or damaged.")),
        (r"not BibTeX", lambda: gettext("It is not BibTeX, or damaged.")),
        (r"not well-formed XML", lambda: gettext("It is damaged (not well-formed XML).")),
        (
            r"no (?:sheet has a )?column (?:that )?is known to hold titles",
            lambda: gettext(
                "No column is known to hold titles or abstracts: name the columns in the first row."
            ),
        ),
        (
            r"expands (?:more than )?(?P<times>\d+)-fold",
            lambda: gettext("It unpacks to %(times)s times its size. No literature does."),
        ),
        (
            r"unpacks to more than a workbook",
            lambda: gettext("It unpacks to more than a workbook of literature can hold."),
        ),
        (
            r"more than (?P<n>[\d,]+) members",
            lambda: gettext("The archive holds more than %(n)s files. Divide it."),
        ),
        (
            r"is neither a PMID nor a DOI",
            lambda: gettext("It is neither a PMID nor a DOI."),
        ),
        (
            r"cannot be (?:opened|read)",
            lambda: gettext("It cannot be read: the file is damaged or protected by a password."),
        ),
        (r"nested too deeply", lambda: gettext("It is nested too deeply.")),
        (
            r"(?P<n>\d+) empty rows",
            lambda: gettext("What follows %(n)s empty rows is not read."),
        ),
    )
]
