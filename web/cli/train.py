"""The commands that make models: ``train``, ``finetune`` and ``adapt``. torch is imported when they
run."""

import importlib.util
from dataclasses import asdict
from pathlib import Path

import click

from search.extras import how_to_install
from search.library.library import Library
from web.cli.options import ShownErrors, library_option

_TRAINING = ("torch", "transformers", "accelerate", "matplotlib")
_FINE_TUNING = (*_TRAINING, "sentence_transformers", "seqeval", "sklearn")

_config_argument = click.argument(
    "config", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
_output_option = click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the model, and of its checkpoints while it is trained.",
)
_stop_option = click.option(
    "--stop-after",
    type=click.IntRange(1),
    help="Stop after so many steps, with a checkpoint; the same command goes on from there.",
)


def _require(packages: tuple[str, ...]) -> None:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"training needs packages that are not installed ({', '.join(missing)}); "
            f"install them with: {how_to_install('train')}"
        )


@click.group()
def train() -> None:
    """Make a model: its tokenizer, pre-training, distillation (docs/training.md)."""


@train.command("tokenizer", cls=ShownErrors)
@click.argument("texts", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the tokenizer.",
)
@click.option("--vocabulary", default=50_000, show_default=True, help="How many pieces it has.")
def train_tokenizer_command(texts: tuple[Path, ...], output: Path, vocabulary: int) -> None:
    """Train a SentencePiece unigram tokenizer over full-width text.

    TEXTS are .txt (a text a line) or .jsonl ("text") files, gzipped or not, or libraries.
    """
    _require(("sentencepiece", "transformers"))
    from indexer.train.texts import read_texts
    from indexer.train.tokenizer_training import train_tokenizer

    train_tokenizer(read_texts(texts), vocabulary, output)
    click.echo(f"{output}: {vocabulary} pieces")


@train.command("pretrain", cls=ShownErrors)
@_config_argument
@_output_option
@_stop_option
def pretrain_command(config: Path, output: Path, stop_after: int | None) -> None:
    """Pre-train a BERT by masked language modelling, as CONFIG (YAML) says.

    Run it again to go on from the last checkpoint; start it with torchrun for several GPUs.
    """
    _require(_TRAINING)
    from indexer.train.config import read_config
    from indexer.train.pretrain import PretrainConfig, pretrain

    pretrain(read_config(config, PretrainConfig), output, stop_after)
    _say_where(output)


@train.command("distill", cls=ShownErrors)
@_config_argument
@_output_option
@_stop_option
def distill_command(config: Path, output: Path, stop_after: int | None) -> None:
    """Teach a small model to embed as a teacher does and to fill masks, as CONFIG (YAML) says.

    Run it again to go on from the last checkpoint.
    """
    _require(_TRAINING)
    from indexer.train.config import read_config
    from indexer.train.distill import distill
    from indexer.train.distill_config import DistillConfig

    distill(read_config(config, DistillConfig), output, stop_after)
    _say_where(output)


@train.command("average", cls=ShownErrors)
@click.argument("models", nargs=-1, required=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the model.",
)
@click.option("--licence", default="", help="Licence of the model, for its card.")
def average_command(models: tuple[str, ...], output: Path, licence: str) -> None:
    """Write a model whose weights are the mean of those of MODELS.

    They have to share architecture and tokenizer: students of one line at different stages. The
    mean often joins what each is better at.
    """
    _require(_TRAINING)
    from indexer.train.average import average

    _say_where(average(models, output, licence))


@train.command("cloze", cls=ShownErrors)
@click.argument("model")
@click.argument("texts", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--held-out-share",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Take the sentences that training with this share left out; 1 takes all.",
)
@click.option("--limit", default=1_000, show_default=True, help="How many pieces to guess.")
def cloze_command(model: str, texts: tuple[Path, ...], held_out_share: float, limit: int) -> None:
    """Measure how well MODEL guesses masked content words in the held-out sentences of TEXTS.

    Prints the share of pieces among its first 1 and 10 guesses, and the perplexity.
    """
    from indexer.train.cloze import cloze_of

    found = cloze_of(model, texts, held_out_share, limit)
    for name, value in asdict(found).items():
        click.echo(f"{name}: {value:.4g}")


@click.command(cls=ShownErrors)
@_config_argument
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the model.",
)
def finetune(config: Path, output: Path) -> None:
    """Fine-tune a model on a task of your own, as CONFIG (YAML) says.

    The task is classification, tokens (named entities, IOB2) or retrieval; measures on a held-out
    part are printed and kept in the model's card.
    """
    _require(_FINE_TUNING)
    from indexer.train.config import read_config
    from indexer.train.finetune import FinetuneConfig
    from indexer.train.finetune import finetune as run

    for name, value in run(read_config(config, FinetuneConfig), output).items():
        click.echo(f"{name}: {value:.4f}")
    _say_where(output)


def _say_where(output: Path) -> None:
    if (output / "config.json").exists():
        click.echo(f"{output}: use it with --model {output}")
    else:
        click.echo(f"{output}: stopped; run the same command to go on")


@click.command(cls=ShownErrors)
@library_option
@_output_option
@click.option(
    "--model", help="Model to adapt: a directory or an id on the hub [default: the library's own]."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="YAML with any of: steps, batch, learning_rate, … (docs/training.md).",
)
@_stop_option
def adapt(
    library: Path,
    output: Path,
    model: str | None,
    config_file: Path | None,
    stop_after: int | None,
) -> None:
    """Teach a model to retrieve from a library's own text, without labels.

    Titles, translations, sentences, definitions and terms of the records are what it learns from.
    The best state by a test that it makes itself becomes the new model; run it again to go on from
    the last checkpoint. Then index the library anew with --model.
    """
    _require((*_TRAINING, "sentence_transformers"))
    from indexer.train.adapt import AdaptConfig
    from indexer.train.adapt import adapt as run
    from indexer.train.config import read_config

    model = model or str(Library(library).generation().manifest.model_source)
    given = {"library": library.resolve(), "model": model}
    figures = run(read_config(config_file, AdaptConfig, given), output, stop_after)
    for name, value in figures.items():
        click.echo(f"{name}: {value:.4g}")
    if figures and not figures["best at step"]:
        click.echo("no step was better than the model it started from; that model was kept")
    _say_where(output)


commands: list[click.Command] = [train, finetune, adapt]
