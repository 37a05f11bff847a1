"""Scope: a condition that a near copy leaves out, such as *in mice*, *only* or *when …*."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases, near_copy

_MARKS = {
    "only": "only", "solely": "only", "mice": "animal", "mouse": "animal", "murine": "animal", "rats": "animal", "rat": "animal",
    "animal": "animal", "vitro": "vitro", "vivo": "vitro", "simulation": "simulated", "simulations": "simulated",
    "simulated": "simulated", "synthetic": "synthetic", "pilot": "pilot", "preliminary": "pilot",
}  # fmt: skip
_SETTINGS = frozenset("setting settings sample cohort".split())


def scope(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find conditions of a sentence that a near copy of it leaves out."""
    ours = {_MARKS[word] for word in claim.texts if word in _MARKS}
    for sentence in cited:
        if not near_copy(claim, sentence):
            continue
        for at, word in enumerate(sentence.words):
            mark = _MARKS.get(word.text) if sentence.text(at - 1) != "not" else None
            in_our = word.text == "our" and (sentence.text(at + 1) in _SETTINGS) and claim.texts.isdisjoint(_SETTINGS)
            if not (in_our or (mark and mark not in ours)):
                continue
            if any(mark and other is not sentence and word.text in claim.texts for other in cited):
                continue
            place = _nearest(claim, sentence, at)
            if place is not None:
                yield claim.doubt("scope", place, place, f"the sentence says {word.text} there")
                return


def _nearest(claim: Phrases, sentence: Phrases, at: int) -> int | None:
    """The index in the claim of the word that stands nearest to a word of the sentence, within its clause."""
    for other in sorted(sentence.clause(at), key=lambda other: abs(other - at)):
        places = claim.places.get(sentence.words[other].stem)
        if sentence.words[other].content and places:
            return places[0]
    return None
