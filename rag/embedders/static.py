"""
The default embedder: WordLlama's static token vectors, mean-pooled. No download, no GPU, some thousand texts a second.

Source: Miller, "WordLlama: Recycled Token Embeddings from Large Language Models", 2024.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedders.base import MatrixEmbeddings, unit_rows
from rag.errors import EmbedderUnavailable
from rag.ports import Matrix

BATCH = 64  # WordLlama pads a batch to its longest text: memory is batch × longest × 1 KB


class StaticEmbedder(MatrixEmbeddings):
    """
    256-dimension vectors from the wheel of the `wordllama` package.

    It has no limit of its own on the length of a text; `max_tokens` is the chunk size that ranked best
    (docs/evaluation.md, “Chunk size”).
    """

    name = "static-256"
    dimension = 256
    max_tokens = 2_048

    def __init__(self) -> None:
        self._model = _load()

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit rows of shape (len(texts), 256)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # so that little is padding
        rows = self._model.embed([texts[at] or " " for at in by_length], norm=False, batch_size=BATCH)
        matrix = np.empty((len(texts), self.dimension), dtype=np.float32)
        matrix[by_length] = rows
        return unit_rows(matrix)

    def word_vectors(self, words: Sequence[str]) -> Matrix:
        """Unit rows for single words of shape (len(words), 256); a word of several tokens is their mean."""
        table, vocabulary = self._model.embedding, self._vocabulary
        whole = [vocabulary.get("\u2581" + word) for word in words]  # most words are one token: no tokenizer needed
        rows = table[[token or 0 for token in whole]]
        rare = [at for at, token in enumerate(whole) if token is None]
        if rare:
            rows[rare] = self._model.embed([words[at] for at in rare], norm=False, batch_size=BATCH)
        return unit_rows(rows)

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        vocabulary: dict[str, int] = self._model.tokenizer.get_vocab()
        return vocabulary

    def count(self, text: str) -> int:
        """Tokens by WordLlama's own tokenizer."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False).ids)


def _load() -> Any:
    try:
        level = logging.getLogger().level, list(logging.getLogger().handlers)
        import wordllama  # importing it calls logging.basicConfig

        root = logging.getLogger()
        root.setLevel(level[0])
        root.handlers[:] = level[1]
        # its own folder as the cache: it looks for the tokenizer under a folder name that its wheel does not have
        return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True, dim=256)
    except (ImportError, OSError, ValueError) as error:
        raise EmbedderUnavailable(
            f"The static embedder cannot be loaded: {error}.",
            hint="Reinstall it: `pip install --force-reinstall wordllama`.",
        ) from error
