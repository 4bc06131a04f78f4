"""The API as a page to read: every operation with what it takes and gives, from the OpenAPI
document. Written on the server; a page that a library draws would need scripts inside the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template
from flask_openapi3.openapi import OpenAPI

blueprint = Blueprint("reference", __name__)
_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True)
class Field:
    """A parameter, or a property of a schema: ``kind`` as text, ``schemas`` the names in it that
    are described further down."""

    name: str
    kind: str
    schemas: tuple[str, ...]
    required: bool
    description: str


@dataclass(frozen=True)
class Answer:
    """A status that an operation answers with."""

    status: str
    description: str
    media: tuple[str, ...]
    schemas: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """An address and method."""

    name: str
    method: str
    path: str
    summary: str
    deprecated: bool
    parameters: tuple[Field, ...]
    body: Answer | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Schema:
    """What is sent or answered, by name."""

    name: str
    description: str
    fields: tuple[Field, ...]
    kind: str


@blueprint.get("/reference")
def show() -> str:
    """The page."""
    assert isinstance(current_app, OpenAPI)
    document: Mapping[str, Any] = current_app.api_doc
    operations = list(_operations(document["paths"]))
    return render_template(
        "reference.html",
        version=document["info"]["version"],
        groups=[
            (tag["name"], tag["description"], [o for name, o in operations if name == tag["name"]])
            for tag in document["tags"]
        ],
        schemas=[
            _schema(name, schema)
            for name, schema in sorted(document["components"]["schemas"].items())
        ],
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, item in paths.items():
        for method, described in item.items():
            body = described.get("requestBody")
            yield (
                described["tags"][0],
                Operation(
                    name=described["operationId"],
                    method=method.upper(),
                    path=path,
                    summary=described.get("summary", ""),
                    deprecated=described.get("deprecated", False),
                    parameters=tuple(
                        _field(p["name"], p["schema"], p["required"], p.get("description", ""))
                        for p in described.get("parameters", ())
                    ),
                    body=_answer("", body) if body else None,
                    answers=tuple(
                        _answer(status, answer)
                        for status, answer in sorted(described["responses"].items())
                    ),
                ),
            )


def _answer(status: str, described: Mapping[str, Any]) -> Answer:
    content = described.get("content", {})
    schemas = [name for media in content.values() for name in _named(media.get("schema", {}))]
    return Answer(
        status, described.get("description", ""), tuple(content), tuple(dict.fromkeys(schemas))
    )


def _schema(name: str, schema: Mapping[str, Any]) -> Schema:
    required = set(schema.get("required", ()))
    return Schema(
        name,
        schema.get("description", ""),
        tuple(
            _field(field, described, field in required, described.get("description", ""))
            for field, described in schema.get("properties", {}).items()
        ),
        "" if "properties" in schema else _kind(schema),
    )


def _field(name: str, schema: Mapping[str, Any], required: bool, description: str) -> Field:
    return Field(name, _kind(schema), tuple(_named(schema)), required, description)


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if "enum" in schema:
        return " | ".join(repr(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(part) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        parts = schema.get("prefixItems")
        inner = ", ".join(map(_kind, parts)) if parts else _kind(schema.get("items", {}))
        return f"[{inner}]" if parts else f"{inner}[]"
    bounds = [
        f"{sign} {schema[key]:g}"
        for key, sign in (("minimum", "≥"), ("maximum", "≤"))
        if key in schema
    ]
    if "maxLength" in schema:
        bounds.append(f"≤ {schema['maxLength']}")
    if schema.get("default") not in (None, ""):
        bounds.append(f"= {schema['default']}")
    kind = str(schema.get("type", "any"))
    return f"{kind} ({', '.join(bounds)})" if bounds else kind


def _named(schema: Mapping[str, Any]) -> Iterator[str]:
    """The schemas that a schema refers to."""
    if "$ref" in schema:
        yield str(schema["$ref"]).removeprefix(_REFERENCE)
    for key in ("anyOf", "allOf", "prefixItems"):
        for part in schema.get(key, ()):
            yield from _named(part)
    if isinstance(schema.get("items"), Mapping):
        yield from _named(schema["items"])
