"""How papers are cut into chunks for an embedder, and embedded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from rag import text
from rag.ports import Embedder, Matrix
from rag.types import Chunk, Paper

Cuts = dict[str, tuple[Chunk, ...]]
"""The chunks of each paper; a paper whose text the embedder refused has none, and is found by its words only."""


def cut(paper: Paper, embedder: Embedder) -> tuple[Chunk, ...]:
    """The chunks of a paper, none longer than the embedder takes; none of a paper without an abstract."""
    if not paper.abstract:
        return ()
    return text.chunks(paper, max_tokens=embedder.max_tokens, count=embedder.count)


def embedding_text(paper: Paper, chunk: Chunk) -> str:
    """The text that is embedded for a chunk. The title goes first, because sentences seldom name their topic."""
    return f"{paper.title}\n{chunk.text}"


def embed(embedder: Callable[[], Embedder], papers: Mapping[str, Paper]) -> tuple[Cuts, Matrix]:
    """
    Cut papers into chunks and embed these.

    Args:
        embedder: Makes the embedder, if there is a paper.
        papers: By id.

    Returns:
        The chunks of each paper, and a unit row for each chunk, in order. A paper with a text that the embedder takes
        in no form has no chunks.
    """
    if not papers:
        return {}, np.zeros((0, 0), dtype=np.float32)
    made = embedder()
    cuts = {paper_id: cut(paper, made) for paper_id, paper in papers.items()}
    chunks = in_order(cuts)
    vectors, refused = made.embed_each([embedding_text(papers[chunk.paper_id], chunk) for chunk in chunks])
    return without_refused(cuts, vectors, {chunks[at].paper_id for at in refused})


def without_refused(cuts: Cuts, vectors: Matrix, refused: Collection[str]) -> tuple[Cuts, Matrix]:
    """The cuts and their rows, without the chunks of the papers that were refused."""
    if not refused:
        return cuts, vectors
    kept = [chunk.paper_id not in refused for chunk in in_order(cuts)]
    return {name: () if name in refused else chunks for name, chunks in cuts.items()}, vectors[kept]


def in_order(cuts: Cuts) -> Sequence[Chunk]:
    """All chunks, in the order of their rows."""
    return [chunk for of_paper in cuts.values() for chunk in of_paper]
