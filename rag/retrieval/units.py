"""
Units of a question: the phrases and single words of its topic that count as one thing, with their weights.

A phrase is a unit where the library's papers hold its words side by side. So “diffusion language models” is one unit
in a library that knows the term, and “language models” with “diffusion” in another. What is understood of a question
without a library is in `rag.question`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.ports import Lexical
from rag.question import Understood
from rag.question.words import ASKED_OF, FAULTS, FUNCTION_WORDS, PREDICATES, SCAFFOLD_NOUNS, VERBS

MAX_UNITS = 12
"""Of a longer question the rarest units are kept."""
_WORD = re.compile(r"[^\W_]+")
CONTRACTED = re.compile(r"(?<=\w)(?:n['’]t|['’](?:s|re|ve|ll|d|m))\b")
"""The ends of contractions, which are no words of a question: “doesn’t”, “what’s”."""
_INNER = frozenset("of in the for and to with on at by from".split())
_SORTS = frozenset(
    "dataset datasets benchmark benchmarks survey surveys review reviews method methods approach approaches technique "
    "techniques tool tools system systems paper papers corpus corpora".split()
)
"""Sorts of papers: “benchmarks for deep research” is no phrase, “deep research” is one."""
_LONGEST = 6
_WITH_PARTS = 3
"""Words of a phrase that has shorter phrases within."""
WITHOUT_ITS_NOUN = 0.8
"""What a phrase is worth without its last noun where that is a general one: “autonomous driving” of “… models”."""
GENERAL = frozenset(
    "language models|large language models|language model|large language model|llm|llms|neural networks|"
    "neural network|deep learning|"
    "machine learning|artificial intelligence|ai|models|people|patients|humans|adults".split("|")
)
"""What many papers of a field treat and do not say each time: other things of the question must be named."""
COMMON = 0.25
"""The share of the papers from which a unit that they hold says little: “language models” among papers on them."""
NAMED = 0.6
"""How nearly a text must name a unit: “diagnosis” for “diagnosing” (.7), not “language” for “multilingual” (.4)."""
NAMED_IN_PART = 0.3
"""… and each of its words, which “verification” does not for “self-verification”."""
_HELD_TOGETHER = 3
"""The papers that must hold a phrase with a function word inside, such as “mixture of experts”."""


@dataclass(frozen=True, slots=True)
class Units:
    """
    Units of a question, in its order.

    Args:
        words: The words of each unit, lower case.
        stems: Their stems.
        frequencies: The number of papers that hold each unit.
        weights: (n,) shares by inverse document frequency, summing to 1.
        parts: Of each unit of three words or more the shorter phrases within, as ranges of its words, and how much of
            the unit each is worth, 0 to 1.
    """

    words: tuple[tuple[str, ...], ...]
    stems: tuple[tuple[str, ...], ...]
    frequencies: tuple[int, ...]
    weights: NDArray[np.float64]
    parts: tuple[tuple[tuple[slice, float], ...], ...]

    @property
    def phrases(self) -> tuple[str, ...]:
        """The units of several words."""
        return tuple(" ".join(words) for words in self.words if len(words) > 1)


def units(topic: str, lexical: Lexical, stem: Callable[[str], str], *, papers: int) -> Units:
    """
    Split a topic into the longest phrases that the papers hold, and single words.

    Args:
        topic: Words of a question without its scaffolding.
        lexical: The word index.
        stem: The stem of a word.
        papers: The number of papers in the library.
    """
    found: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}
    for run in _runs(topic):
        at = 0
        while at < len(run):
            if run[at] in FUNCTION_WORDS:
                at += 1
                continue
            end, frequency = _longest(run, at, lexical, stem)
            words = tuple(run[at:end])
            if len(words) > 1 or words[0] not in SCAFFOLD_NOUNS:
                found.setdefault(tuple(map(stem, words)), (words, frequency))
            at = end
    idf = np.array([_idf(frequency, papers) for _, frequency in found.values()])
    lengths = np.array([sum(word not in FUNCTION_WORDS for word in words) for words, _ in found.values()])
    values = idf * np.sqrt(np.maximum(lengths, 1))
    kept = sorted(np.argsort(-values, kind="stable")[:MAX_UNITS])
    stems = list(found)
    weights = values[kept] / values[kept].sum() if kept else np.zeros(0)
    return Units(
        words=tuple(found[stems[row]][0] for row in kept),
        stems=tuple(stems[row] for row in kept),
        frequencies=tuple(found[stems[row]][1] for row in kept),
        weights=weights,
        parts=tuple(_parts(found[stems[row]][0], stems[row], idf[row], lexical, papers) for row in kept),
    )


def apart(asked: Understood, found: Units) -> float:
    """The share of a question's words that stand in a noun phrase and are no part of a phrase that papers hold."""
    held = {word for words in found.words if len(words) > 1 for word in words}
    said = [
        [word for word in _WORD.findall(phrase) if word not in FUNCTION_WORDS and word not in _SORTS]
        for phrase in asked.phrases
    ]
    in_phrases = {word for phrase in said if len(phrase) > 1 for word in phrase}
    words = in_phrases | {word for words in found.words for word in words}
    return len(in_phrases - held) / max(1, len(words))


