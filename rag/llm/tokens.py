"""Counting tokens as a model's server will: by tiktoken, or by a stated estimate where its vocabulary cannot be had."""

from __future__ import annotations

import math
from typing import Any

ESTIMATED_TOKENS_PER_BYTE = 0.34
"""An upper bound: over 20,000 arXiv abstracts o200k_base has 0.179 tokens a byte on average and 0.320 at most."""


class Counter:
    """
    Counts and cuts texts for one model.

    `estimated` says that the counts are the estimate; tiktoken downloads a vocabulary at first use, and offline it
    cannot.
    """

    def __init__(self, model: str) -> None:
        self._encoding = _encoding(model)
        self.estimated = self._encoding is None

    def count(self, text: str) -> int:
        """Tokens in a text."""
        if self._encoding is None:
            return math.ceil(ESTIMATED_TOKENS_PER_BYTE * len(text.encode(errors="replace")))
        return len(self._encoding.encode_ordinary(text))

    def cut(self, text: str, max_tokens: int) -> str:
        """The longest beginning of the text that has at most `max_tokens` tokens."""
        if self.count(text) <= max_tokens:
            return text
        if self._encoding is not None:
            cut: str = self._encoding.decode(self._encoding.encode_ordinary(text)[:max_tokens], errors="ignore")
            return cut
        return text.encode()[: int(max_tokens / ESTIMATED_TOKENS_PER_BYTE)].decode(errors="ignore")


def _encoding(model: str) -> Any:
    import tiktoken

    try:
        try:
            return tiktoken.encoding_for_model(model)
        except KeyError:
            return tiktoken.get_encoding("o200k_base")
    except Exception:  # noqa: BLE001 - whatever its download raises, the estimate serves
        return None
