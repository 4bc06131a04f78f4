"""Fixtures: the bundled sample library, built once a session with the embedded model."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from indexer.build import build_sample
from search.encoder import Encoder, load_encoder, open_model
from search.engine import Engine
from search.library import Library
from search.suggest import Suggester

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session", autouse=True)
def own_collections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test touches the collections of whoever runs it, nor does a command that it starts."""
    file = tmp_path_factory.mktemp("collections") / "collections.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JMEDSEARCH_COLLECTIONS", str(file))
        yield file


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "library"
    build_sample(directory)
    return directory


@pytest.fixture(scope="session")
def engine(sample_library: Path, encoder: Encoder) -> Engine:
    return Engine(Library(sample_library), encoder)


@pytest.fixture(scope="session")
def suggester(engine: Engine) -> Suggester:
    return Suggester(engine)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real data beside the checkout; tests that need it skip where it is absent."""
    directory = Path(__file__).parents[2] / "shared"
    if not directory.is_dir():
        pytest.skip("the real data (../shared) is not beside this checkout")
    return directory


@pytest.fixture(scope="session")
def published_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model whose files are laid out like the published JMedRoBERTa's.

    ``spiece.model``, ``tokenizer_config.json`` and ``pytorch_model.bin``; no ``tokenizer.json``,
    no safetensors.
    """
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("model") / "tiny"
    directory.mkdir()
    config = BertConfig(
        vocab_size=12_500,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    model = BertForMaskedLM(config)
    config.architectures = ["BertForMaskedLM"]
    config.save_pretrained(directory)
    torch.save(model.state_dict(), directory / "pytorch_model.bin")
    shutil.copy(open_model().path / "spiece.model", directory / "spiece.model")
    roles = ("cls", "sep", "pad", "mask", "unk")
    special = {f"{role}_token": f"[{role.upper()}]" for role in roles}
    (directory / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "AlbertTokenizer",
                "do_lower_case": False,
                "keep_accents": True,
                "remove_space": True,
                "model_max_length": 512,
                **special,
            }
        )
    )
    return directory


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield browser
        browser.close()
