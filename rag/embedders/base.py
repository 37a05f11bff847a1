"""Base class of the embedders: LangChain's two methods on top of one that returns a matrix of unit rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from rag.ports import Matrix


class MatrixEmbeddings(Embeddings):
    """LangChain's `Embeddings` over `embed`, which a subclass defines."""

    name: str
    dimension: int
    max_tokens: int
    is_static: bool = False

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit rows, one per text, float32."""

    def embed_each(self, texts: Sequence[str]) -> tuple[Matrix, dict[int, str]]:
        """The rows of `embed`, and the reasons of refused texts by number: an embedder on this machine refuses none."""
        return self.embed(texts), {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A list of floats per text."""
        rows: list[list[float]] = self.embed(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """A list of floats."""
        row: list[float] = self.embed([text])[0].tolist()
        return row


def unit_rows(matrix: Matrix) -> Matrix:
    """
    Each row divided by its length; a row of zeros, which no text of words has, becomes the first axis.

    Shapes: (n, d) to (n, d), float32.
    """
    rows = np.asarray(matrix, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    rows[lengths[:, 0] == 0, 0] = 1.0
    return rows  # type: ignore[no-any-return]
