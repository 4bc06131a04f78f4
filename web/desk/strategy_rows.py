"""Rows of a strategy that come from elsewhere: refused where they could not be shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Json, ValidationError

from search.exact import ExactSyntaxError
from web.desk.history import CollectionError
from web.desk.id_lists import found_hash
from web.desk.strategy_answers import read_filters, references


def check_strategy(
    rows: Sequence[Mapping[str, Any]],
    run_rows: Sequence[Mapping[str, Any]],
    found: Mapping[str, Sequence[str]],
    name: str,
) -> None:
    """Refuse rows of searches and their runs that could not be shown; ``found`` are the lists that
    they name, ``name`` is the file's.

    Raises:
        CollectionError: naming the search.
    """
    for digest, ids in found.items():
        if found_hash(ids) != digest:
            raise CollectionError(f"{name}: what was found as {digest!r} is not what was kept so")
    of: dict[Any, list[Mapping[str, Any]]] = {}
    for row in run_rows:
        of.setdefault(row.get("search"), []).append(row)
    for row in rows:
        mark = f"{name}: search #{row.get('number')}"
        if row.get("id") not in of:
            raise CollectionError(f"{mark} was never run")
        try:
            read_filters(str(row.get("filters")))
            for one in of[row["id"]]:
                run = _Written.model_validate(one)
                if len(found[run.found]) != run.count:
                    raise CollectionError(f"{mark}: a run counts {run.count} and found others")
            if row.get("syntax") == "combination":
                references(str(row.get("query")))
        except KeyError as error:
            raise CollectionError(f"{mark}: what it found is missing") from error
        except (ExactSyntaxError, ValidationError) as error:
            raise CollectionError(f"{mark} cannot be read: {error}") from error


class _Written(BaseModel):
    """What of a run's row must be right for it to be shown."""

    at: datetime
    generation_created: str
    count: int
    found: str
    parts: Json[dict[int, int]]
    frozen: Json[tuple[int, ...]]
