"""The text profile: what an encoder wants of its input. It belongs to the model."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import regex

from search.text.fold import nfkc, to_full_width

Normalization = Literal["full-width", "nfkc", "none"]

MASK = "[MASK]"
# What users type where a word is to be guessed: the token itself in any width, or a blank to fill.
_MASK_TYPED: regex.Pattern = regex.compile(
    r"(?:\[|［)\s*(?:MASK|ＭＡＳＫ)\s*(?:\]|］)|[＿_]{2,}", regex.IGNORECASE
)
# Stands for the mask while text is folded: private use, which no folding touches.
_PLACEHOLDER = "\ue000"

_FOLD: dict[str, Callable[[str], str]] = {
    "full-width": to_full_width,
    "nfkc": nfkc,
    "none": str,
}


@dataclass(frozen=True)
class TextProfile:
    """Normalisation, prefixes and the longest input (tokens, special ones included)."""

    normalization: Normalization = "nfkc"
    query_prefix: str = ""
    passage_prefix: str = ""
    max_tokens: int = 512

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "TextProfile":
        """A profile from plain data.

        Raises:
            ValueError: for a normalisation that does not exist, naming those that do.
        """
        profile = cls(**data)
        if profile.normalization not in get_args(Normalization):
            raise ValueError(
                f"text profile: normalization is {profile.normalization!r}; "
                f"it should be one of {', '.join(get_args(Normalization))}"
            )
        return profile

    def to_json(self) -> str:
        """The profile as it is stored beside a model and in a manifest."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    def normalize(self, text: str) -> str:
        """``text`` as the model was trained to read it, without any prefix."""
        return _FOLD[self.normalization](text)

    def normalize_with_mask(self, text: str) -> str:
        """Like :meth:`normalize`; ``[MASK]`` in any width and blanks (＿＿) survive as the mask."""
        return self.normalize(mark_masks(text)).replace(_PLACEHOLDER, MASK)


def mark_masks(text: str) -> str:
    """``text`` with every typed mask replaced by one private-use character."""
    return str(_MASK_TYPED.sub(_PLACEHOLDER, text.replace(_PLACEHOLDER, "")))


def has_mask(text: str) -> bool:
    """Whether a user asks for a word to be filled in."""
    return bool(_MASK_TYPED.search(text))


def split_masks(text: str) -> list[str]:
    """The parts of ``text`` between typed masks: one more than there are masks."""
    return [str(part) for part in _MASK_TYPED.split(text)]


def with_blanks(text: str) -> str:
    """``text`` with a blank for each character of a mask: of the same length."""
    return str(_MASK_TYPED.sub(lambda mask: " " * len(mask.group()), text))


def without_masks(text: str) -> str:
    """``text`` without typed masks: what remains to be searched."""
    return " ".join(_MASK_TYPED.sub(" ", text).split())
