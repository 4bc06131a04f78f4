"""Where terminologies lie that were added, unless one says otherwise: with the user's data."""

import os
from pathlib import Path

import platformdirs


def terminology_folder() -> Path:
    """The folder of terminologies that were added."""
    told = os.environ.get("JMEDSEARCH_TERMINOLOGY")
    return Path(told) if told else platformdirs.user_data_path("jmedsearch") / "terminology"
