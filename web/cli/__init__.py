"""Every command of ``jmedsearch``, one module a subject."""

from web.cli.program import main

__all__ = ["main"]
