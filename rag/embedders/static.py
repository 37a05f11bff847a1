"""
The default embedder: WordLlama's static token vectors, mean-pooled. No download, no GPU, some thousand texts a second.

Source: Miller, "WordLlama: Recycled Token Embeddings from Large Language Models", 2024.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from rag.embedders.base import MatrixEmbeddings, unit_rows
from rag.errors import EmbedderUnavailable
from rag.ports import Matrix

BATCH_CHARS = 32_000
"""WordLlama pads a batch to its longest text and holds 1 KB a token, some four characters, twice over: about 16 MB."""
_LOADING = Lock()


class StaticEmbedder(MatrixEmbeddings):
    """
    256-dimension vectors from the wheel of the `wordllama` package.

    It has no limit of its own on the length of a text, and whole abstracts rank best (docs/evaluation.md, “Chunk
    size”): `max_tokens` only cuts texts that are much longer than an abstract. Any number of threads may use it.
    """

    name = "static-256"
    dimension = 256
    max_tokens = 8_192
    is_static = True

    @property
    def _model(self) -> Any:
        """Loaded when first used: an import whose texts are embedded by the helper process needs it only there."""
        with _LOADING:
            return _load()

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit rows of shape (len(texts), 256)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # so that little is padding
        matrix = np.empty((len(texts), self.dimension), dtype=np.float32)
        while by_length:
            count = max(1, min(len(by_length), BATCH_CHARS // max(1, len(texts[by_length[-1]]))))
            batch, by_length = by_length[-count:], by_length[:-count]
            matrix[batch] = self._model.embed([texts[at] or " " for at in batch], norm=False, batch_size=count)
        return unit_rows(matrix)

    def word_vectors(self, words: Sequence[str]) -> Matrix:
        """Unit rows for single words of shape (len(words), 256); a word of several tokens is their mean."""
        table, vocabulary = self._model.embedding, _vocabulary()
        whole = [vocabulary.get("\u2581" + word) for word in words]  # most words are one token: no tokenizer needed
        rows = table[[token or 0 for token in whole]]
        rare = [at for at, token in enumerate(whole) if token is None]
        if rare:
            rows[rare] = self._model.embed([words[at] for at in rare], norm=False)
        return unit_rows(rows)

    def count(self, text: str) -> int:
        """Tokens by WordLlama's own tokenizer."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False).ids)


@cache
def _load() -> Any:
    """The model, which never changes: one for all libraries of a process, a third of a second and 80 MB each time."""
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


@cache
def _vocabulary() -> dict[str, int]:
    vocabulary: dict[str, int] = _load().tokenizer.get_vocab()
    return vocabulary
