"""Known items as a test of an encoder that learns: how well queries made of a library's records
find them again. The queries are those that the fusion weight is learnt from."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from indexer.learning.fusion_weight import KnownItem, known_items
from indexer.train.embedder import Base, Embedder
from search.library.generation import Generation

# Among so many other records a set-aside one has to be found.
_HAYSTACK = 300
# Records that known items are looked for in; not all of them have text enough.
_CANDIDATES = 200
_TOGETHER = 32


class KnownItemTest:
    """Queries made of records that are set aside, which have to find them by the rest of their
    text. ``others`` are the numbers of the records that may be learnt from."""

    def __init__(
        self, generation: Generation, base: Base, encoder: torch.nn.Module, seed: int
    ) -> None:
        self.base = base
        self.embedder = Embedder(encoder, base.directory.pooling)
        numbers = [
            int(row["number"])
            for row in generation.database.execute("select number from records order by number")
        ]
        random.Random(seed).shuffle(numbers)
        # Of at most a fifth of a small library.
        few = numbers[: min(len(numbers) // 5, _CANDIDATES)]
        records = generation.records(few)
        own = {n: records[n] for n in few}
        self.items: list[KnownItem] = [
            item for latin in (False, True) for item in known_items(own, latin=latin)
        ]
        chosen = {item.number for item in self.items}
        self.others = [number for number in numbers if number not in chosen]
        haystack = generation.records(self.others[:_HAYSTACK])
        self.texts = [next(haystack[n].versions()).text for n in sorted(haystack)]

    @torch.inference_mode()
    def measure(self) -> float:
        """The mean reciprocal rank of the known items' records, each kind counting the same."""
        profile = self.base.directory.profile
        queries = self._vectors([item.query for item in self.items], profile.query_prefix)
        rests = list(dict.fromkeys(item.rest for item in self.items))
        own = self._vectors(rests, profile.passage_prefix)
        others = self._vectors(self.texts, profile.passage_prefix)
        place = {rest: i for i, rest in enumerate(rests)}
        right = np.array([place[item.rest] for item in self.items])
        numbers = {item.rest: item.number for item in self.items}
        of_rest = np.array([numbers[rest] for rest in rests])
        scores = queries @ own.T
        wanted = scores[np.arange(len(right)), right]
        # The other forms of the same record do not count as others.
        apart = of_rest[None, :] != np.array([item.number for item in self.items])[:, None]
        better = ((scores > wanted[:, None]) & apart).sum(1)
        better = better + (queries @ others.T > wanted[:, None]).sum(1)
        gains: dict[str, list[float]] = {}
        for item, rank in zip(self.items, better, strict=True):
            gains.setdefault(item.kind, []).append(1 / (1 + int(rank)))
        return float(np.mean([np.mean(found) for found in gains.values()]))

    def _vectors(self, texts: Sequence[str], prefix: str) -> Any:
        self.embedder.eval()
        device = next(self.embedder.parameters()).device
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows: dict[int, Any] = {}
        for start in range(0, len(order), _TOGETHER):
            some = order[start : start + _TOGETHER]
            batch = self.base.batch([texts[i] for i in some], prefix)
            found = self.embedder({k: v.to(device) for k, v in batch.items()})["sentence_embedding"]
            rows |= dict(zip(some, functional.normalize(found, dim=1).float().cpu(), strict=True))
        self.embedder.train()
        return torch.stack([rows[i] for i in range(len(texts))]).numpy()
