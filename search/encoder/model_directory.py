"""Finding a model and knowing what it is before anything heavy is loaded.

A model is the embedded one, a Hugging Face directory, a sentence-transformers directory
(``modules.json``, ``1_Pooling/config.json``), or the id of a repository on the Hugging Face hub.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from search.extras import how_to_install
from search.text.profile import TextProfile

EMBEDDED = "embedded"
Pooling = Literal["mean", "cls"]

EIGHT_BIT_WEIGHTS = "model.int8.safetensors"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_TEXT_FILES = ("*.json", "*.model", "*.txt")
# Position embeddings of RoBERTa-likes start after the padding index.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert"}


class ModelError(ValueError):
    """A model that cannot be used: says which, why, and what to do."""


def missing_packages(purpose: str, error: ImportError) -> str:
    """Say which packages ``purpose`` needs, which the base installation leaves out, and how to
    install them for a CPU and for a GPU."""
    return (
        f"{purpose} needs packages that the base installation leaves out ({error.name or error}): "
        f"{how_to_install('models')}. On a computer without an NVIDIA GPU, install the smaller CPU "
        "build of torch before: pip install torch --index-url URL, with the URL that pytorch.org "
        "names for CPUs"
    )


@dataclass(frozen=True)
class ModelDirectory:
    """A model on disk. ``fingerprint`` is SHA-256 over weights, configuration, tokenizer and
    profile: equal fingerprints give equal vectors."""

    path: Path
    name: str
    fingerprint: str
    profile: TextProfile
    pooling: Pooling
    dim: int
    has_mlm_head: bool


def open_model(model: str = EMBEDDED) -> ModelDirectory:
    """Locate ``model`` and read what it says of itself.

    Raises:
        ModelError: when there is no such model or it is of a kind that cannot be used.
    """
    path, name = _locate(model)
    config = _json(path / "config.json")
    hidden = config.get("hidden_size")
    if not isinstance(hidden, int):
        raise ModelError(f"{path}: config.json has no hidden_size; is this an encoder?")
    architectures = config.get("architectures") or []
    return ModelDirectory(
        path=path,
        name=name,
        fingerprint=_fingerprint(path),
        profile=_profile(path, name, config),
        pooling=_pooling(path),
        dim=hidden,
        has_mlm_head=any("ForMaskedLM" in a or "ForPreTraining" in a for a in architectures),
    )


def _locate(model: str) -> tuple[Path, str]:
    if model == EMBEDDED:
        path = Path(str(resources.files("search.encoder") / "embedded"))
        if not (path / "config.json").exists():
            raise ModelError("the embedded model is missing from this installation: reinstall")
        return path, "jmedsearch-embedded"
    path = Path(model).expanduser()
    if path.is_dir():
        for candidate in (path, *_transformer_modules(path)):
            if (candidate / "config.json").exists() and weights_file(candidate):
                return candidate, path.resolve().name
        raise ModelError(f"{path}: no model here; expected config.json and {' or '.join(_WEIGHTS)}")
    if model.count("/") == 1 and not model.startswith((".", "/", "~")):
        return _download(model), model
    raise ModelError(f"{model}: no such directory, and not the id of a model on the hub")


def _transformer_modules(path: Path) -> list[Path]:
    """Where a sentence-transformers directory keeps its transformer."""
    if not (path / "modules.json").exists():
        return []
    modules = json.loads((path / "modules.json").read_text(encoding="utf-8"))
    return [path / m["path"] for m in modules if m["type"].endswith("Transformer")]


def weights_file(path: Path) -> Path | None:
    """The file that holds the weights: safetensors where there is one."""
    names = [*_WEIGHTS, *(f"{name}.index.json" for name in _WEIGHTS), EIGHT_BIT_WEIGHTS]
    return next((path / name for name in names if (path / name).exists()), None)


def _download(repo: str) -> Path:
    # Imported here: only users of the hub wait for it. HF_HOME and HF_HUB_OFFLINE are its own.
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise ModelError(f"{repo}: {missing_packages('a model from the hub', error)}") from error

    def fetch(*weights: str) -> Path:
        ignored = ["onnx/*", "openvino/*", "*/onnx/*"]
        return Path(
            snapshot_download(
                repo, allow_patterns=[*_TEXT_FILES, *weights], ignore_patterns=ignored
            )
        )

    try:
        path = fetch("*.safetensors")
        return path if weights_file(path) else fetch("*.bin")
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{repo}: could not be fetched from the Hugging Face hub ({error.__class__.__name__}); "
            "check the name and the connection, or download it elsewhere and give its directory"
        ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path}: not a JSON object")
    return data


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()):
        if file.suffix in {".json", ".model", ".safetensors", ".bin", ".txt"}:
            digest.update(file.name.encode() + b"\0")
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _pooling(path: Path) -> Pooling:
    roots = [r for r in (path, path.parent) if (r / "modules.json").exists()]
    if not roots:
        return "mean"
    modules = json.loads((roots[0] / "modules.json").read_text(encoding="utf-8"))
    for module in modules:
        kind = module["type"].rsplit(".", 1)[-1]
        if kind == "Pooling":
            config = _json(roots[0] / module["path"] / "config.json")
            if config.get("pooling_mode_mean_tokens", config.get("pooling_mode") == "mean"):
                return "mean"
            if config.get("pooling_mode_cls_token", config.get("pooling_mode") == "cls"):
                return "cls"
            raise ModelError(f"{path}: this pooling is not supported; known are mean and cls")
        if kind not in {"Transformer", "Normalize"}:
            raise ModelError(f"{path}: has a {kind} module, which is not supported")
    return "mean"


def _profile(path: Path, name: str, config: dict[str, Any]) -> TextProfile:
    """The model's own ``text_profile.json``; else what its files tell."""
    stored = path / "text_profile.json"
    if stored.exists():
        try:
            return TextProfile.from_dict(_json(stored))
        except (TypeError, ValueError) as error:
            raise ModelError(f"{stored}: {error}") from error
    positions = config.get("max_position_embeddings", 512)
    if config.get("model_type") in _OFFSET_POSITIONS:
        positions -= 2
    prompts: dict[str, str] = {}
    for root in (path, path.parent):
        if (root / "config_sentence_transformers.json").exists():
            prompts = _json(root / "config_sentence_transformers.json").get("prompts") or {}
            break
    for root in (path, path.parent):
        if (root / "sentence_bert_config.json").exists():
            positions = min(
                positions,
                _json(root / "sentence_bert_config.json").get("max_seq_length", positions),
            )
    is_e5 = "e5" in name.lower().replace("_", "-").split("/")[-1].split("-")
    return TextProfile(
        normalization="full-width" if _full_width_vocabulary(path) else "nfkc",
        query_prefix=prompts.get("query", "query: " if is_e5 else ""),
        passage_prefix=prompts.get(
            "passage", prompts.get("document", "passage: " if is_e5 else "")
        ),
        max_tokens=min(positions, 512),
    )


def _full_width_vocabulary(path: Path) -> bool:
    """Whether the vocabulary spells Latin letters in full width, as JMedRoBERTa's does."""
    spiece = sentencepiece_file(path)
    if not spiece:
        return False
    try:
        import sentencepiece
    except ImportError as error:
        raise ModelError(f"{path}: {missing_packages('a model of your own', error)}") from error

    processor = sentencepiece.SentencePieceProcessor(model_file=str(spiece))
    unknown = processor.unk_id()
    full, half = (processor.encode(text, out_type=int) for text in ("ＡＢＣ", "ABC"))
    return unknown not in full and unknown in half


def sentencepiece_file(path: Path) -> Path | None:
    """The SentencePiece model of a directory, under any of its usual names."""
    names = ("spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model")
    return next((path / n for n in names if (path / n).exists()), None)
