"""The parameters of CiNii Research's OpenSearch, with their meaning there.

https://support.nii.ac.jp/en/cir/r_opensearch: what is no natural number counts as the default, and
more than 200 as 200. ``appid`` is taken, and asked of nobody. What libraries cannot answer
(``affiliation``, ``hasLinkToFullText`` …) is refused: without it the set would be too large.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from search.exact import Sort, ThesaurusUse, quoted
from search.ranked.engine import MAX_QUERY

MOST = 200
_USUAL = 20
_LAST_START = 10_000_000
Format = Literal["html", "rss", "atom", "json"]
# CiNii's 10 sorts by citations, which libraries do not know: its default stands in.
_SORTS: dict[str, Sort] = {"0": "year", "1": "year-ascending", "4": "relevance"}
_MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])?")


def _count(value: Any) -> int:
    number = int(value) if str(value).isascii() and str(value).isdigit() else 0
    return min(number, MOST) or _USUAL


def _start(value: Any) -> int:
    number = int(value) if str(value).isascii() and str(value).isdigit() else 0
    return min(number, _LAST_START) or 1


def _sort(value: Any) -> Sort:
    return _SORTS.get(str(value), "relevance")


def _month(value: Any) -> str:
    if value in ("", None):
        return ""
    if not _MONTH.fullmatch(str(value)):
        raise ValueError("should be YYYY or YYYYMM")
    return str(value)


_Value = Annotated[str, Field(max_length=1000)]


class OpenSearchParameters(BaseModel):
    """What is asked of ``/opensearch``: a query, or a part of a record that is looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: str = Field("", max_length=MAX_QUERY)
    title: _Value = ""
    creator: _Value = ""
    journal: _Value = Field("", alias="publicationTitle")
    issn: _Value = ""
    doi: _Value = ""
    format: Format = "html"
    count: Annotated[int, BeforeValidator(_count)] = _USUAL
    start: Annotated[int, BeforeValidator(_start)] = 1
    sort: Annotated[Sort, BeforeValidator(_sort)] = Field("relevance", alias="sortorder")
    since: Annotated[str, BeforeValidator(_month)] = Field("", alias="from")
    until: Annotated[str, BeforeValidator(_month)] = ""
    # As the searches are that were asked for before there was a thesaurus.
    thesaurus: ThesaurusUse = "none"
    appid: str = ""
    lang: str = ""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.words():
            raise ValueError("say what is looked for: q, title, creator, publicationTitle …")
        return self

    def words(self) -> str:
        """What is looked for, without the months, as an expression of exact search."""
        # Words of a title may be joined as those of a query; a name or a number is one value.
        parts = [self.q.strip(), f"({self.title})[ti]" if self.title.strip() else ""]
        values = ((self.creator, "au"), (self.journal, "ta"), (self.issn, "is"), (self.doi, "doi"))
        parts += [f"{quoted(value)}[{code}]" for value, code in values if value.strip()]
        given = [part for part in parts if part]
        return given[0] if len(given) == 1 else " AND ".join(f"({part})" for part in given)

    def expression(self) -> str:
        """What is looked for and the months as one expression of exact search."""
        if not self.since and not self.until:
            return self.words()
        first, last = _written(self.since or "1000"), _written(self.until or "2999")
        return f"({self.words()}) AND {first}:{last}[dp]"


def _written(month: str) -> str:
    return f"{month[:4]}/{month[4:]}" if len(month) > len("YYYY") else month
