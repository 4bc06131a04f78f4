"""Records of an XML file as elements, one after the other, whatever the file does.

The stream is cut into records by their tags (:mod:`search.formats.syntax.pieces`) and each is
parsed by lxml for itself. What stands outside the records is never parsed: a document type with
entity definitions defines nothing, so neither bombs nor external files can come in.
"""

import codecs
import html
import html.entities
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from lxml import etree

from search.formats.syntax.pieces import Piece, chunks, cut
from search.formats.syntax.read_items import Rejected

_UTF16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
# What Japanese sources write under these names, and Python's stricter codec does not know.
_LARGER = {"shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "x-euc-jp": "euc_jp"}
_ENCODINGS = re.compile(r"(?:iso|cp\d|windows|euc|shift|gb|big5|koi8|mac)")
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*)")
_OPENING = re.compile(rb"<([\w.:-]{1,120})")
_PROLOG = ((b"<?", b"?>"), (b"<!--", b"-->"))
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_COMMENT_AT_MOST = 1024 * 1024
# Characters that XML 1.0 knows nothing of, NUL among them; they are left out as in every format.
_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\r") + b"\x7f"
_UNDECLARED = {etree.ErrorTypes.ERR_UNDECLARED_ENTITY, etree.ErrorTypes.WAR_UNDECLARED_ENTITY}
_PREDEFINED = {b"lt", b"gt", b"amp", b"quot", b"apos"}
# In CDATA an entity is text.
_ENTITY = re.compile(rb"<!\[CDATA\[.*?\]\]>|&([A-Za-z_][\w.:-]{0,63});", re.DOTALL)
_NUMBER = re.compile(r"\s{0,3}[-+−–]?\s?\d{1,4}\s{0,3}$")
_BLOCKS = {"p", "break", "br", "title", "sec", "list-item", "label", "disp-formula"}
# Formulas twice over (as TeX source), and marks that point to footnotes.
_NO_TEXT = {"tex-math", "annotation", "annotation-xml", "xref", "fn"}


def read_elements(
    stream: BinaryIO,
    names: Iterable[str],
    *,
    cut_after: Mapping[str, str] | None = None,
    prefixed: bool = False,
) -> Iterator[tuple[str, etree._Element] | Rejected]:
    """Each element of one of ``names``, with its place; tags and attributes lose their namespace.

    ``cut_after`` maps a name to a child that is the last one needed: the element is read until
    that child ends, and what follows in it is passed over. With ``prefixed``, the names may stand
    after a prefix (``<oai_dc:dc>``). An element that is not well-formed is a
    :class:`Rejected`; elements of ``names`` don't contain each other.
    """
    last = {name: (cut_after or {}).get(name, name) for name in names}
    begins = "|".join(f"(?P<{name}>{name})" for name in last)
    ends = "|".join(f"(?P<end_{name}>{end})" for name, end in last.items())
    prefix = r"(?:[\w.-]{1,40}:)?" if prefixed else ""
    marks = re.compile(
        rf"<(?:{prefix}(?:{begins})(?=[\s>])|/{prefix}(?:{ends})\s{{0,64}}>)".encode()
    )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=True,
    )
    for piece in cut(_without_comments(_as_utf8(chunks(stream))), marks):
        if isinstance(piece, Rejected):
            yield piece
            continue
        element = _parsed(piece, parser)
        yield element if isinstance(element, Rejected) else (piece.place, element)


def _parsed(piece: Piece, parser: etree.XMLParser) -> etree._Element | Rejected:
    data = piece.data.translate(None, _CONTROL)
    opening = _OPENING.match(data)
    closing = b"</" + (opening.group(1) if opening else piece.kind.encode())
    if not data.rstrip(b">\t\r\n ").endswith(closing):
        data += closing + b">"
    root, errors = _recovered(data, parser)
    if any(error.type in _UNDECLARED for error in errors):
        data = _ENTITY.sub(_character, data)
        root, errors = _recovered(data, parser)
    if errors or root is None:
        return Rejected(piece.place, _reason(errors[0]) if errors else "not well-formed XML")
    if parser.error_log or b"xml" in data:
        _drop_namespaces(root)
    return root


def _recovered(
    data: bytes, parser: etree.XMLParser
) -> tuple[etree._Element | None, list[etree._LogEntry]]:
    """What can be parsed of ``data``, and its errors; prefixes that nobody declared are none."""
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        root = None
    return root, [
        error
        for error in parser.error_log
        if error.level >= etree.ErrorLevels.ERROR and error.domain != etree.ErrorDomains.NAMESPACE
    ]


