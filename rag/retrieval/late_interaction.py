"""
Late interaction: how much of a question each sentence and each paper of the candidates covers, word by word.

A question is a set of weighted terms. A text covers a term fully where it holds the same stem, and partly by the
nearest of its words in a static word-vector space, so that "tumour" counts a little for "cancer". This is late
interaction (Khattab and Zaharia, "ColBERT", SIGIR 2020) with word vectors that need no model run. All features lie in
0 to 1 and grow neither with the length of a question nor with the size of a library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rag.ports import Matrix
from rag.question.words import ASKED_OF
from rag.retrieval.units import CONTRACTED, NAMED_IN_PART, Units, presence
from rag.types import Paper

Array = NDArray[np.float64]
WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://\S+")
_K1, _B = 1.2, 0.75  # BM25's, as tantivy has them
MAX_TERMS = 32
"""Of a longer question the rarest terms are kept."""
TITLE_SHARE = 0.5
"""Weight of a term that the title of a paper has and the sentence lacks: a sentence seldom repeats what the title
names."""

STOP_WORDS = frozenset(
    """
    a an the and or but nor if then than so as of at by for from in into on onto to with within without about
    between among during per via is are was were be been being am do does did done has have had having can could
    will would shall should may might must there here this that these those it its they them their he she his her we
    us our you your i me my what which who whom whose when where why how whether not no any some such both each
    either neither also only just very more most much many other another explain explains explained paper papers
    study studies article work show shows showed shown tell find finds found evidence known know say says vs
    """.split()
)
"""Words of a question that do not name its topic."""


def content_words(text: str) -> list[str]:
    """
    The words of a question without stop words, in order, each once.

    >>> content_words("What explains grokking, and why doesn't it happen at once?")
    ['grokking', 'happen', 'once']
    """
    words = list(dict.fromkeys(WORD.findall(CONTRACTED.sub("", text.lower()))))
    return [word for word in words if word not in STOP_WORDS]


@dataclass(frozen=True, slots=True)
class WordTable:
    """
    Stems and vectors of words, by the number of a word.

    Shapes: `stems` (n,), `vectors` (n, d) with unit rows; rows beyond the words that are known are unused.
    """

    stems: NDArray[np.intp]
    vectors: Matrix

    def alike(self, terms: NDArray[np.intp], words: NDArray[np.intp]) -> tuple[Matrix, Matrix]:
        """For each term and word: 1 where the stems are equal; and 1 there, otherwise the cosine of their vectors."""
        same = (self.stems[words][None, :] == self.stems[terms][:, None]).astype(np.float32)
        return same, np.maximum(same, self.vectors[terms] @ self.vectors[words].T)


@dataclass(slots=True)
class _Words:
    """The words known since the table last began anew; a word gets its number after its row is filled."""

    numbers: dict[str, int] = field(default_factory=dict)
    stems: dict[str, int] = field(default_factory=dict)
    table: WordTable = field(
        default_factory=lambda: WordTable(np.zeros(0, dtype=np.intp), np.zeros((0, 0), dtype=np.float32))
    )


class Vocabulary:
    """
    A growing table of words: the number of each one's stem, and its unit vector.

    Any number of threads may use it: rows that were handed out never change. Words are added beyond them, or to a new
    table.

    Args:
        stem: The stem of a word, as the lexical index has it.
        vectors: Unit rows for words.
        limit: How many words are kept; the table begins anew when it is full (1 KB a word).
    """

    def __init__(
        self, stem: Callable[[str], str], vectors: Callable[[Sequence[str]], Matrix], *, limit: int = 50_000
    ) -> None:
        self._stem, self._vectors, self._limit = stem, vectors, limit
        self._words = _Words()
        self._growing = Lock()

    def numbers(self, texts: Sequence[str]) -> tuple[list[NDArray[np.intp]], WordTable]:
        """
        The numbers of words, and the table that they are rows of.

        Returns:
            Per text the numbers of its words, in order, without the words of links, which say nothing about its topic.
        """
        tokens = [WORD.findall(_LINK.sub(" ", text.lower())) for text in texts]
        words = self._words
        new = list(dict.fromkeys(word for found in tokens for word in found if word not in words.numbers))
        if new and len(words.numbers) + len(new) > self._limit:
            words = self._words = _Words()
            new = list(dict.fromkeys(word for found in tokens for word in found))
        if new:
            self._learn(words, new)
        number = words.numbers.__getitem__
        return [np.fromiter(map(number, found), np.intp, len(found)) for found in tokens], words.table

    def _learn(self, words: _Words, new: Sequence[str]) -> None:
        vectors, stems = self._vectors(new), [self._stem(word) for word in new]
        with self._growing:
            rows = [
                row for row, word in enumerate(new) if word not in words.numbers
            ]  # another thread may have been first
            known = len(words.numbers)
            needed = known + len(rows)
            if needed > len(words.table.stems):
                room = max(2 * len(words.table.stems), needed, 4_096)
                grown = WordTable(np.zeros(room, dtype=np.intp), np.zeros((room, vectors.shape[1]), dtype=np.float32))
                if known:
                    grown.stems[:known] = words.table.stems[:known]
                    grown.vectors[:known] = words.table.vectors[:known]
                words.table = grown
            words.table.vectors[known:needed] = vectors[rows]
            for number, row in enumerate(rows, start=known):
                words.table.stems[number] = words.stems.setdefault(stems[row], len(words.stems))
                words.numbers[new[row]] = number


@dataclass(frozen=True, slots=True)
class MatchFeatures:
    """
    Query-term match features of n papers with m sentences in all; rows are in the order of the papers given.

    Shapes: `lexical`, `title`, `best`, `covered`, `unit_title`, `unit_paper` (n,); `sentence`, `position`,
    `unit_sentence`, `owner`, `number` (m,); `named`, `named_in_context` (u, m) for u units.

    Args:
        lexical: BM25 of the paper, as a share of the most it could be.
        title: Share of the question that the title covers.
        best: Share of the question that the paper's best sentence covers.
        covered: Share of the question that the whole paper covers.
        sentence: Share of the question that each sentence covers, what only the title covers counting half.
        position: 0 for the first sentence of an abstract, 1 for the last.
        unit_title: Share of the question's units that the title holds.
        unit_paper: Share of the question's units that the paper holds.
        unit_sentence: Share of the question's units that each sentence holds, what only the title holds counting half.
        named: How nearly each sentence or its title names each unit, 0 to 1: the mean of the unit's words,
            the rare ones counting more, each by the word that is most like it.
        named_in_context: The same with the sentence before.
        owner: The row of each sentence's paper.
        number: Each sentence's number in its paper, from 1.
    """

    lexical: Array
    title: Array
    best: Array
    covered: Array
    sentence: Array
    position: Array
    unit_title: Array
    unit_paper: Array
    unit_sentence: Array
    named: Array
    named_in_context: Array
    owner: NDArray[np.intp]
    number: NDArray[np.intp]


def match_features(
    words: Sequence[str], weights: Array, units: Units, papers: Sequence[Paper], vocabulary: Vocabulary
) -> MatchFeatures:
    """
    Compute query-term match features for each paper and sentence.

    Args:
        words: The question's terms, one word each.
        weights: Their shares, summing to 1.
        units: The question's phrases and single words.
        papers: At least one, each with sentences.
        vocabulary: The words known so far; it grows.
    """
    texts = [text for paper in papers for text in (paper.title, *(sentence.text for sentence in paper.sentences))]
    counts = np.array([1 + len(paper.spans) for paper in papers])
    first = np.cumsum(counts) - counts  # the row of each paper's title
    owner = np.repeat(np.arange(len(papers)), counts)
    asked = [" ".join(words), *(" ".join(unit) for unit in units.words)]
    numbers, table = vocabulary.numbers([*texts, *asked])
    numbers, (terms, *unit_words) = numbers[: len(texts)], numbers[len(texts) :]
    lengths = np.array([len(words_of_text) for words_of_text in numbers])
    flat = np.concatenate(numbers)
    filled = lengths > 0  # a title may be all punctuation
    starts = (np.cumsum(lengths) - lengths)[filled]
    used, back = _in_order_of_use(flat)
    same, near = table.alike(terms, used)

    def by_text(values: Matrix, reduce: np.ufunc) -> Matrix:
        reduced = np.zeros((len(terms), len(texts)), dtype=np.float32)
        if len(flat):
            reduced[:, filled] = reduce.reduceat(values[:, back], starts, axis=1)
        return reduced

    frequency = np.add.reduceat(by_text(same, np.add), first, axis=1)
    length = np.bincount(owner, lengths)
    saturation = _K1 * (1 - _B + _B * length / max(length.mean(), 1.0))
    soft = np.clip(by_text(near, np.maximum), 0, 1)
    cover = weights @ soft
    index = np.arange(len(texts)) - first[owner]
    body = index > 0
    in_context = cover + TITLE_SHARE * (
        weights @ np.maximum(soft[:, first[owner]] - soft, 0)
    )  # by the title, not by the sentence
    held = _held(units, [table.stems[unit] for unit in unit_words], table.stems[flat], lengths)
    of_title = held[:, first]
    with_title = np.maximum(soft, soft[:, first[owner]])
    with_before = np.maximum(with_title, np.roll(with_title, 1, axis=1))  # before the first stands the title
    words_of_units = [
        numbers_[[word not in ASKED_OF for word in unit]]
        for unit, numbers_ in zip(units.words, unit_words, strict=True)
    ]
    return MatchFeatures(
        lexical=weights @ (frequency / (frequency + saturation)),
        title=cover[first],
        best=np.maximum.reduceat(np.where(body, cover, 0.0), first),
        covered=weights @ np.maximum.reduceat(soft, first, axis=1),
        sentence=in_context[body],
        position=((index - 1) / np.maximum(counts[owner] - 2, 1))[body],
        unit_title=units.weights @ of_title,
        unit_paper=units.weights @ np.maximum.reduceat(held, first, axis=1),
        unit_sentence=(units.weights @ np.maximum(held, TITLE_SHARE * of_title[:, owner]))[body],
        named=_named(words_of_units, table.stems, terms, weights, with_title)[:, body],
        named_in_context=_named(words_of_units, table.stems, terms, weights, with_before)[:, body],
        owner=owner[body],
        number=index[body],
    )


def _named(
    units: Sequence[NDArray[np.intp]], stems: NDArray[np.intp], terms: NDArray[np.intp], weights: Array, soft: Matrix
) -> Array:
    """(u, texts): how nearly each text names each unit, its rare words counting more; 1 for one without a term."""
    row_of = {int(stem): row for row, stem in enumerate(stems[terms])}
    named = np.ones((len(units), soft.shape[1]))
    for unit, words in enumerate(units):
        rows = [row_of[int(stem)] for stem in stems[words] if int(stem) in row_of]
        if rows:
            mean = weights[rows] @ soft[rows] / max(weights[rows].sum(), 1e-9)
            named[unit] = np.where(soft[rows].min(axis=0) >= NAMED_IN_PART, mean, 0.0)
    return named


def _held(
    units: Units, stems: Sequence[NDArray[np.intp]], of_texts: NDArray[np.intp], lengths: NDArray[np.intp]
) -> Array:
    """How much of each unit each text holds, 0 to 1: all of it, or the best of its parts."""
    held = presence(stems, of_texts, lengths)
    for row, parts in enumerate(units.parts):
        if parts:
            found = presence([stems[row][part] for part, _ in parts], of_texts, lengths)
            worth = np.array([share for _, share in parts])[:, None]
            held[row] = np.maximum(held[row], (found * worth).max(axis=0))
    return held


def _in_order_of_use(numbers: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """
    Each number once, in the order of its first use, and where each number is among those.

    A product of matrices differs in its last digits with the order of its columns. In this order it depends on the
    texts alone, not on what was asked before.

    >>> [found.tolist() for found in _in_order_of_use(np.array([7, 3, 7, 5]))]
    [[7, 3, 5], [0, 1, 0, 2]]
    """
    used, first, back = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return used[order], rank[back]
