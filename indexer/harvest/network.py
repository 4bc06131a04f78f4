"""What the institution allows: which sources may be asked, by whom, through which proxy.

Nothing is sent unless ``JMEDSEARCH_NETWORK`` names a file that says so (docs/harvesting.md). It is
TOML, for its texts have quotation marks: a key of digits stays a text.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from indexer.harvest.harvest_errors import NetworkError

SETTING = "JMEDSEARCH_NETWORK"
SourceName = Literal[
    "pubmed", "europe-pmc", "crossref", "openalex", "clinical-trials", "cinii", "jstage"
]
SOURCE_NAMES: tuple[SourceName, ...] = get_args(SourceName)


class _SourceTable(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: SecretStr = SecretStr("")
    key_file: Path | None = None
    base: str = ""
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None


class _NetworkFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    contact: str = Field(pattern=r"^[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+$", max_length=200)
    sources: list[SourceName]
    proxy: str = ""
    certificates: Path | None = None


@dataclass(frozen=True)
class SourceSettings:
    """How one source is asked: the institution's ``key`` there, and the address of a mirror and the
    pace that it bears, where it is not the source itself."""

    key: str = field(default="", repr=False)
    base: str = ""
    requests_per_second: float | None = None


@dataclass(frozen=True)
class Network:
    """Which sources may be asked. ``contact`` is the address that they get; ``proxy`` and
    ``certificates`` are empty where the environment and the system say them."""

    contact: str
    sources: tuple[SourceName, ...]
    settings: dict[SourceName, SourceSettings]
    proxy: str = ""
    certificates: Path | None = None

    def of(self, source: SourceName) -> SourceSettings:
        """The settings of a source that may be asked.

        Raises:
            NetworkError: when it may not.
        """
        if source not in self.sources:
            allowed = ", ".join(self.sources) or "none"
            raise NetworkError(
                f"{source} is not among the sources that this institution allows ({allowed}); "
                f"whoever runs jmedsearch adds it to sources in the file that {SETTING} names"
            )
        return self.settings[source]


def read_network(file: Path | None) -> Network:
    """The settings in a file.

    Raises:
        NetworkError: where there is none, which is how it is switched off, or it is wrong.
    """
    if file is None:
        raise NetworkError(
            "jmedsearch asks nobody unless the institution has switched that on: a file says which "
            f"sources may be asked, and {SETTING} names the file (docs/harvesting.md)"
        )
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NetworkError(f"{file}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NetworkError(f"{file}: no TOML ({error})") from error
    tables = {name: told.pop(name) for name in SOURCE_NAMES if name in told}
    try:
        whole = _NetworkFile.model_validate(told)
        each = {name: _SourceTable.model_validate(table) for name, table in tables.items()}
    except ValidationError as error:
        raise NetworkError(f"{file}: {_first_fault(error)}") from error
    if whole.proxy:
        _check_address(file, "proxy", whole.proxy)
    return Network(
        whole.contact,
        tuple(dict.fromkeys(whole.sources)),
        {name: _settings(file, name, each.get(name, _SourceTable())) for name in SOURCE_NAMES},
        whole.proxy,
        whole.certificates,
    )


def _settings(file: Path, name: str, table: _SourceTable) -> SourceSettings:
    key = table.key.get_secret_value()
    if table.key_file is not None:
        try:
            key = (file.parent / table.key_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NetworkError(f"{file}: the key_file of {name} cannot be read") from error
    if not key.isprintable() or " " in key:
        raise NetworkError(f"{file}: the key of {name} is no key: it has blanks or line ends")
    if table.base:
        _check_address(file, f"base of {name}", table.base)
    elif table.requests_per_second is not None:
        raise NetworkError(
            f"{file}: requests_per_second of {name} is for a mirror alone, which base names; the "
            "source itself is asked as its terms have it"
        )
    return SourceSettings(key, table.base.rstrip("/"), table.requests_per_second)


def _check_address(file: Path, what: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise NetworkError(f"{file}: {what} is no address: https://HOST[:PORT][/PATH]")


def _first_fault(error: ValidationError) -> str:
    """What is wrong, without the value, which may be a key."""
    fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"{where} is no setting"
    return f"{where}: {fault['msg']}"
