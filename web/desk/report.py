"""What librarians write into the PRISMA-S report of a collection, kept with it."""

from typing import Literal, get_args

from web.desk.history import CollectionError, ConflictError, change
from web.desk.shelf import checked_text, collection
from web.desk.store import Store

# The sixteen items of PRISMA-S (Rethlefsen et al., Systematic Reviews 2021;10:39), in order.
Item = Literal[
    "database name",
    "multi-database searching",
    "study registries",
    "online resources and browsing",
    "citation searching",
    "contacts",
    "others",
    "full search strategies",
    "limits and restrictions",
    "search filters",
    "prior work",
    "updates",
    "dates of searches",
    "peer review",
    "total records",
    "deduplication",
]
ITEMS: tuple[Item, ...] = get_args(Item)


def answers(store: Store, number: int) -> dict[Item, str]:
    """What was written to each item; what is missing is still blank.

    Raises:
        UnknownError: when there is no such collection.
    """
    collection(store, number)
    rows = store.connection.execute(
        "select heading, text from report_answers where collection = ?", [number]
    )
    return {row["heading"]: row["text"] for row in rows if row["heading"] in ITEMS}


def answer(
    store: Store, who: str, number: int, item: Item, text: str, seen: str | None = None
) -> None:
    """Write to an item; an empty text leaves it blank. ``seen`` is what stood there before.

    Raises:
        UnknownError: when there is no such collection. CollectionError: when there is no such item.
        ConflictError: when someone else has written to it since.
    """
    if item not in ITEMS:
        raise CollectionError(f"PRISMA-S has no item {item!r}; it has {', '.join(ITEMS)}")
    text = checked_text(text)
    with change(store, who, "answer report", number, item=item) as opened:
        current = answers(store, number).get(item, "")
        if seen is not None and checked_text(seen) != current and current != text:
            raise ConflictError("someone else has written to this item in between", current)
        if text == current:
            return
        if text:
            opened.db.execute(
                "insert into report_answers (collection, heading, text) values (?, ?, ?) "
                "on conflict (collection, heading) do update set text = excluded.text",
                [number, item, text],
            )
        else:
            opened.db.execute(
                "delete from report_answers where collection = ? and heading = ?", [number, item]
            )
