"""The desk: everything that lies in one ``collections.db``."""

from dataclasses import dataclass
from pathlib import Path

from web.desk.accounts import Accounts
from web.desk.store import Store


@dataclass(frozen=True)
class Desk:
    """Accounts and collections over one store."""

    store: Store
    accounts: Accounts


def open_desk(path: Path) -> Desk:
    """The desk in the file ``path``, made where there is none.

    Raises:
        StoreError: when the file cannot be used.
    """
    store = Store(path)
    return Desk(store, Accounts(store))
