"""Reading a page in a test."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page(HTMLParser):
    """What a test looks for in a page."""

    html: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            a for t, a in self.tags if t == tag and all(a.get(k) == v for k, v in wanted.items())
        ]

    def hits(self) -> list[str]:
        """Links to records, without the examples of suggestions."""
        return [
            a["href"]
            for a in self.all("a")
            if a.get("href", "").startswith("/records/") and a.get("class") != "example"
        ]

    def links(self, start: str) -> list[str]:
        return [a["href"] for a in self.all("a") if a.get("href", "").startswith(start)]
