"""Small papers for the contract suites."""

from __future__ import annotations

from rag.ports import Vectors
from rag.types import Chunk, Paper


def paper(number: int, *, text: str = "", title: str = "", **rest: object) -> Paper:
    """A small paper `p:<number>`."""
    abstract = text or f"The abstract of paper {number}."
    return Paper(
        paper_id=f"p:{number}",
        title=title or f"Title {number}",
        abstract=abstract,
        imported="2026-07-01",
        source="jsonl",
        aliases=(f"p:{number}",),
        spans=((0, len(abstract)),),
        **rest,  # type: ignore[arg-type]
    )


def chunk(of: Paper, number: int = 0) -> Chunk:
    """The whole abstract as chunk `number`."""
    return Chunk(paper_id=of.paper_id, number=number, start=0, end=len(of.abstract), text=of.abstract)


def chunk_ids(vectors: Vectors) -> list[str]:
    """The ids of all chunks."""
    return [chunk_id for chunk_id, _, _ in vectors.documents()]
