"""Reads MeSH as NLM publishes it: descriptor and supplementary records in XML.

Of a descriptor the terms of its preferred concept count; those of its other concepts mean something
narrower or related, and stand under the same heading only for want of their own. A descriptor lies
under those whose tree numbers are its own less the last part, a supplementary record under the
descriptors that it is mapped to. Qualifiers and scope notes are not kept.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from lxml import etree

from indexer.terminology.statements import Named, Statement
from search.formats.syntax.read_items import Rejected
from search.formats.syntax.xml_records import read_elements, text_at, texts_at
from search.terminology.concepts import TREE_NUMBER, LabelKind

_DESCRIPTOR, _SUPPLEMENTARY = "DescriptorRecord", "SupplementalRecord"
_MAPPED_TO = "HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/DescriptorUI"
_PREFERRED = "ConceptList/Concept[@PreferredConceptYN='Y']"
_QUALIFIER = "AllowableQualifiersList/AllowableQualifier/QualifierReferredTo/QualifierName/String"
# How NLM marks a term that is an abbreviation or made of first letters.
_ABBREVIATED = {"ABB", "ABX", "ACR", "ACX"}
# Characters of the longest scope note that is kept; NLM's have a few hundred.
_LONGEST_NOTE = 4000


def read_mesh(stream: BinaryIO) -> Iterator[Statement | Rejected]:
    """What each record says, once all are read: a tree number may come before its parent's."""
    told: list[tuple[Statement, list[str]]] = []
    by_number: dict[str, str] = {}
    for found in read_elements(stream, (_DESCRIPTOR, _SUPPLEMENTARY)):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        record = str(element.tag)
        kind = "Descriptor" if record == _DESCRIPTOR else record
        name = text_at(element, f"{kind}Name/String")
        code = text_at(element, f"{kind}UI")
        if not name or not code:
            yield Rejected(place, f"a {record} without {kind}Name or {kind}UI")
            continue
        numbers = texts_at(element, "TreeNumberList/TreeNumber")
        by_number |= dict.fromkeys(numbers, code)
        note = " ".join(text_at(element, f"{_PREFERRED}/ScopeNote").split())
        statement = Statement(
            _labels(element, name),
            (("MeSH", code), *((TREE_NUMBER, number) for number in numbers)),
            broader_codes=tuple(
                # A star marks the heading that stands for the record above all.
                ("MeSH", mapped.removeprefix("*"))
                for mapped in texts_at(element, _MAPPED_TO)
            ),
            notes=((note[:_LONGEST_NOTE], "en"),) if note else (),
            qualifiers=tuple(dict.fromkeys(texts_at(element, _QUALIFIER))),
        )
        told.append((statement, numbers))
    for statement, numbers in told:
        parents = (by_number.get(number.rpartition(".")[0]) for number in numbers)
        trees = tuple(dict.fromkeys(("MeSH", parent) for parent in parents if parent))
        yield replace(statement, broader_codes=statement.broader_codes + trees)


def _labels(element: etree._Element, name: str) -> tuple[Named, ...]:
    labels: list[Named] = [(name, "en", "preferred")]
    for term in element.iterfind(f"{_PREFERRED}/TermList/Term"):
        text = text_at(term, "String")
        abbreviated = term.get("LexicalTag") in _ABBREVIATED
        kind: LabelKind = "abbreviation" if abbreviated else "exact"
        if text and text != name:
            labels.append((text, "en", kind))
    return tuple(labels)
