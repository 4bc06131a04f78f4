"""A list of references as a document of Word: numbered, with what is told of each under it."""

from collections.abc import Callable, Iterable
from typing import BinaryIO

from docx import Document
from docx.shared import Pt

from search.formats.citations import citation
from search.records import Record


def write(
    title: str,
    records: Iterable[Record],
    stream: BinaryIO,
    lines: Callable[[Record], Iterable[str]],
) -> None:
    """Write records in Vancouver style; ``lines`` gives what stands under each in small print."""
    document = Document()
    document.add_heading(_printable(title), level=1)
    for record in records:
        document.add_paragraph(_printable(citation(record, "vancouver")), style="List Number")
        for line in lines(record):
            told = document.add_paragraph()
            told.paragraph_format.left_indent = Pt(18)
            run = told.add_run(_printable(line))
            run.font.size = Pt(9)
    document.save(stream)


def _printable(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or c >= " ")
