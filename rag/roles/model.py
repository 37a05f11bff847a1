"""
A linear-chain conditional random field over hashed words: the role of each sentence of an abstract.

Each sentence's score for a role comes from its own words, those of its neighbours, and its place. Scores of
transitions join the sentences of one abstract; forward-backward gives the probabilities. `python -m benchmarks.roles`
fits the weights.

Source: Lafferty, McCallum and Pereira, "Conditional Random Fields", ICML 2001.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO

import numpy as np

from rag.roles.features import Floats, hashed, positions, scales
from rag.roles.labels import ROLES

COUNT = len(ROLES)
AT_ONCE = 2_000
"""Sentences whose features are held at once."""


@dataclass(frozen=True, slots=True)
class Weights:
    """
    The weights of the model.

    Args:
        words: Of each hashed feature for each role, of the sentence itself, of the one before and of the one after,
            shape (SIZE, 3 * roles).
        places: Of each feature of place, shape (POSITIONS, roles).
        steps: Of each role after each, shape (roles, roles).
        first, last: Of each role for the first and the last sentence, shape (roles,).
    """

    words: Floats
    places: Floats
    steps: Floats
    first: Floats
    last: Floats


@cache
def weights() -> Weights:
    """The weights that come with the package."""
    data = resources.files("rag.roles").joinpath("weights.npz").read_bytes()
    with np.load(BytesIO(data), allow_pickle=False) as stored:
        words = stored["words"].astype(np.float32) * stored["scale"].astype(np.float32)
        rest = [stored[name].astype(np.float32) for name in ("places", "steps", "first", "last")]
    return Weights(words, *rest)


def scores(abstracts: Sequence[Sequence[str]], model: Weights) -> Floats:
    """The score of each role for each sentence, those of all abstracts one after another, shape (n, roles)."""
    sentences = [sentence.replace("\n", " ") for abstract in abstracts for sentence in abstract]
    own = np.empty((len(sentences), model.words.shape[1]), dtype=np.float32)
    for at in range(0, len(sentences), AT_ONCE):
        part = sentences[at : at + AT_ONCE]
        features, offsets = hashed(part)
        sums = np.add.reduceat(model.words[features], offsets, axis=0)
        own[at : at + AT_ONCE] = sums * scales(offsets, len(features))
    lengths = [len(abstract) for abstract in abstracts if abstract]
    total = own[:, :COUNT] + positions(lengths) @ model.places
    ends = np.cumsum(lengths, dtype=np.int64)
    inner = np.ones((len(sentences), 1), dtype=np.float32)
    inner[ends - 1] = 0  # no sentence of the same abstract comes after
    total[1:] += own[:-1, COUNT : 2 * COUNT] * inner[:-1]
    total[:-1] += own[1:, 2 * COUNT :] * inner[:-1]
    return total


def padded(flat: Floats, lengths: Sequence[int]) -> Floats:
    """The rows of all abstracts as one block, shape (abstracts, sentences of the longest, roles)."""
    counts = np.asarray(lengths)
    block = np.zeros((len(counts), int(counts.max()), flat.shape[1]), dtype=flat.dtype)
    block[np.arange(block.shape[1])[None, :] < counts[:, None]] = flat
    return block


def marginals(flat: Floats, lengths: Sequence[int], model: Weights) -> Floats:
    """
    The probability of each role of each sentence, by forward-backward.

    Args:
        flat: The scores of the sentences, of all abstracts one after another; -inf forbids a role.
        lengths: The number of sentences of each abstract, none 0.
    """
    counts = np.asarray(lengths)
    block = padded(flat, lengths)
    within = np.arange(block.shape[1])[None, :] < counts[:, None]
    own = np.exp(block - block.max(axis=2, keepdims=True))
    steps = np.exp(model.steps)
    ahead, behind = np.empty_like(own), np.empty_like(own)
    ahead[:, 0] = own[:, 0] * np.exp(model.first)
    for at in range(1, own.shape[1]):
        ahead[:, at - 1] /= ahead[:, at - 1].sum(axis=1, keepdims=True)
        ahead[:, at] = _stepped(ahead[:, at - 1], steps) * own[:, at]
    last = np.exp(model.last)
    behind[:, -1] = last
    for at in range(own.shape[1] - 2, -1, -1):
        before = _stepped(behind[:, at + 1] * own[:, at + 1], steps.T)
        before /= before.sum(axis=1, keepdims=True)
        behind[:, at] = np.where((counts == at + 1)[:, None], last, before)
    both: Floats = (ahead * behind)[within]
    both /= both.sum(axis=1, keepdims=True)
    return both


def _stepped(rows: Floats, steps: Floats) -> Floats:
    """Each row times the matrix, summed in an order that does not depend on how many rows there are."""
    total: Floats = rows[:, 0, None] * steps[0]
    for role in range(1, COUNT):
        total = total + rows[:, role, None] * steps[role]
    return total
