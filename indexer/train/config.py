"""A training run is one YAML file and a seed: read into a frozen dataclass, kept with the model."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

Config = TypeVar("Config")


class ConfigError(ValueError):
    """A configuration that cannot be used: names the file, the key and what it should be."""


def read_config(
    file: Path | None, kind: type[Config], given: Mapping[str, Any] | None = None
) -> Config:
    """The configuration of ``file`` as a ``kind``, a frozen dataclass; absent keys have its
    defaults, and paths are taken from the folder of the file. What is ``given`` beside the file
    wins.

    Raises:
        ConfigError: for a file that is no YAML mapping, a key that does not exist, is missing or
            holds a value of another type.
    """
    given = given or {}
    if file is None:
        return kind(**given)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: cannot be read ({error})") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: expected keys and values")
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    unknown = sorted(str(key) for key in data if key not in known)
    if unknown:
        raise ConfigError(f"{file}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
    missing = [
        name
        for name, field in known.items()
        if name not in data
        and name not in given
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"{file}: the key {missing[0]!r} is missing")
    read = {k: _converted(file, k, v, hints[k]) for k, v in data.items()}
    return kind(**{**read, **given})


def write_config(config: Any, file: Path) -> None:
    """Write a configuration so that :func:`read_config` reads the same again."""
    data = {f.name: _plain(getattr(config, f.name)) for f in dataclasses.fields(config)}
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def _converted(file: Path, key: str, value: Any, hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        if value is None and type(None) in arguments:
            return None
        return _converted(file, key, value, next(a for a in arguments if a is not type(None)))
    if origin is tuple and isinstance(value, list):
        return tuple(_converted(file, key, item, arguments[0]) for item in value)
    if origin is typing.Literal and value in arguments:
        return value
    if hint is Path and isinstance(value, str):
        return (file.parent / Path(value).expanduser()).resolve()
    if hint is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            # YAML reads 1e-4 as text.
            return float(value)
        except ValueError:
            pass
    elif isinstance(hint, type) and type(value) is hint:
        return value
    expected = f"one of {', '.join(map(str, arguments))}" if origin is typing.Literal else hint
    name = getattr(expected, "__name__", expected)
    raise ConfigError(f"{file}: {key} is {value!r}; it should be {name}")