def things(found: Units, papers: int) -> dict[int, float]:
    """
    The units that an answer must name, by row, with their shares of the weight.

    Not those that are common in the library, nor what is asked of a thing, such as “faster” or “weaknesses”.
    """
    said_of = ASKED_OF | PREDICATES | FUNCTION_WORDS
    rows = [
        row
        for row, (words, frequency) in enumerate(zip(found.words, found.frequencies, strict=True))
        if frequency <= COMMON * papers and not all(word in said_of for word in words)
    ]
    rows = [row for row in rows if " ".join(found.words[row]) not in GENERAL] or rows
    total = sum(float(found.weights[row]) for row in rows)
    return {row: float(found.weights[row]) / total for row in rows}


def lacking(names: Mapping[int, str], named: NDArray[np.float64]) -> tuple[str, ...]:
    """The names of the units, by row, that a text does not name nearly enough."""
    return tuple(name for row, name in names.items() if named[row] < NAMED)


def _idf(frequency: int, papers: int) -> float:
    return float(np.log1p((papers - min(frequency, papers) + 0.5) / (frequency + 0.5)))


def _parts(
    words: tuple[str, ...], stems: tuple[str, ...], whole: float, lexical: Lexical, papers: int
) -> tuple[tuple[slice, float], ...]:
    """
    The phrases that are a unit without its first or its last word, and what each is worth.

    A part is worth the more the rarer it is: “test-time compute” is nearly as much as “scaling test-time compute”,
    “language models” little beside “diffusion language models”. Without a general noun at its end it is worth the most.
    """
    if len(stems) < _WITH_PARTS:
        return ()
    ranges = (slice(1, len(stems)), slice(0, len(stems) - 1))
    worth = [min(1.0, _idf(lexical.phrase_frequency(stems[part]), papers) / whole) for part in ranges]
    if words[-1] in SCAFFOLD_NOUNS and words[-2] not in SCAFFOLD_NOUNS:
        worth[-1] = max(worth[-1], WITHOUT_ITS_NOUN)
    return tuple(zip(ranges, worth, strict=True))


def _longest(run: Sequence[str], at: int, lexical: Lexical, stem: Callable[[str], str]) -> tuple[int, int]:
    """The end of the longest phrase from `at` that papers hold, and how many do; a single word where none is."""
    stems = [stem(word) for word in run[at : at + _LONGEST]]
    if run[at] in _SORTS | FAULTS and run[at + 1 : at + 2] and run[at + 1] in FUNCTION_WORDS:
        stems = stems[:1]
    best, held = at + 1, lexical.frequency(stems[0])
    for size in range(2, len(stems) + 1):
        if run[at + size - 1] in FUNCTION_WORDS:
            continue
        inner = any(word in FUNCTION_WORDS for word in run[at : at + size])
        together = lexical.phrase_frequency(stems[:size])
        if together < (_HELD_TOGETHER if inner else 1):
            break
        best, held = at + size, together
    return best, held


def _runs(topic: str) -> list[list[str]]:
    """Words between punctuation, verbs and other function words; a phrase may hold “of” or “in the”."""
    runs: list[list[str]] = [[]]
    text = CONTRACTED.sub("", topic.lower())
    last = 0
    for match in _WORD.finditer(text):
        word = match.group()
        apart = re.search(r"[^\s'’/-]", text[last : match.start()])
        last = match.end()
        if apart or word in VERBS or (word in FUNCTION_WORDS and word not in _INNER):
            runs.append([])
        if word not in VERBS and (word not in FUNCTION_WORDS or word in _INNER):
            runs[-1].append(word)
    return [run for run in runs if run]


def presence(
    units: Sequence[NDArray[np.intp]], stems: NDArray[np.intp], lengths: NDArray[np.intp]
) -> NDArray[np.float64]:
    """
    Which texts hold which units, word beside word.

    Args:
        units: The numbers of the stems of each of n units.
        stems: The numbers of the stems of m texts, one text after another.
        lengths: (m,) how many stems each text has.

    Returns:
        (n, m), 1 where a text holds a unit, else 0.

    >>> presence([np.array([1, 2])], np.array([1, 2, 5, 1, 2]), np.array([2, 2, 1])).tolist()
    [[1.0, 0.0, 0.0]]
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    found = np.zeros((len(units), len(lengths)))
    for row, unit in enumerate(units):
        room = len(stems) - len(unit) + 1
        if room < 1:
            continue
        here = np.ones(room, dtype=bool)
        for offset, stem in enumerate(unit):
            here &= stems[offset : offset + room] == stem
        at = np.flatnonzero(here)
        found[row, owner[at[owner[at] == owner[at + len(unit) - 1]]]] = 1.0
    return found
