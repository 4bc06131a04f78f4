"""A small random model, laid out as JMedRoBERTa is: what it finds means nothing, and it is fast.

python benchmarks/small_model.py FOLDER
"""

import json
import shutil
import sys
from pathlib import Path

from search.encoder import open_model

_ROLES = ("cls", "sep", "pad", "mask", "unk")


def write_small_model(folder: Path) -> Path:
    """Write the model into a new folder. Needs torch and transformers (the extra models)."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    config = BertConfig(
        vocab_size=12_500,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        architectures=["BertForMaskedLM"],
    )
    config.save_pretrained(folder)
    torch.save(BertForMaskedLM(config).state_dict(), folder / "pytorch_model.bin")
    shutil.copy(open_model().path / "spiece.model", folder / "spiece.model")
    told = {
        "tokenizer_class": "AlbertTokenizer",
        "do_lower_case": False,
        "keep_accents": True,
        "remove_space": True,
        "model_max_length": 512,
        **{f"{role}_token": f"[{role.upper()}]" for role in _ROLES},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return folder


if __name__ == "__main__":
    write_small_model(Path(sys.argv[1]))
