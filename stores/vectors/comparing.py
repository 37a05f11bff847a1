"""Exact search: the vectors of a set of papers, compared one by one, and a cache of the last sets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

import numpy as np

from rag.ports import Matrix
from stores.vectors.collection import parts

_MOST_BYTES = 64_000_000
"""Of all vectors that are kept."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Unit rows of chunks; `keys` are their paper ids and numbers, sorted."""

    keys: list[tuple[str, int]]
    matrix: Matrix

    @classmethod
    def of(cls, pages: Iterable[tuple[list[str], Matrix]]) -> Rows:
        """Rows of pages of chunk ids with their vectors."""
        chunk_ids, matrices = list[str](), list[Matrix]()
        for found, rows in pages:
            chunk_ids += found
            matrices.append(rows)
        if not chunk_ids:
            return cls([], np.zeros((0, 0), dtype=np.float32))
        keys = list(map(parts, chunk_ids))
        order = sorted(range(len(keys)), key=keys.__getitem__)
        matrix = np.concatenate(matrices)[order]
        lengths = np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
        return cls([keys[row] for row in order], matrix / lengths)

    def nearest(self, vector: Matrix, limit: int) -> list[tuple[str, int, float]]:
        """Paper id, number and cosine of the nearest, best first, ties by id."""
        if not self.keys:
            return []
        cosines = self.matrix @ np.asarray(vector, dtype=np.float32)
        return [(*self.keys[row], float(cosines[row])) for row in np.argsort(-cosines, kind="stable")[:limit]]


class RowsCache:
    """The rows of the last sets of papers, for readers that ask with the same filter again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: OrderedDict[tuple[str, ...], Rows] = OrderedDict()
        self._edition = 0

    def of(self, paper_ids: tuple[str, ...], read: Callable[[], Rows]) -> Rows:
        """The rows of papers, read if they are not there."""
        with self._lock:
            edition = self._edition
            if paper_ids in self._rows:
                self._rows.move_to_end(paper_ids)
                return self._rows[paper_ids]
        rows = read()
        with self._lock:
            if edition == self._edition and rows.matrix.nbytes <= _MOST_BYTES:
                self._rows[paper_ids] = rows
                while sum(kept.matrix.nbytes for kept in self._rows.values()) > _MOST_BYTES:
                    self._rows.popitem(last=False)
        return rows

    def clear(self) -> None:
        """Forget all, also what is just being read: vectors changed."""
        with self._lock:
            self._edition += 1
            self._rows.clear()
