"""
The terms of a period's papers: TF-IDF over stems, in plain numpy, with the way back to the words as they are written.

It does not search; the lexical index does, over the library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rag.checking.words import FUNCTION_WORDS, stems
from rag.reading import STOP_WORDS
from rag.types import Paper

Array = NDArray[np.float64]
_WORD = re.compile(r"[^\W\d_][^\W_]+")
_LINK = re.compile(r"https?://\S+")
_SILENT = FUNCTION_WORDS | STOP_WORDS
TITLE = 2
"""A word of the title counts as often as this many of the abstract."""


class Terms:
    """
    Unit rows of TF-IDF, one per paper, over the stems of titles and abstracts.

    A row has (1 + log tf) · (log((1 + n) / (1 + df)) + 1) for each of its stems, tf being counted with the title twice
    (Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, ch. 6: sublinear tf, smoothed idf).

    Args:
        papers: A paper a row; the same order gives the same bits.
        topics: Texts that get rows too, after those of the papers.
        known: How many of the papers, from the first on, say how rare a stem is.
    """

    def __init__(self, papers: Sequence[Paper], topics: Sequence[str], *, known: int) -> None:
        texts = [f"{paper.title}\n" * TITLE + paper.abstract for paper in papers] + list(topics)
        self._words = [_WORD.findall(_LINK.sub(" ", text)) for text in texts]
        number = _numbered(self._words)
        self._stems = [np.fromiter(map(number.__getitem__, words), np.int64, len(words)) for words in self._words]
        self.size, self.width = len(texts), max(number.values(), default=0) + 1
        keys = np.concatenate([found[found >= 0] + row * self.width for row, found in enumerate(self._stems)])
        cells, counts = np.unique(keys, return_counts=True)
        self.rows, self.stems = cells // self.width, cells % self.width
        holding = np.bincount(self.stems[self.rows < known], minlength=self.width)
        rarity = np.log((1 + known) / (1 + holding)) + 1
        values = (1 + np.log(counts)) * rarity[self.stems]
        self.values: Array = values / np.sqrt(np.bincount(self.rows, values**2, minlength=self.size))[self.rows]

    def mean(self, rows: NDArray[np.intp], weights: Array | None = None) -> Array:
        """The mean of some rows, weighted, shape (width,)."""
        share = np.bincount(rows, weights, minlength=self.size)
        total = np.bincount(self.stems, self.values * share[self.rows], minlength=self.width).astype(np.float64)
        return np.asarray(total / max(1e-9, float(share.sum())))

    def times(self, profile: Array) -> Array:
        """Every row's product with a profile of shape (width,)."""
        product: Array = np.bincount(self.rows, self.values * profile[self.stems], minlength=self.size).astype(
            np.float64
        )
        return product

    def telling(self, row: int, profile: Array, *, limit: int) -> list[str]:
        """
        The words that a row shares with a profile, the most telling first: by the product of the weights. They are as
        its text writes them, without the capital of a title or a sentence where it also has them without.
        """
        first, end = np.searchsorted(self.rows, [row, row + 1])
        own = self.stems[first:end]
        products = np.round(self.values[first:end] * profile[own], 9)
        best = [at for at in np.argsort(-products, kind="stable")[:limit] if products[at] > 0]
        return [self._written(row, int(own[at])) for at in best]

    def _written(self, row: int, stem: int) -> str:
        written: list[str] = [self._words[row][at] for at in np.flatnonzero(self._stems[row] == stem).tolist()]
        return next((word for word in written if word.islower()), written[0])


def _numbered(texts: Sequence[Sequence[str]]) -> dict[str, int]:
    """The number of the stem of every word as it is written; -1 for one that says nothing."""
    words = list(dict.fromkeys(chain.from_iterable(texts)))
    lowered = [word.lower() for word in words]
    numbers: dict[str, int] = {}
    return {
        word: -1 if lower in _SILENT else numbers.setdefault(stem, len(numbers))
        for word, lower, stem in zip(words, lowered, stems(lowered), strict=True)
    }
