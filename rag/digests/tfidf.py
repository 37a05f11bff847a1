"""
TF-IDF of a period's papers over words, stems, pairs of words and authors, in plain numpy.

It also gives back words as they are written. It does not search; the word index does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rag.checking.words import FUNCTION_WORDS, stems
from rag.retrieval.late_interaction import STOP_WORDS
from rag.types import Paper

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]
_WORD = re.compile(r"[^\W\d_][^\W_]+")
_LINK = re.compile(r"https?://\S+")
_SILENT = FUNCTION_WORDS | STOP_WORDS
LONGEST = 40
"""Characters of a word that is shown."""
COMMON, EVERYWHERE = 1 / 3, 1 / 2
"""A word that a larger share of the papers have is no reason for a paper; beyond the second share it is in no row."""
ENOUGH = 40
"""With fewer papers it cannot be told which words are common."""
AUTHOR = 2.5
"""The weight of a word of an author's name, against one of the text: a group often writes on one subject."""


class Terms:
    """
    Unit rows of TF-IDF, one per paper, over stems and words of title and abstract, and over pairs of words and words of
    authors' names that two papers have. Terms of more than half of the papers are left out.

    A row has √tf · (log((1 + n) / (1 + df)) + 1) for each of its terms (Manning,
    Raghavan and Schütze, "Introduction to Information Retrieval", 2008, ch. 6: damped tf, smoothed idf).

    Args:
        papers: A paper a row; the same order gives the same bits.
        topics: Texts that get rows too, after those of the papers.
        known: How many of the papers, from the first on, say how rare a term is.
    """

    def __init__(self, papers: Sequence[Paper], topics: Sequence[str], *, known: int) -> None:
        texts = [f"{paper.title}\n{paper.abstract}" for paper in papers] + list(topics)
        self.size, self.width, self._known = len(texts), 0, known
        written = [_WORD.findall(_LINK.sub(" ", text)) for text in texts]
        row_of, word_of, self._words = _numbered(written)
        lowered = [word.lower() for word in self._words]
        _, self._stem, _ = _numbered([stems(lowered)])
        _, plain, _ = _numbered([lowered])
        speaking = np.array([word not in _SILENT for word in lowered], dtype=bool)[word_of]
        self._starts = np.searchsorted(row_of, np.arange(self.size + 1))
        self._tokens, row_of, word_of = word_of, row_of[speaking], word_of[speaking]
        stem_of, plain_of = self._stem[word_of], plain[word_of]
        together = row_of[1:] == row_of[:-1]
        pairs = (plain_of[:-1] * len(self._words) + plain_of[1:])[together]
        by, name, _ = _numbered([list(dict.fromkeys(_WORD.findall(" ".join(p.authors).lower()))) for p in papers])
        parts = [self._part(row_of, stem_of, in_rows=1)]
        self._stems = self.width
        holders = np.bincount(parts[0][1][parts[0][0] < known], minlength=self._stems)
        self._common = holders > (COMMON * known if known >= ENOUGH else known)
        parts += [
            self._part(row_of, plain_of, in_rows=1),
            self._part(row_of[1:][together], np.unique(pairs, return_inverse=True)[1], in_rows=2),
            self._part(by, name, in_rows=2, weight=AUTHOR),
        ]
        rows, columns, values = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(rows, kind="stable")
        self._first = np.searchsorted(rows[order], np.arange(self.size + 1))
        self.rows, self.columns, values = rows[order], columns[order], values[order]
        lengths = np.sqrt(np.bincount(self.rows, values**2, minlength=self.size))
        self.values: Array = values / lengths[self.rows]

    def _part(
        self, row_of: Numbers, term_of: Numbers, *, in_rows: int, weight: float = 1.0
    ) -> tuple[Numbers, Numbers, Array]:
        """
        Row, column and value of each cell of one kind of term, of those that some rows have; its columns follow those
        that there are.
        """
        width = int(term_of.max(initial=0)) + 1
        cells, counts = np.unique(row_of * width + term_of, return_counts=True)
        rows, terms = np.divmod(cells, width)
        kept = np.bincount(terms, minlength=width)[terms] >= in_rows
        rows, terms, counts = rows[kept], terms[kept], counts[kept]
        holding = np.bincount(terms[rows < self._known], minlength=width)
        if self._known >= ENOUGH:
            telling = holding[terms] <= EVERYWHERE * self._known
            rows, terms, counts = rows[telling], terms[telling], counts[telling]
        rarity = np.log((1 + self._known) / (1 + holding)) + 1
        offset, self.width = self.width, self.width + width
        return rows, terms + offset, weight * np.sqrt(counts) * rarity[terms]

    def mean(self, rows: NDArray[np.intp], weights: Array | None = None) -> Array:
        """The mean of some rows, weighted, shape (width,)."""
        shares = np.ones(len(rows)) if weights is None else weights
        if len(rows) > self.size // 4:
            share = np.bincount(rows, shares, minlength=self.size)[self.rows]
            total = np.bincount(self.columns, self.values * share, minlength=self.width).astype(np.float64)
        else:
            total = np.zeros(self.width)
            for row, weight in zip(rows.tolist(), shares.tolist(), strict=True):
                cells = slice(self._first[row], self._first[row + 1])
                total[self.columns[cells]] += weight * self.values[cells]
        return np.asarray(total / max(1e-9, float(shares.sum())))

    def times(self, profile: Array) -> Array:
        """Every row's product with a profile of shape (width,)."""
        return np.bincount(self.rows, self.values * profile[self.columns], minlength=self.size).astype(np.float64)

    def salience(self, row: int, profile: Array, *, limit: int, part: float = 0.0) -> list[str]:
        """
        The words that a row shares with a profile, by their stems, the most salient first: by the product of the
        weights, without those that a third of the papers have. Words are as its text writes them, without the capital
        of a title or a sentence if it also has them without. `part` is the weight that the row itself has in the
        profile: what only the row brought into it is not shared.
        """
        first, end = self._first[row], self._first[row + 1]
        columns = self.columns[first:end]
        columns = columns[columns < self._stems]  # the stems come first
        values = self.values[first : first + len(columns)]
        products = np.round(values * (profile[columns] - part * values), 9)
        products[self._common[columns]] = 0.0
        both = np.flatnonzero(products > 0)
        best = columns[both[np.argsort(-products[both], kind="stable")[:limit]]]
        tokens = self._tokens[self._starts[row] : self._starts[row + 1]]
        spellings = [[self._words[word] for word in tokens[self._stem[tokens] == stem].tolist()] for stem in best]
        found = [next((word for word in words if word.islower()), words[0]) for words in spellings]
        return [word for word in found if len(word) <= LONGEST]


def _numbered(lists: Sequence[Sequence[str]]) -> tuple[Numbers, Numbers, list[str]]:
    """The list and the number of each word, and the words by number."""
    number = {word: at for at, word in enumerate(dict.fromkeys(chain.from_iterable(lists)))}
    lengths = [len(words) for words in lists]
    numbers = np.fromiter(map(number.__getitem__, chain.from_iterable(lists)), np.intp, sum(lengths))
    return np.repeat(np.arange(len(lists)), lengths), numbers, list(number)