def _character(found: re.Match[bytes]) -> bytes:
    """The character of a named entity that HTML has, its name as text where it has none."""
    name = found.group(1)
    if name is None or name in _PREDEFINED:
        return found.group()
    character = html.entities.html5.get(f"{name.decode()};")
    return html.escape(character or f"&{name.decode()};").encode()


def _reason(error: etree._LogEntry) -> str:
    if error.type == etree.ErrorTypes.ERR_INVALID_ENCODING:
        return "bytes that the encoding of the file does not have"
    if error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        return "nested too deeply, or one text too long"
    return f"not well-formed XML: {error.message.strip()}"


def _drop_namespaces(root: etree._Element) -> None:
    for element in root.iter(etree.Element):
        element.tag = _local(str(element.tag))
        for name, value in element.attrib.items():
            if (local := _local(str(name))) != name:
                element.set(local, value)


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def text_of(element: etree._Element | None) -> str:
    """The text of an element and all it contains, white space collapsed; empty for None."""
    if element is None:
        return ""
    if len(element) == 0:
        return " ".join((element.text or "").split())
    return " ".join("".join(_texts(element)).split())


def text_at(element: etree._Element, *paths: str) -> str:
    """The text of the first of ``paths`` (ElementPath) below ``element`` that has any."""
    for path in paths:
        if text := text_of(element.find(path)):
            return text
    return ""


def texts_at(element: etree._Element, path: str) -> list[str]:
    """The texts of all elements at ``path`` that have any, each once, in their order."""
    return list(dict.fromkeys(text for e in element.iterfind(path) if (text := text_of(e))))


def _texts(element: etree._Element) -> Iterator[str]:
    before = element.text or ""
    yield before
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _NO_TEXT:
            if child.tag == "sup" and before[-1:].isdigit() and _NUMBER.match(child.text or ""):
                yield "^"  # 10 to the 6th is no 106
            if child.tag in _BLOCKS:
                yield " "
            yield from _texts(child)
            if child.tag in _BLOCKS:
                yield " "
        before = child.tail or ""
        yield before


def root_name(head: bytes) -> str:
    """The local name of the root element of a file that begins with ``head``, else nothing."""
    data = b"".join(_as_utf8([head])).removeprefix(b"\xef\xbb\xbf").lstrip()
    while data.startswith((b"<?", b"<!")):
        close = next((c for o, c in _PROLOG if data.startswith(o)), b">")
        _, _, rest = data.partition(close)
        if close == b">" and b"[" in data[: len(data) - len(rest)]:
            _, _, rest = data.partition(b"]>")
        data = rest.lstrip()
    found = _ROOT.match(data)
    return _local(found.group(1).decode()) if found else ""


def _as_utf8(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts in UTF-8. What can't be decoded becomes a byte that UTF-8 does not have, so that
    the record with it, and no other, is found broken."""
    source = iter(parts)
    first = next(source, b"")
    encoding = _encoding(first)
    if encoding == "utf-8":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from source
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for part in chain([first], source):
        yield _encoded(decoder.decode(part))
    yield _encoded(decoder.decode(b"", final=True))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace").replace("\ufffd".encode(), b"\xff")


def _encoding(head: bytes) -> str:
    """The name of the codec for content that begins with ``head``; UTF-8 unless it says other."""
    if head[:2] in _UTF16:
        return _UTF16[head[:2]]
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    name = declared.group(1).decode().lower() if declared else "utf-8"
    name = _LARGER.get(name, name)
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return "utf-8"
    # That the declaration is readable at all disproves UTF-16; ASCII is within UTF-8.
    return found if _ENCODINGS.match(found) else "utf-8"


def _without_comments(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts without XML comments, which may hold records that don't count.

    A comment that goes on for longer than a mebibyte is taken for a broken one and for text, and so
    is everything after it.
    """
    kept = b""
    source = iter(parts)
    for part in source:
        kept += part
        out, kept, broken = _split_comments(kept)
        yield out
        if broken:
            break
    yield kept
    yield from source


def _split_comments(data: bytes) -> tuple[bytes, bytes, bool]:
    """What can be passed on, what must wait for more, and whether a comment is broken."""
    closed = data.rfind(b"-->") + 3
    out, rest = b"", data
    if closed > 2:
        # Where every comment ends, no search for an end runs in vain.
        out, rest = _COMMENT.sub(b"", data[:closed]), data[closed:]
    start = rest.find(b"<!--")
    if start >= 0:
        return out + rest[:start], rest[start:], len(rest) - start > _COMMENT_AT_MOST
    # The last three bytes may be the beginning of a comment.
    hold = next((n for n in (3, 2, 1) if rest.endswith(b"<!--"[:n])), 0)
    return out + rest[: len(rest) - hold], rest[len(rest) - hold :], False
