"""Where what is made of a model once is kept on this machine."""

import os
from pathlib import Path

import platformdirs


def cache_folder(kind: str, fingerprint: str) -> Path:
    """Give the folder for one form of one model; it need not exist.

    ``JMEDSEARCH_CACHE`` names another root than the user's cache directory.
    """
    root = Path(os.environ.get("JMEDSEARCH_CACHE") or platformdirs.user_cache_dir("jmedsearch"))
    return root / kind / fingerprint[:32]
