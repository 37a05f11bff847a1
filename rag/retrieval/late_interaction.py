"""
Reading candidates word by word: how much of a question each sentence and each paper covers.

A question is a set of weighted terms. A text covers a term fully where it holds the same stem, and partly by the
nearest of its words in a static word-vector space, so that "tumour" counts a little for "cancer". This is late
interaction (Khattab and Zaharia, "ColBERT", SIGIR 2020) with word vectors that need no model run. All features lie in
0 to 1 and grow neither with the length of a question nor with the size of a library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.ports import Matrix
from rag.types import Paper

Array = NDArray[np.float64]
WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://\S+")
_CONTRACTED = re.compile(r"(?<=\w)(?:n['’]t|['’](?:s|re|ve|ll|d|m))\b")
_K1, _B = 1.2, 0.75  # BM25's, as tantivy has them
MAX_TERMS = 32
"""Of a longer question the rarest terms are kept."""
TITLE_SHARE = 0.5
"""How much a term counts for a sentence that lacks it where the title of its paper has it: a sentence seldom repeats
what the title has named."""

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
"""Words of a question that say nothing about its topic."""


def content_words(text: str) -> list[str]:
    """
    The words of a question that are worth looking for, in order, each once; none where all are stop words.

    >>> content_words("What explains grokking, and why doesn't it happen at once?")
    ['grokking', 'happen', 'once']
    """
    words = list(dict.fromkeys(WORD.findall(_CONTRACTED.sub("", text.lower()))))
    return [word for word in words if word not in STOP_WORDS]


class Vocabulary:
    """
    A growing table of words: the number of each one's stem, and its unit vector.

    Args:
        stem: The stem of a word, as the lexical index has it.
        vectors: Unit rows for words.
        limit: How many words are kept; the table begins anew when it is full (1 KB a word).
    """

    def __init__(
        self, stem: Callable[[str], str], vectors: Callable[[Sequence[str]], Matrix], *, limit: int = 50_000
    ) -> None:
        self._stem, self._vectors, self._limit = stem, vectors, limit
        self._clear()

    def _clear(self) -> None:
        self._numbers: dict[str, int] = {}
        self._stems: dict[str, int] = {}
        self._table: Matrix = np.zeros((0, 0), dtype=np.float32)  # grows by doubling: rows beyond the words are unused
        self._stem_of = np.zeros(0, dtype=np.intp)

    def numbers(self, texts: Sequence[str]) -> list[NDArray[np.intp]]:
        """Per text the numbers of its words, in order; those of a link say nothing, such as where the code is."""
        tokens = [WORD.findall(_LINK.sub(" ", text.lower())) for text in texts]
        new = list(dict.fromkeys(word for words in tokens for word in words if word not in self._numbers))
        if new and len(self._numbers) + len(new) > self._limit:
            self._clear()
            new = list(dict.fromkeys(word for words in tokens for word in words))
        if new:
            self._learn(new)
        number = self._numbers.__getitem__
        return [np.fromiter(map(number, words), np.intp, len(words)) for words in tokens]

    def _learn(self, words: Sequence[str]) -> None:
        vectors, known = self._vectors(words), len(self._numbers)
        needed = known + len(words)
        if needed > len(self._table):
            room = max(2 * len(self._table), needed, 4_096)
            table, stems = np.zeros((room, vectors.shape[1]), dtype=np.float32), np.zeros(room, dtype=np.intp)
            if known:
                table[:known], stems[:known] = self._table[:known], self._stem_of[:known]
            self._table, self._stem_of = table, stems
        self._table[known:needed] = vectors
        for number, word in enumerate(words, start=known):
            self._numbers[word] = number
            self._stem_of[number] = self._stems.setdefault(self._stem(word), len(self._stems))

    def alike(self, terms: NDArray[np.intp], words: NDArray[np.intp]) -> tuple[Matrix, Matrix]:
        """For each term and word, 1 where the stems are the same; and the same, or else the cosine of their vectors."""
        stems, table = self._stem_of, self._table
        same = (stems[words][None, :] == stems[terms][:, None]).astype(np.float32)
        return same, np.maximum(same, table[terms] @ table[words].T)


@dataclass(frozen=True, slots=True)
class MatchFeatures:
    """
    What a reading of n papers with m sentences in all found; rows are in the order of the papers given.

    Shapes: `lexical`, `title`, `best`, `covered` (n,); `sentence` (m,), `position` (m,), and `owner`, `number` (m,).

    Args:
        lexical: BM25 of the paper, as a share of the most it could be.
        title: Share of the question that the title covers.
        best: Share of the question that the paper's best sentence covers.
        covered: Share of the question that the whole paper covers.
        sentence: Share of the question that each sentence covers, what only the title covers counting half.
        position: 0 for the first sentence of an abstract, 1 for the last.
        owner: The row of each sentence's paper.
        number: Each sentence's number in its paper, from 1.
    """

    lexical: Array
    title: Array
    best: Array
    covered: Array
    sentence: Array
    position: Array
    owner: NDArray[np.intp]
    number: NDArray[np.intp]


def match_features(
    words: Sequence[str], weights: Array, papers: Sequence[Paper], vocabulary: Vocabulary
) -> MatchFeatures:
    """
    Read papers in the light of a question.

    Args:
        words: The question's terms, one word each.
        weights: Their shares, summing to 1.
        papers: At least one, each with sentences.
        vocabulary: The words known so far; it grows.
    """
    texts = [text for paper in papers for text in (paper.title, *(sentence.text for sentence in paper.sentences))]
    counts = np.array([1 + len(paper.spans) for paper in papers])
    first = np.cumsum(counts) - counts  # the row of each paper's title
    owner = np.repeat(np.arange(len(papers)), counts)
    *numbers, terms = vocabulary.numbers([*texts, " ".join(words)])
    lengths = np.array([len(each) for each in numbers])
    flat = np.concatenate(numbers)
    filled = lengths > 0  # a title may be all punctuation
    starts = (np.cumsum(lengths) - lengths)[filled]
    used, back = np.unique(flat, return_inverse=True)
    same, near = vocabulary.alike(terms, used)

    def by_text(values: Matrix, fold: np.ufunc) -> Matrix:
        folded = np.zeros((len(terms), len(texts)), dtype=np.float32)
        if len(flat):
            folded[:, filled] = fold.reduceat(values[:, back], starts, axis=1)
        return folded

    frequency = np.add.reduceat(by_text(same, np.add), first, axis=1)
    length = np.bincount(owner, lengths)
    saturation = _K1 * (1 - _B + _B * length / max(length.mean(), 1.0))
    soft = np.clip(by_text(near, np.maximum), 0, 1)
    cover = weights @ soft
    index = np.arange(len(texts)) - first[owner]
    body = index > 0
    named = np.maximum(soft[:, first[owner]] - soft, 0)  # by the title, not by the sentence
    in_context = cover + TITLE_SHARE * (weights @ named)
    return MatchFeatures(
        lexical=weights @ (frequency / (frequency + saturation)),
        title=cover[first],
        best=np.maximum.reduceat(np.where(body, cover, 0.0), first),
        covered=weights @ np.maximum.reduceat(soft, first, axis=1),
        sentence=in_context[body],
        position=((index - 1) / np.maximum(counts[owner] - 2, 1))[body],
        owner=owner[body],
        number=index[body],
    )
