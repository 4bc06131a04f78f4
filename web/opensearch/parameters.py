"""The parameters of CiNii Research's OpenSearch, with their meaning there.

https://support.nii.ac.jp/en/cir/r_opensearch: what is no natural number counts as the default, and
more than 200 as 200. ``appid`` is taken, and asked of nobody.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from search.engine import MAX_QUERY
from search.exact import Sort

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


class OpenSearchParameters(BaseModel):
    """What is asked of ``/opensearch``."""

    model_config = ConfigDict(frozen=True)

    q: str = Field(min_length=1, max_length=MAX_QUERY)
    format: Format = "html"
    count: Annotated[int, BeforeValidator(_count)] = _USUAL
    start: Annotated[int, BeforeValidator(_start)] = 1
    sort: Annotated[Sort, BeforeValidator(_sort)] = Field("relevance", alias="sortorder")
    since: Annotated[str, BeforeValidator(_month)] = Field("", alias="from")
    until: Annotated[str, BeforeValidator(_month)] = ""

    def expression(self) -> str:
        """The query and the months as one expression of exact search."""
        if not self.since and not self.until:
            return self.q
        first, last = _written(self.since or "1000"), _written(self.until or "2999")
        return f"({self.q}) AND {first}:{last}[dp]"


def _written(month: str) -> str:
    return f"{month[:4]}/{month[4:]}" if len(month) > len("YYYY") else month
