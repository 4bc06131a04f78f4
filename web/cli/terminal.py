"""Text from elsewhere on a terminal: control characters are shown, not obeyed.

A title or a note can hold escape sequences that move the cursor, rename the window or hide what
stands before them.
"""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO, cast

# C0 without tab and line feed, DEL and C1; and what turns the direction of text round.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Text with its control characters written as JSON escapes them."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class VisibleText:
    """A text stream that writes control characters so that they are seen."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; how many characters it had."""
        self._stream.write(visible(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def file_output() -> Iterator[BinaryIO]:
    """Standard output for the bytes of a file: as they are into a file or another program, and as
    text with visible control characters where a terminal would obey them."""
    if not sys.stdout.isatty():
        yield cast("BinaryIO", sys.stdout.buffer)
        return
    whole = io.BytesIO()
    yield whole
    sys.stdout.write(visible(whole.getvalue().decode("utf-8", "replace").replace("\r\n", "\n")))
