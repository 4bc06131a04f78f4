"""Records of a search saved to a file from the command line, in any format that can be written."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

import click

from search.formats import FORMATS
from search.records import Record

WRITABLE = [name for name, chosen in FORMATS.items() if chosen.write is not None]


def save(records: Iterable[Record], format_name: str, output: str) -> int:
    """Write records to the file ``output``, or to standard output for ``-``; gives their number.

    Raises:
        click.ClickException: when the file cannot be written.
    """
    write = FORMATS[format_name].write
    assert write is not None
    count = 0

    def counted() -> Iterator[Record]:
        nonlocal count
        for record in records:
            count += 1
            yield record

    try:
        with click.open_file(output, "wb") as file:
            write(counted(), cast("BinaryIO", file))
    except BrokenPipeError:
        raise  # whoever reads standard output has had enough, which click answers
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror or error}") from error
    return count
