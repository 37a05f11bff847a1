"""
Polarity: what a claim denies or says of a direction, and what the cited sentences say of the same thing.

In a copy each word is compared with its partner; in other words, only what stands near the same words is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.checking.contrasts import contrasted, denials, is_contrast
from rag.checking.copies import Alignment
from rag.checking.doubt import Doubt
from rag.checking.features import TextFeatures
from rag.checking.negation import NEGATORS
from rag.checking.problems import doubt
from rag.checking.synonyms import synonymous
from rag.checking.words import SIDES, Word

_REACH = 6  # words from a negator to what it negates
_SHORT = 4  # words; a longer run that a copy leaves out is a whole clause
_PREFIXED = frozenset(("non", "free"))  # a whole word of the text may go with them
_DENIES = {True: "the sentence denies it", False: "the sentence does not deny it"}
_NEAR = 4  # content words on each side that tell what a direction is about
_MORE = "increase more higher greater better improve faster longer stronger gain outperform above superior"
_UP_AXES = frozenset(axis for word in _MORE.split() for axis, side in SIDES[word])
"""The axes of amount and merit: who raises a thing may improve it."""
_CLAUSE_END = frozenset(".;:!?()")


def negation_in_copy(claim: TextFeatures, source: TextFeatures, alignment: Alignment) -> Iterable[Doubt]:
    """Find words of a copy that are negated on one side only."""
    for at, other in enumerate(alignment.pairs):
        word = claim.words[at]
        if other >= 0 and word.negated != source.words[other].negated:
            yield doubt("negation", claim, word, _DENIES[not word.negated], strong=True)
    for ours, theirs in alignment.differing:  # also the “not” of “not only”, which negates no word
        here = [at for at in ours if claim.words[at].text in NEGATORS and not _moved(claim, at, source)]
        there = [
            at
            for at in theirs
            if (source.words[at].negator and source.words[at].text not in _PREFIXED and not _moved(source, at, claim))
            or (source.words[at].text in NEGATORS and not source.words[at].negator and at + 1 not in theirs)
        ]
        if here and not there:
            yield doubt("negation", claim, claim.words[here[0]], _DENIES[False], strong=True)
        elif (
            there
            and len(theirs) <= _SHORT
            and 0 < ours.start < len(claim.words)
            and not any(claim.words[at].negator or claim.words[at].text in NEGATORS for at in ours)
        ):
            yield doubt("negation", claim, claim.words[ours.start], _DENIES[True], strong=True)


def _moved(text: TextFeatures, at: int, other: TextFeatures) -> bool:
    """True if the other text also negates what a negator negates, with another negator or in another place."""
    if not text.words[at].negator or _negators(text) > _negators(other):
        return False
    negated = next((word for word in text.words[at + 1 : at + 1 + _REACH] if word.negated), None)
    return negated is not None and any(word.negated and word.stem == negated.stem for word in other.words)


def _negators(text: TextFeatures) -> int:
    return sum(word.negator for word in text.words)


def negation(claim: TextFeatures, cited: Sequence[TextFeatures], *, strong: bool) -> Iterable[Doubt]:
    """Find words that the claim negates and no cited sentence does, or that all cited sentences negate."""
    held: dict[str, list[Word]] = {}
    for sentence in cited:
        for word in sentence.content:
            held.setdefault(word.stem, []).append(word)
    for word in claim.content:
        others = held.get(word.stem)
        if not others or any(word.negated == other.negated for other in others):
            continue
        if word.negated and any(other.denied for other in others):
            continue
        if not word.negated and word.denied:
            continue
        detail = "no cited sentence denies it" if word.negated else "the cited sentence denies it"
        yield doubt("negation", claim, word, detail, strong=strong)


def opposites(claim: TextFeatures, cited: Sequence[TextFeatures], *, strong: bool) -> Iterable[Doubt]:
    """Find words whose negation by a prefix, or whose contrast, stands in the cited sentences about the same thing."""
    held = {word.stem for sentence in cited for word in sentence.words}
    kept = set(claim.stems)
    new = [(at, word) for at, word in enumerate(claim.words) if word.content and word.stem not in held]
    for sentence in cited:
        gone = [(at, word) for at, word in enumerate(sentence.words) if word.content and word.stem not in kept]
        texts = {word.text for _, word in gone}
        rivals = [(at, word) for at, word in gone if is_contrast(word.stem)]
        for at, word in new:
            denied = texts & denials(word.text)
            for _, other in [pair for pair in gone if pair[1].text in denied] if denied else ():
                if word.denied == other.denied:
                    yield doubt("negation", claim, word, f"the sentence has {other.text}", strong=strong)
            for other_at, other in rivals if is_contrast(word.stem) else ():
                if (
                    word.denied == other.denied
                    and contrasted(word.stem, other.stem)
                    and not any(synonymous(word.stem, third.stem) for third in sentence.content)
                    and _nearness(claim, at, sentence, other_at) > 0
                ):
                    yield doubt("coverage", claim, word, f"the sentence has {other.text}", strong=strong)


def direction(claim: TextFeatures, cited: Sequence[TextFeatures], *, strong: bool) -> Iterable[Doubt]:
    """Find directions whose opposite the cited sentences say of the same thing."""
    held = [(sentence, at) for sentence in cited for at in _directions(sentence)]
    for at in _directions(claim):
        word, same, opposite = claim.words[at], 0.0, 0.0
        for sentence, other_at in held:
            relation = _relation(word, sentence.words[other_at])
            if relation:
                near = _nearness(claim, at, sentence, other_at)
                if relation > 0:
                    same = max(same, near + 0.1)
                else:
                    opposite = max(opposite, near)
        if opposite > max(same, 0):
            yield doubt("direction", claim, word, "the cited sentence has the opposite", strong=strong)


def _directions(text: TextFeatures) -> list[int]:
    """The places of the words of direction that bound no number: not the “more” of “more than 50 %”."""
    bounds = [quantity.start for quantity in text.held if quantity.side]
    return [
        at
        for at, word in enumerate(text.words)
        if word.text in SIDES and not any(word.end < start <= word.end + 7 for start in bounds)
    ]


def _relation(word: Word, other: Word) -> int:
    """1 for two words of one direction, -1 for opposite ones, 0 for words about different matters."""
    ours = {(axis, -side if word.negated else side) for axis, side in SIDES[word.text]}
    theirs = {(axis, -side if other.negated else side) for axis, side in SIDES[other.text]}
    if ours & theirs:
        return 1
    if any((axis, -side) in theirs for axis, side in ours):
        return -1
    up = [{side for axis, side in senses if axis in _UP_AXES} for senses in (ours, theirs)]
    return 1 if up[0] & up[1] else 0


def _nearness(claim: TextFeatures, at: int, sentence: TextFeatures, other_at: int) -> float:
    """How much of what stands near a word of the claim also stands near a word of the sentence."""
    ours, theirs = _around(claim, at), _around(sentence, other_at)
    return max(
        (
            1 / (distance + other_distance)
            for stem, distance in ours.items()
            for other, other_distance in theirs.items()
            if stem == other
        ),
        default=0.0,
    )


def _around(text: TextFeatures, at: int) -> dict[str, int]:
    """The content words near a word in its clause, each with its distance."""
    found: dict[str, int] = {}
    for step in (-1, 1):
        distance, place = 0, at
        while 0 <= place + step < len(text.words) and distance < _NEAR:
            low, high = sorted((place, place + step))
            if any(sign in text.normalized.text[text.words[low].end : text.words[high].start] for sign in _CLAUSE_END):
                break
            place += step
            word = text.words[place]
            if word.content and word.text not in SIDES:
                distance += 1
                found.setdefault(word.stem, distance)
    return found
