"""Exact search on the command line: a page of a set as text, a whole set as a file, faults with a
caret under the place."""

import unicodedata
from pathlib import Path

import click

from search.exact.exact_search import ExactSearch, ExactSet, Sort
from search.exact.syntax_errors import ExactSyntaxError
from search.exact.thesaurus import ThesaurusUse
from search.filters import Filters
from search.library.library import Library
from web.cli.options import open_terminology
from web.cli.record_files import save

# How much of a long expression is shown on each side of a fault.
_AROUND = 30


def exact_page(
    library: Path,
    expression: str,
    filters: Filters,
    sort: Sort,
    page: int,
    per_page: int,
    thesaurus: ThesaurusUse,
) -> ExactSet:
    """A page of the set that ``expression`` finds.

    Raises:
        click.ClickException: showing the place of a fault and its mend.
    """
    try:
        return ExactSearch(Library(library), open_terminology()).search(
            expression, filters, sort=sort, page=page, per_page=per_page, thesaurus=thesaurus
        )
    except ExactSyntaxError as error:
        raise click.ClickException(shown_fault(error)) from error


def export(
    library: Path,
    expression: str,
    filters: Filters,
    sort: Sort,
    format_name: str,
    output: str,
    thesaurus: ThesaurusUse,
) -> int:
    """Write the whole set to a file, or to standard output for ``-``; gives its size.

    Raises:
        click.ClickException: as for :func:`exact_page`, before the file is opened; when it cannot
            be written.
    """
    exact = ExactSearch(Library(library), open_terminology())
    try:
        records = exact.records(expression, filters, sort, thesaurus)
    except ExactSyntaxError as error:
        raise click.ClickException(shown_fault(error)) from error
    return save(records, format_name, output)


def shown_set(found: ExactSet) -> str:
    """What was understood, how many there are, and this page of them."""
    number = "1 record" if found.count == 1 else f"{found.count} records"
    lines = [f"{number}: {found.canonical}"]
    lines += [f"  searched as: {written} → {folded}" for written, folded in found.folded]
    for mapped in found.mapped:
        lines.append(f"  mapped: {mapped.written} → {mapped.expression}  (--no-mapping: as typed)")
    for heading in found.headings:
        told = [", ".join(heading.names)] if heading.names else []
        told += [f"{heading.narrower} narrower"] if heading.narrower else []
        if told:
            lines.append(f"  heading: {heading.heading}: also {'; '.join(told)}")
    for word in found.unsure:
        lines.append(f"  not mapped: {word.written} may be {', '.join(word.concepts)}")
    lines += [f"  note: {NOTES[note.reason]}: {note.detail}" for note in found.notes]
    first = (found.page - 1) * found.per_page + 1
    for place, hit in enumerate(found.hits, first):
        record = hit.record
        title = _bold(record.version("ja").title or record.id, hit.title_marks)
        flag = f"  [{record.retraction}]" if record.retraction else ""
        source = "  ".join(part for part in (record.journal, record.date, record.id) if part)
        lines += [f"{place:>3}. {title}{flag}", f"     {source}"]
        if hit.sentence:
            lines.append(f"     {_bold(hit.sentence.text, hit.sentence.marks)}")
    return "\n".join(lines)


NOTES = {
    "mixed operators": "AND and OR are taken from left to right",
    "heading as written": "headings are matched as the records carry them, without narrower ones",
    "unknown heading": "the terminology does not know this heading; found as the records carry it",
    "major topic": "records do not say which headings are major; any is taken",
    "check tag": "a check tag is looked for among the headings",
    "filter": "a filter is looked for in the records' fields",
    "initials": "a single initial also finds those that go on",
    "code as text": "there is no such field code; it is searched as text",
    "words as phrase": "words before a code in brackets are taken as a phrase",
}


def shown_fault(error: ExactSyntaxError) -> str:
    """The message, the part of the expression with a caret under the fault, the proposal."""
    start = max(0, error.start - _AROUND)
    end = min(len(error.expression), error.start + _AROUND)
    before = _line(error.expression[start : error.start])
    shown = before + _line(error.expression[error.start : end])
    carets = "^" * max(1, _width(_line(error.expression[error.start : min(error.end, end)])))
    lines = [str(error), f"  {shown}", f"  {' ' * _width(before)}{carets}"]
    if error.proposal is not None:
        lines.append(f"perhaps: {error.proposal}")
    return "\n".join(lines)


def _line(text: str) -> str:
    return "".join(" " if c.isspace() and c != "\u3000" else c for c in text)


def _width(text: str) -> int:
    """Columns of a terminal: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _bold(text: str, marks: tuple[tuple[int, int], ...]) -> str:
    shown, position = "", 0
    for start, end in marks:
        shown += text[position:start] + click.style(text[start:end], bold=True)
        position = end
    return shown + text[position:]
