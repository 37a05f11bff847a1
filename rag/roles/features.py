"""
Hashed features of sentences: words, word pairs and the first words of each (feature hashing), without a vocabulary.

The features do not depend on how a sentence ends or begins in the text, so that a splitter's mistake changes little.

Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 15
SIZE = 1 << BITS
"""The number of hashed features."""
FIRST = 3
"""How many words at the beginning of a sentence are also features of their place."""
POSITIONS = 24
"""The number of features of a sentence's place in its abstract."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_TOKEN = re.compile(r"\n|[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,]*|[%±=<>:?;()]")
_MOST_WORDS = 200_000
_hashes: dict[str, int] = {"\n": 0}
_PAIR, _PLACE, _MIX = (np.uint64(number) for number in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D))
_LOW = np.uint64(0xFFFFFFFF)


def hashed(sentences: Sequence[str]) -> tuple[Ints, Ints]:
    """
    The hashed features of sentences.

    Args:
        sentences: Any number, none with a line break.

    Returns:
        The features of all sentences one after another, and the offset at which each sentence begins. Every sentence
        has at least one feature.
    """
    tokens = _TOKEN.findall("\n".join(["", *sentences, ""]).lower())
    known = _hashes
    try:
        words = np.array([known[token] for token in tokens], dtype=np.uint64)
    except KeyError:
        if len(known) > _MOST_WORDS:
            known.clear()
            known["\n"] = 0
        for token in set(tokens).difference(known):
            known[token] = zlib.crc32((token if not token[0].isdigit() else "#").encode()) or 1
        words = np.array([known[token] for token in tokens], dtype=np.uint64)
    breaks = np.flatnonzero(words == 0)
    starts = breaks[:-1]
    # of each token: the word (0, the break, stands for the constant), and the pair with the next token
    single = _index(words[:-1] * _MIX)
    pairs = _index((words[:-1] * _PAIR + words[1:] * _MIX + np.uint64(1)) & _LOW)
    place = np.arange(len(words) - 1) - np.repeat(starts, np.diff(breaks))
    early = np.flatnonzero((place >= 1) & (place <= FIRST))
    firsts = _index((words[early] * _PLACE + place[early].astype(np.uint64)) & _LOW)
    row = np.repeat(np.arange(len(starts)), np.diff(breaks))
    rows = np.concatenate([row, row, row[early]])
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=len(starts))
    offsets = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    return np.concatenate([single, pairs, firsts])[order], offsets


def _index(values: NDArray[np.uint64]) -> Ints:
    """Mix 32 bits and keep the upper `BITS` of them."""
    mixed = ((values & _LOW) * _MIX) & _LOW
    mixed ^= mixed >> np.uint64(15)
    mixed = (mixed * _PAIR) & _LOW
    return (mixed >> np.uint64(32 - BITS)).astype(np.int64)


def scales(offsets: Ints, total: int) -> Floats:
    """By what each sentence's sum of weights is multiplied, so that long ones do not count more, shape (n, 1)."""
    counts = np.diff(np.append(offsets, total))
    return (3.0 / np.sqrt(counts)).astype(np.float32)[:, None]


def positions(lengths: Sequence[int]) -> Floats:
    """The features of each sentence's place, of abstracts that have so many sentences, shape (n, `POSITIONS`)."""
    counts = np.repeat(np.asarray(lengths, dtype=np.int64), lengths)
    ends = np.cumsum(lengths)
    at = np.arange(len(counts)) - np.repeat(ends - np.asarray(lengths, dtype=np.int64), lengths)
    rows: Floats = np.zeros((len(counts), POSITIONS), dtype=np.float32)
    every = np.arange(len(counts))
    rows[every, np.minimum(at, 4)] = 1
    rows[every, 5 + np.minimum(counts - 1 - at, 4)] = 1
    rows[every, 10 + np.minimum(9, 10 * at // np.maximum(counts, 1))] = 1
    rows[every, 20 + np.digitize(counts, (4, 7, 11))] = 1
    return rows
