"""The PRISMA 2020 flow diagram as a document of Word: a table whose cells are the boxes, so that
every word and number can be changed there."""

import io

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt
from docx.table import _Cell

from web.desk.screening.flow import Flow
from web.http.language import gettext
from web.pages.flow_chart import Cell, flow_rows

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SIDES = ("top", "left", "bottom", "right")


def as_document(flow: Flow, title: str) -> bytes:
    """The diagram of a flow under its title, in the language of the page."""
    document = Document()
    section = document.sections[0]
    if flow.other_methods:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = section.page_height, section.page_width
    document.add_heading(gettext("PRISMA 2020 flow diagram"), level=1)
    document.add_paragraph(title)
    rows = flow_rows(flow)
    width = len(rows[0])
    # Between two rows of boxes stands one of arrows.
    table = document.add_table(rows=2 * len(rows) - 1, cols=2 * width - 1)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            _write(table.cell(2 * y, 2 * x), cell)
            if x % 2 == 0 and x + 1 < width and row[x + 1]:
                table.cell(2 * y, 2 * x + 1).text = "→"
            if x % 2 == 0 and cell and y + 1 < len(rows):
                table.cell(2 * y + 1, 2 * x).text = "↓"
    document.add_paragraph().add_run(_SOURCE).font.size = Pt(8)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


_SOURCE = (
    "Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement. BMJ 2021;372:n71. "
    "doi:10.1136/bmj.n71"
)


def _write(place: _Cell, cell: Cell) -> None:
    if not cell:
        return
    for number, entry in enumerate(cell):
        paragraph = place.paragraphs[0] if number == 0 else place.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        run = paragraph.add_run(entry.text)
        run.font.size = Pt(9)
        run.bold = number == 0
    # python-docx has no borders of single cells.
    sides = "".join(f'<w:{side} w:val="single" w:sz="6"/>' for side in _SIDES)
    borders = parse_xml(f"<w:tcBorders {nsdecls('w')}>{sides}</w:tcBorders>")
    place._tc.get_or_add_tcPr().append(borders)  # type: ignore[arg-type]
