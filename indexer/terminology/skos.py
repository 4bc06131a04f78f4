"""Reads SKOS (W3C, Simple Knowledge Organization System, 2009) in Turtle, RDF/XML or JSON-LD.

RDF is read by rdflib, which is pure Python and the usual library for it; it belongs to the extra
``skos``. A file may be anybody's: entities that are made of entities or lie elsewhere are refused,
nothing is fetched (a context of JSON-LD has to stand in the file), and its size is bounded, for a
graph is held in memory whole.
"""

import json
import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO, Literal

from indexer.terminology.statements import Named, Statement
from search.extras import how_to_install
from search.formats.syntax.read_items import Rejected
from search.terminology.concepts import LabelKind, Language

Syntax = Literal["turtle", "xml", "json-ld"]
# The scheme of a concept's address, as a notation.
ADDRESS = "URI"
LARGEST = 300_000_000
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_DEPRECATED = "http://www.w3.org/2002/07/owl#deprecated"
_LABELS: tuple[tuple[str, LabelKind], ...] = (
    ("prefLabel", "preferred"),
    ("altLabel", "exact"),
    ("hiddenLabel", "spelling"),
)
# JJ, DVT, eGFR: what is made of first letters.
_ABBREVIATION = re.compile(r"[A-Za-z]?[A-Z0-9-]{2,6}s?")
_ENTITY = re.compile(rb"<!ENTITY\s+%|<!ENTITY\s+\S+\s+(?:SYSTEM|PUBLIC|\"[^\"]*&|'[^']*&)")
_PROLOG = 1_000_000
_LONGEST_NOTE = 4000
# Brackets in brackets: a reader of JSON or Turtle goes down into each.
_DEEPEST = 100


def syntax_of(head: bytes, name: str) -> Syntax | None:
    """The syntax in which a file seems to be SKOS, by its beginning and its name; None where it
    seems to be no RDF."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.search(rb"<(?:[\w.-]+:)?RDF[\s>]", head):
        return "xml"
    if start[:1] in (b"{", b"["):
        return "json-ld"
    if name.lower().endswith((".ttl", ".nt")) or re.match(rb"(?i)@?(?:prefix|base)\s+\S", start):
        return "turtle"
    return None


def read_skos(stream: BinaryIO, syntax: Syntax) -> Iterator[Statement | Rejected]:
    """What each concept says.

    Raises:
        ValueError: for a file that is no RDF, is too large, or asks for what lies elsewhere; when
            rdflib is not installed.
    """
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"the file has more than {LARGEST:,} bytes: divide it")
    graph = _graph(content, syntax)
    rdf = import_module("rdflib")
    term = rdf.URIRef

    def objects(subject: Any, name: str) -> list[Any]:
        return sorted(graph.objects(subject, term(_SKOS + name)), key=str)

    concepts = set(graph.subjects(rdf.RDF.type, term(_SKOS + "Concept")))
    concepts |= set(graph.subjects(term(_SKOS + "prefLabel"), None))
    for concept in sorted(concepts, key=str):
        if any(str(o).lower() == "true" for o in graph.objects(concept, term(_DEPRECATED))):
            continue
        labels: list[Named] = []
        for name, kind in _LABELS:
            labels += [named for o in objects(concept, name) if (named := _label(o, kind))]
        if not labels:
            yield Rejected(str(concept), "the concept has no label in Japanese or English")
            continue
        above = [*objects(concept, "broader"), *objects(concept, "broaderGeneric")]
        above += graph.subjects(term(_SKOS + "narrower"), concept)
        notes = [*objects(concept, "scopeNote"), *objects(concept, "definition")]
        yield Statement(
            tuple(labels),
            (
                (ADDRESS, str(concept)),
                *(("notation", str(code)) for code in objects(concept, "notation")),
            ),
            broader_codes=tuple(dict.fromkeys((ADDRESS, str(one)) for one in above)),
            notes=tuple(
                (" ".join(str(note).split())[:_LONGEST_NOTE], language)
                for note in notes
                if (language := _language(note)) and str(note).strip()
            ),
        )


def _graph(content: bytes, syntax: Syntax) -> Any:
    try:
        rdf = import_module("rdflib")
    except ImportError as error:
        raise ValueError(
            f"the package that reads SKOS is missing: {how_to_install('skos')}"
        ) from error
    _refuse_hostile(content, syntax)
    graph = rdf.Graph()
    try:
        with warnings.catch_warnings():
            # rdflib's parser of JSON-LD uses what rdflib itself is about to leave behind.
            warnings.simplefilter("ignore", DeprecationWarning)
            graph.parse(data=content, format=syntax)
    except RecursionError as error:
        raise ValueError("brackets are nested too deeply") from error
    # Each of rdflib's parsers has errors of its own, which say where.
    except Exception as error:
        told = " ".join(str(error).split())[:300]
        raise ValueError(f"this cannot be read as {_NAMES[syntax]}: {told}") from error
    return graph


_NAMES: dict[Syntax, str] = {"turtle": "Turtle", "xml": "RDF/XML", "json-ld": "JSON-LD"}


def _refuse_hostile(content: bytes, syntax: Syntax) -> None:
    """Raise for what would cost or fetch more than the file holds."""
    if syntax == "xml":
        if _ENTITY.search(content[:_PROLOG]) or b"<!ENTITY" in content[_PROLOG:]:
            raise ValueError("it defines entities by other entities or files: write them out")
        return
    if _too_deep(content):
        raise ValueError("brackets are nested too deeply")
    if syntax == "json-ld":
        try:
            read = json.loads(content)
        except ValueError as error:
            raise ValueError(f"this is no JSON: {error}") from error
        if _asks_elsewhere(read):
            raise ValueError(
                "its @context lies elsewhere and is not fetched: write it into the file"
            )


def _too_deep(content: bytes) -> bool:
    depth = 0
    # Brackets in strings count too: no sound file has so many of them.
    for sign in re.finditer(rb"[\[({]|[\])}]", content):
        depth = max(0, depth + (1 if sign.group() in b"[({" else -1))
        if depth > _DEEPEST:
            return True
    return False


def _asks_elsewhere(read: Any) -> bool:
    left = [read]
    while left:
        found = left.pop()
        if isinstance(found, list):
            left += found
        elif isinstance(found, dict):
            if "@import" in found:
                return True
            context = found.get("@context")
            several = context if isinstance(context, list) else [context]
            if any(isinstance(one, str) for one in several):
                return True
            left += found.values()
    return False


def _label(literal: Any, kind: LabelKind) -> Named | None:
    text = " ".join(str(literal).split())
    language = _language(literal)
    if not text or language is None:
        return None
    if kind == "exact" and _ABBREVIATION.fullmatch(text):
        kind = "abbreviation"
    return text, language, kind


def _language(literal: Any) -> Language | None:
    """Japanese or English by the tag; by its letters where there is none; else None: readings in
    kana (ja-Hrkt) are no names."""
    tag = (getattr(literal, "language", None) or "").lower()
    if not tag:
        return "en" if str(literal).isascii() else "ja"
    if tag.split("-")[0] == "en":
        return "en"
    return "ja" if tag in {"ja", "ja-jp", "ja-jpan", "ja-hani"} else None
