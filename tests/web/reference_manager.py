"""How reference managers read a page: by the rules of Zotero's translators, as far as they matter.

https://github.com/zotero/translators (Embedded Metadata.js, COinS.js): a name is cut at its comma
into family and given; without one at its last blank, given before family; without a blank it is an
organisation.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.web.page import Page


@dataclass
class Item:
    """What the reference manager keeps; creators are (family, given)."""

    title: str
    creators: list[tuple[str, str]]
    fields: dict[str, str]


def read_record(page: Page) -> Item:
    """The item that a page's ``citation_`` tags describe."""
    tags: dict[str, list[str]] = {}
    for meta in page.all("meta"):
        if meta.get("name", "").startswith("citation_"):
            tags.setdefault(meta["name"].removeprefix("citation_"), []).append(meta["content"])
    names = tags.pop("author", [])
    (title,) = tags.pop("title")
    return Item(title, [_creator(n) for n in names], {k: "; ".join(v) for k, v in tags.items()})


def read_list(page: Page) -> list[Item]:
    """The items that a page's ContextObjects describe."""
    return [_from_context(span["title"]) for span in page.all("span", **{"class": "Z3988"})]


def _from_context(context: str) -> Item:
    found = parse_qs(context, strict_parsing=True)
    assert found["ctx_ver"] == ["Z39.88-2004"]
    assert found["rft_val_fmt"] == ["info:ofi/fmt:kev:mtx:journal"]
    creators = [_creator(name) for name in found.pop("rft.au", [])]
    (title,) = found.pop("rft.atitle")
    fields = {name.removeprefix("rft."): "; ".join(values) for name, values in found.items()}
    return Item(title, creators, fields)


def _creator(name: str) -> tuple[str, str]:
    if "," in name:
        family, given = name.split(",", 1)
        return family.strip(), given.strip()
    given, _, family = name.rpartition(" ")
    return family, given
