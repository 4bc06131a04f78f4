"""Names of the history, in the language of the page."""

from web.desk.signatures import COMMAND_LINE, IMPORTED
from web.http.language import gettext


def person(name: str) -> str:
    """A name as it is shown: what marks it is translated, the name is not."""
    for ending, shown in (
        (COMMAND_LINE, gettext("%(name)s (command line)")),
        (IMPORTED, gettext("%(name)s (imported)")),
    ):
        if name.endswith(ending):
            return shown % {"name": name.removesuffix(ending)}
    return name
