"""What can go wrong with a harvest, told to who asked for it.

* HarvestError: a harvest that cannot be made as it was asked for
  x NetworkError: the institution has not switched this on, or its settings are wrong
  x SourceError: a source refused, or gave no usable answer
    - CursorError: a source no longer knows the place where reading was to go on
  x LaterError: the source's terms want this at another time
"""


class HarvestError(ValueError):
    """A harvest that cannot be made: names it, the reason and what to do."""


class NetworkError(HarvestError):
    """The network is not switched on for what was asked, or its settings are wrong."""


class SourceError(HarvestError):
    """A source refused, or gave no usable answer: names the source, and what it said."""


class CursorError(SourceError):
    """A source no longer knows the place where reading was to go on."""


class LaterError(HarvestError):
    """The terms of a source want so much at another time: says when."""
