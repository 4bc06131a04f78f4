"""Where a training run that was stopped goes on."""

from pathlib import Path

from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

# The Trainer writes it after all else, so that a checkpoint without it is one that was cut off.
_LAST_WRITTEN = "trainer_state.json"


def last_checkpoint(directory: Path) -> str | None:
    """The folder of the last whole checkpoint under ``directory``; None where there is none.

    One that a kill cut off is passed over: the one before is as good, some steps earlier.
    """
    found = [
        (int(number), folder)
        for folder in directory.glob(f"{PREFIX_CHECKPOINT_DIR}-*")
        if (number := folder.name.rpartition("-")[2]).isdigit()
        and (folder / _LAST_WRITTEN).exists()
    ]
    return str(max(found)[1]) if found else None
