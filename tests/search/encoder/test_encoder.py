"""Vectors and mask fillings: against the torch reference, and the model card's own example."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from search.encoder import Encoder, ModelError, load_encoder, open_model
from search.encoder.eight_bit import eight_bit_matrix, float_directory, float_matrix

TEXTS = [
    "急性心筋梗塞の患者にβ遮断薬を投与した。",
    "ＨｂＡ１ｃが改善した",
    "Spinal and bulbar muscular atrophy",
    "肺炎",
]
PASSAGE = "心筋梗塞の治療\n急性心筋梗塞にβ遮断薬を投与した。死亡率は低下した。副作用はなかった。"


@pytest.fixture(scope="module")
def reference() -> Encoder:
    return load_encoder(device="torch-cpu")


def test_queries_agree_with_the_reference(encoder: Encoder, reference: Encoder) -> None:
    ours, theirs = encoder.encode_queries(TEXTS), reference.encode_queries(TEXTS)
    assert ours.shape == (4, encoder.dim)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    # The reference computes with the same weights, those that 8 bits stand for.
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_passages_and_sentences_agree_with_the_reference(
    encoder: Encoder, reference: Encoder
) -> None:
    (window,) = encoder.windows(PASSAGE)
    ours = encoder.encode_passages([(PASSAGE, window), ("肺炎。", encoder.windows("肺炎。")[0])])
    theirs = reference.encode_passages([(PASSAGE, window)])[0]
    # Where the CPU has bf16, passages are computed in it.
    assert ours[0].vector @ theirs.vector >= 0.9995
    assert ours[0].sentences.shape == (4, encoder.dim)
    assert (np.sum(ours[0].sentences * theirs.sentences, axis=1) >= 0.9995).all()


def test_the_reference_is_transformers_own_mean(reference: Encoder) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    path = str(float_directory(reference.model))
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path)
    text = reference.model.profile.normalize(TEXTS[0])
    with torch.inference_mode():
        states = model.float()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
    mean = states.mean(dim=0).numpy()
    ours = reference.encode_queries([TEXTS[0]])[0]
    assert ours @ (mean / np.linalg.norm(mean)) >= 0.9999


def test_batching_changes_nothing(encoder: Encoder) -> None:
    together = encoder.encode_queries(TEXTS)
    alone = np.concatenate([encoder.encode_queries([t]) for t in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_sentences_of_a_passage_average_to_it(reference: Encoder) -> None:
    text = "肺炎の患者である。"
    (window,) = reference.windows(text)
    encoded = reference.encode_passages([(text, window)])[0]
    # One sentence: only [CLS] and [SEP] are in the passage and not in the sentence.
    assert encoded.vector @ encoded.sentences[0] > 0.9


def test_long_text_is_cut_at_sentence_borders(encoder: Encoder) -> None:
    sentences = [f"第{i}例は肺炎で入院し、抗菌薬の投与を受けて軽快した。" for i in range(80)]
    text = "".join(sentences)
    windows = encoder.windows(text)
    assert len(windows) > 1
    assert [text[a:b] for w in windows for a, b in w.sentences] == sentences
    profile = encoder.model.profile
    for window in windows:
        piece = profile.normalize(text[window.start : window.end])
        assert len(encoder.tokenizer.encode(piece).ids) <= profile.max_tokens


def test_a_sentence_beyond_the_model_is_cut_inside(encoder: Encoder) -> None:
    text = "肺炎と心筋梗塞と糖尿病と高血圧と" * 400
    windows = encoder.windows(text)
    assert "".join(text[a:b] for w in windows for a, b in w.sentences) == text
    assert len(encoder.encode_passages([(text, w) for w in windows])) == len(windows)


def test_blank_text_has_no_window(encoder: Encoder) -> None:
    assert encoder.windows(" \n") == []


def test_masks_are_filled_alike(encoder: Encoder, reference: Encoder) -> None:
    for text, masks in (("糖尿病患者に[MASK]を投与した。", 1), ("＿＿による［ＭＡＳＫ］の治療", 2)):
        ours = encoder.fill_masks([text])[0].log_probabilities
        theirs = reference.fill_masks([text])[0].log_probabilities
        assert ours.shape == (masks, encoder.tokenizer.get_vocab_size())
        np.testing.assert_allclose(np.exp(ours).sum(axis=1), 1, atol=1e-3)
        np.testing.assert_allclose(np.exp(ours), np.exp(theirs), atol=1e-4)


def test_serving_on_a_cpu_never_loads_torch(encoder: Encoder) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'sentencepiece', 'nncf', 'huggingface_hub'):\n"
        "    sys.modules[name] = None\n"  # as if they were not installed
        "from search.encoder import load_encoder\n"
        "encoder = load_encoder(device='cpu')\n"
        "encoder.encode_queries(['肺炎']); encoder.fill_masks(['[MASK]の治療'])\n"
        "encoder.encode_passages([('肺炎。', encoder.windows('肺炎。')[0])])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_is_reported_to_the_makers_of_libraries(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from search.encoder import load_encoder\n"
        "load_encoder(device='cpu')\n"
        "sys.exit(sys.modules['openvino_telemetry'] is not None)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
    assert not (tmp_path / "intel").exists()


def test_model_card_example() -> None:
    """この患者は[MASK]と診断された。 gives the tokens that the published card lists."""
    name = "alabnii/jmedroberta-base-sentencepiece-vocab50000"
    try:
        encoder = load_encoder(name)
    except ModelError as error:
        pytest.skip(f"the published weights cannot be loaded here: {error}")
    filled = np.exp(encoder.fill_masks(["この患者は[MASK]と診断された。"])[0].log_probabilities[0])
    best = np.argsort(-filled)[:3]
    tokens = [encoder.tokenizer.id_to_token(int(i)) for i in best]
    assert tokens == ["ＳＬＥ", "ＭＳＡ", "ＭＥＬＡＳ"]
    np.testing.assert_allclose(filled[best], [0.0212, 0.0125, 0.0110], atol=5e-4)


# Models of other makes


def test_a_directory_laid_out_like_the_published_model(published_layout: Path) -> None:
    encoder = load_encoder(str(published_layout))
    assert encoder.model.profile.normalization == "full-width"
    assert encoder.tokenizer.encode("が、ＩＬ－６。", add_special_tokens=False).tokens
    assert encoder.can_fill_masks
    # Albert's class strips the dakuten; the pieces must be SentencePiece's own all the same.
    from sentencepiece import SentencePieceProcessor

    spiece = SentencePieceProcessor(model_file=str(published_layout / "spiece.model"))
    for text in ("がん、ぱぴぷ。", "β遮断薬（ｎ＝１２０）", "ペースメーカー"):
        assert encoder.tokenizer.encode(text, add_special_tokens=False).ids == spiece.encode(text)


def test_a_tokenizer_that_disagrees_is_corrected(published_layout: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, normalizers

    from search.encoder.tokenizer import load_tokenizer

    broken = shutil.copytree(published_layout, tmp_path / "broken")
    tokenizer = Tokenizer.from_file(str(Path(open_model().path) / "tokenizer.json"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents()])
    tokenizer.save(str(broken / "tokenizer.json"))
    rebuilt, corrected = load_tokenizer(open_model(str(broken)))
    assert corrected
    assert rebuilt.encode("が", add_special_tokens=False).tokens[-1].endswith("が")


def test_a_model_without_mlm_head_searches_and_says_so(
    published_layout: Path, tmp_path: Path
) -> None:
    headless = shutil.copytree(published_layout, tmp_path / "headless")
    config = json.loads((headless / "config.json").read_text())
    (headless / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    encoder = load_encoder(str(headless), device="torch-cpu")
    assert encoder.encode_queries(["肺炎"]).shape == (1, encoder.dim)
    assert not encoder.can_fill_masks
    with pytest.raises(ModelError, match="no MLM head"):
        encoder.fill_masks(["[MASK]"])


def test_a_sentence_transformers_directory(published_layout: Path, tmp_path: Path) -> None:
    root, package = tmp_path / "st", "sentence_transformers.models"
    shutil.copytree(published_layout, root / "0_Transformer")
    (root / "1_Pooling").mkdir()
    (root / "modules.json").write_text(
        json.dumps(
            [
                {"idx": 0, "path": "0_Transformer", "type": f"{package}.Transformer"},
                {"idx": 1, "path": "1_Pooling", "type": f"{package}.Pooling"},
            ]
        )
    )
    (root / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    (root / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "query: ", "passage": "passage: "}})
    )
    model = open_model(str(root))
    assert (model.pooling, model.profile.query_prefix) == ("cls", "query: ")
    (root / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_max_tokens": True}))
    with pytest.raises(ModelError, match="pooling is not supported"):
        open_model(str(root))


@pytest.mark.parametrize(
    ("model", "message"),
    [("./nowhere", "no such directory"), ("just-a-name", "no such directory")],
)
def test_models_that_are_not_there(model: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        open_model(model)


def test_a_cache_that_cannot_be_written_is_told(
    published_layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("JMEDSEARCH_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelError, match=r"cannot be written .*JMEDSEARCH_CACHE"):
        load_encoder(str(published_layout), device="cpu")
    with pytest.raises(ModelError, match=r"cannot be written .*JMEDSEARCH_CACHE"):
        load_encoder(device="torch-cpu")


def test_an_empty_directory_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        open_model(str(tmp_path))


@pytest.mark.slow
def test_the_hub_honours_offline_mode() -> None:
    code = (
        "from search.encoder import ModelError, open_model\n"
        "try:\n    open_model('nobody/nothing')\n"
        "except ModelError as error:\n    assert 'could not be fetched' in str(error), error\n"
        "else:\n    raise SystemExit(1)"
    )
    environment = {"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0


# What models are made into


def test_eight_bits_a_row_are_half_a_step_off_at_most() -> None:
    weights = np.random.default_rng(0).normal(size=(20, 300)).astype(np.float32)
    weights[1] = 0
    weights[2] += 5
    stored, scale, zero = eight_bit_matrix(weights)
    assert stored.dtype == zero.dtype == np.uint8
    assert (np.abs(float_matrix(stored, scale, zero) - weights) <= scale * 0.501).all()
    assert (float_matrix(stored, scale, zero)[1] == 0).all()


@pytest.mark.slow
def test_what_was_prepared_and_is_damaged_is_prepared_again(
    published_layout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JMEDSEARCH_CACHE", str(tmp_path))
    encoder = load_encoder(str(published_layout), device="cpu")
    vector = encoder.encode_queries(["肺炎"])
    weights = encoder.backend.directory / "model.int8.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-100] ^= 1
    weights.unlink()  # the encoder has it mapped
    weights.write_bytes(damaged)
    again = load_encoder(str(published_layout), device="cpu")
    assert "is prepared again" in capsys.readouterr().err
    np.testing.assert_array_equal(again.encode_queries(["肺炎"]), vector)


def test_what_the_base_installation_lacks_is_named(published_layout: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'sentencepiece', 'huggingface_hub'):\n"
        "    sys.modules[name] = None\n"
        "from search.encoder import ModelError, load_encoder\n"
        "for model, device in ((sys.argv[1], 'cpu'), ('a/b', 'cpu'), ('embedded', 'cuda')):\n"
        "    try:\n"
        "        load_encoder(model, device)\n"
        "    except ModelError as error:\n"
        "        assert '[models]' in str(error) and 'pytorch.org' in str(error), error\n"
        "    else:\n"
        "        sys.exit(1)"
    )
    environment = {**os.environ, "JMEDSEARCH_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code, str(published_layout)]
    assert subprocess.run(command, env=environment, check=False).returncode == 0
