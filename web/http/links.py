"""Links out of the installation: only to the web, whatever a record says."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from search.records import Record
from web.desk.addresses import is_web_address

# What stands for the ContextObject in the address of a link resolver.
OPENURL = "{openurl}"


@dataclass(frozen=True)
class OutwardLink:
    """Where a record can be read elsewhere."""

    kind: Literal["doi", "pubmed", "url"]
    address: str


def outward_links(record: Record) -> tuple[OutwardLink, ...]:
    """The record's own places on the web, the most lasting first."""
    found = []
    if record.doi:
        # A DOI may hold <, # or quotes (SICI); the handle system wants them percent-encoded.
        found.append(OutwardLink("doi", "https://doi.org/" + quote(record.doi, safe="/:;()._-")))
    if record.pmid.isascii() and record.pmid.isdigit():
        found.append(OutwardLink("pubmed", f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/"))
    if record.url and is_web_address(record.url):
        found.append(OutwardLink("url", record.url))
    return tuple(found)


def resolver_template(address: str) -> str:
    """The address of an institution's link resolver, with ``{openurl}`` where the ContextObject
    goes: at the end of the query where ``address`` does not say.

    Raises:
        ValueError: for what is no address on the web.
    """
    if not is_web_address(address):
        raise ValueError(f"{address!r} is no http or https address")
    if OPENURL in address:
        return address
    joint = "" if address[-1] in "?&" else "&" if "?" in address else "?"
    return f"{address}{joint}{OPENURL}"
