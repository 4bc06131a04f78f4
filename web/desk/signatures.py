"""Names as the history has them: an account's, the command line's, those of an imported file.

A file from elsewhere can name anybody. What it says was done here by nobody of this installation,
and so stands under a name that no account can have.
"""

COMMAND_LINE = " (command line)"
IMPORTED = " (imported)"
# Endings that say how a name came into the history; accounts may not end so.
RESERVED = (COMMAND_LINE, IMPORTED)


def as_imported(name: str) -> str:
    """The name that a file gives, marked as what it is."""
    return name if name.endswith(IMPORTED) else f"{name}{IMPORTED}"
