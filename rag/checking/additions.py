"""Additions: words that a claim puts into a copy of a sentence, and that no cited sentence has anything like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.checking.certainty import HEDGES
from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases, aligned, copied
from rag.checking.quantifiers import QUANTIFIERS
from rag.checking.units import UNITS
from rag.checking.words import SIDES

Alike = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Computes cosines between words, shape (first, second), from a static table without a model."""

_LEAST_COPIED = 0.5
_COPY = 0.8  # of the words outside of the addition
_UNLIKE = 0.42  # a word is new if it is less like every word of the sentences
_CLAUSE = 3
_LEFT_OUT = 1  # words of the sentence that an addition may replace
_PLAIN = frozenset(
    "author method model approach system framework paper work team research algorithm tool one "
    "lot major number against".split()
)
"""Stems of words with which a claim names what it tells of."""


def additions(claim: Phrases, cited: Sequence[Phrases], alike: Alike) -> Iterator[Doubt]:
    """Find what a claim adds to a sentence that it otherwise copies."""
    known = {stem for sentence in cited for stem in sentence.places}
    new = [
        at
        for at, word in enumerate(claim.words)
        if word.content
        and word.stem not in known
        and word.stem not in _PLAIN
        and word.stem not in claim.names
        and word.text not in ("et", "al")
        and word.text not in UNITS
        and word.text not in SIDES
        and word.text not in QUANTIFIERS
        and word.text not in HEDGES
        and not word.text[0].isdigit()
    ]
    if not new:
        return
    for sentence in cited:
        if copied(claim, sentence) < _LEAST_COPIED:
            continue
        alignment = aligned(claim, sentence)
        for ours, theirs in alignment.differing:
            added = [at for at in ours if at in new]
            if (
                not added
                or not any(pair >= 0 for pair in alignment.pairs[: ours.start])
                or len(sentence.content(theirs)) > _left_out(ours, claim)
            ):
                continue
            rest = [pair for at, pair in enumerate(alignment.pairs) if at not in ours]
            if len(rest) < len(ours) or sum(pair >= 0 for pair in rest) < _COPY * len(rest):
                continue
            others = list(dict.fromkeys(word.text for text in cited for word in text.words if word.content))
            likeness = alike([claim.words[at].text for at in added], others).max(axis=1).tolist()
            unlike = [at for at, cosine in zip(added, likeness, strict=True) if cosine < _UNLIKE]
            if len(unlike) > 1:
                detail = "no cited sentence has anything like it"
                yield claim.doubt("invented", unlike[0], unlike[-1], detail, strong=len(unlike) >= _CLAUSE)
                return


def _left_out(ours: range, claim: Phrases) -> int:
    """How many content words of the sentence an addition may replace; at the claim's end it may cut the rest."""
    at_end = ours.stop == len(claim.words)
    return len(ours) if at_end and len(ours) > _CLAUSE else _LEFT_OUT
