"""How papers are cut into chunks for an embedder, and embedded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rag import text
from rag.ports import Embedder, Matrix
from rag.types import Chunk, Paper


def cut(paper: Paper, embedder: Embedder) -> tuple[Chunk, ...]:
    """The chunks of a paper, none longer than the embedder takes."""
    return text.chunks(paper, max_tokens=embedder.max_tokens, count=embedder.count)


def embedding_text(paper: Paper, chunk: Chunk) -> str:
    """The text that is embedded for a chunk. The title goes first, because sentences seldom name their topic."""
    return f"{paper.title}\n{chunk.text}"


def embed(embedder: Callable[[], Embedder], papers: Mapping[str, Paper], chunks: Sequence[Chunk]) -> Matrix:
    """A unit row per chunk; the embedder is made only if there is one."""
    if not chunks:
        return np.zeros((0, 0), dtype=np.float32)
    return embedder().embed([embedding_text(papers[chunk.paper_id], chunk) for chunk in chunks])
