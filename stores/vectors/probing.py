"""Search for chunks by their own vectors: a graph that two writers broke counts chunks that it does not find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from rag.ports import Matrix

_NEAREST = 10
_BROAD = 3_000
"""Nearest chunks among which one is searched for that the 10 nearest are without."""
_SAME = 1e-4
"""Distance within which two vectors are the same one."""


def hidden(using: Callable[[], AbstractContextManager[Any]], vectors: Mapping[str, Matrix]) -> list[str]:
    """
    The chunks that even a broad search by their own vector does not find.

    Args:
        using: Gives the collection for one call.
        vectors: A unit row of shape (dimension,) for each chunk id.
    """
    limits = (_NEAREST, _BROAD)
    return [
        chunk_id
        for chunk_id, row in vectors.items()
        if not any(_finds(using, chunk_id, row, limit) for limit in limits)
    ]


def _finds(using: Callable[[], AbstractContextManager[Any]], chunk_id: str, vector: Matrix, limit: int) -> bool:
    """True if a search by a chunk's own vector finds it, or another one with the same vector."""
    with using() as collection:
        near = collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
    return chunk_id in near["ids"][0] or min(near["distances"][0], default=1.0) <= _SAME
