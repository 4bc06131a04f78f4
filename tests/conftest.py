"""Fixtures: the bundled sample library, built once a session with the embedded model.

Tests are marked here by the fixtures that they ask for, so that `make test-fast` leaves out what
takes long; and what was skipped is told at the end.
"""

import fcntl
import functools
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from indexer.sample import build_sample
from search.encoder import Encoder, load_encoder, open_model
from search.library.library import Library
from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.waiting import LONG

# Beside another process, threads that wait for each other cost more than they bring.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# What asking for a fixture, directly or not, says about a test.
MARKED_BY = {
    "browser": ("browser",),
    "model": ("encoder", "sample_library"),
    "real_data": ("shared",),
    "servers": (
        "answering",
        "desk_server",
        "hosts",
        "lite_server",
        "process",
        "real_server",
        "server",
    ),
}

# How long an example takes says something about the machine.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures, others by their folder; files that take long come first."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        for mark, fixtures in MARKED_BY.items():
            if not asked.isdisjoint(fixtures):
                item.add_marker(mark)
        for folder, mark in (("train", "slow"), ("milvus", "servers")):
            if folder in item.path.parts:
                item.add_marker(mark)
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(_together(item.nodeid), []).append(item)
    # With two processes, what takes longest comes first: else one waits for the other at the end.
    in_turn = sorted(files.values(), key=lambda file: not any(map(_takes_long, file)))
    items[:] = [item for file in in_turn for item in file]


def _together(nodeid: str) -> str:
    """What runs in one process: a file, for what its fixtures build is built once, and all that
    asks for a Milvus server, for one of them runs on a machine."""
    file = nodeid.split("::")[0]
    return "milvus" if "/milvus/" in file else file


class _Together(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _together(nodeid)


# Where xdist is not loaded, nobody asks for it.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Have xdist hand out files, not tests."""
    return _Together(config, log)


def _takes_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(mark) for mark in ("browser", "servers", "slow"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was skipped and why, once for each reason."""
    reasons = Counter(_reason(report) for report in terminalreporter.getreports("skipped"))
    if reasons:
        terminalreporter.section("skipped", sep="-")
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
            terminalreporter.line(f"{count:5}  {reason}")


def _reason(report: Any) -> str:
    """Why a test, or a file of tests, was skipped."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(told).removeprefix("Skipped: ").removeprefix("unconditional skip").strip()


@pytest.fixture(scope="session", autouse=True)
def own_collections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test touches the collections of whoever runs it, nor does a command that it starts; and
    none asks the network."""
    file = tmp_path_factory.mktemp("collections") / "collections.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JMEDSEARCH_COLLECTIONS", str(file))
        patch.setenv("JMEDSEARCH_TERMINOLOGY", str(file.with_name("terminology")))
        patch.setenv("JMEDSEARCH_HARVESTS", str(file.with_name("harvests")))
        patch.delenv("JMEDSEARCH_NETWORK", raising=False)
        yield file


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """A model that commands in this process open is compiled once: that takes longer than a tiny
    library."""
    with pytest.MonkeyPatch.context() as patch:
        cached = functools.cache(load_encoder)
        for module in ("indexer.run.pipeline", "web.cli.options", "web.cli.strategies"):
            patch.setattr(f"{module}.load_encoder", cached)
        yield


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, built by the first process that asks; tests change copies of it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "sample.lock").open("w") as lock:
        # Who comes second waits, and finds it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        build_sample(folder / "sample")
    return folder / "sample"


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


@pytest.fixture(scope="session")
def tiny_encoder(published_layout: Path) -> Encoder:
    return load_encoder(str(published_layout), device="cpu")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM, timeout=LONG * 1000
        )
        new_context = browser.new_context

        def patient_context(**options: Any) -> BrowserContext:
            context = new_context(**options)
            context.set_default_timeout(LONG * 1000)
            return context

        browser.new_context = patient_context  # type: ignore[method-assign]
        expect.set_options(timeout=LONG * 1000)
        yield browser
        browser.close()
