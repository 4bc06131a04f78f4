"""Fictional works that simulated sources hold: how they are numbered, changed and taken back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

FIRST_DAY = date(2020, 1, 1)


@dataclass
class Work:
    """A work. ``found`` says whether a query finds it; ``revision`` counts its changes."""

    number: int
    created: date
    changed: date
    revision: int = 0
    withdrawn: bool = False
    found: bool = True
    abstract: bool = True
    cites: tuple[int, ...] = field(default=())

    @property
    def pmid(self) -> str:
        return str(30_000_000 + self.number)

    @property
    def doi(self) -> str:
        return f"10.5555/sim.{self.number}"

    @property
    def year(self) -> int:
        return self.created.year

    @property
    def title(self) -> str:
        told = f", revised {self.revision} times" if self.revision else ""
        return f"Imagined disease {self.number} and its fictional treatment{told}"

    @property
    def text(self) -> str:
        return f"Nobody was treated for imagined disease {self.number}." if self.abstract else ""


@dataclass
class Shelf:
    """The works of a source, which tests change."""

    works: dict[int, Work]

    @classmethod
    def of(cls, count: int, per_day: int = 20) -> "Shelf":
        """So many works, some on each day since the first."""
        return cls(
            {n: _work(n, FIRST_DAY + timedelta(days=n // per_day)) for n in range(1, count + 1)}
        )

    def add(self, number: int, day: date) -> None:
        self.works[number] = _work(number, day)

    def change(self, numbers: Iterable[int], day: date) -> None:
        for number in numbers:
            self.works[number].revision += 1
            self.works[number].changed = day

    def withdraw(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.works[number].withdrawn = True

    def there(self) -> list[Work]:
        """The works that were not taken back, by number."""
        return [w for _, w in sorted(self.works.items()) if not w.withdrawn]

    def answering(self) -> list[Work]:
        """The works that a query finds."""
        return [work for work in self.there() if work.found]


def _work(number: int, day: date) -> Work:
    return Work(number, day, day)
