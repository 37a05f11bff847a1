"""Bounds: “up to 60 %” told as 60 %, an average made of a maximum, and “by” exchanged with “to” before a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases
from rag.checking.quantities import Quantity, same_value

_UPPER = (
    "up to",
    "as much as",
    "as many as",
    "as high as",
    "at most",
    "no more than",
    "a maximum of",
    "as low as",
    "as long as",
)
_LOWER = ("at least", "no less than", "no fewer than", "a minimum of", "more than")
_BOUNDING = frozenset(
    "up most maximum max maximal maximally best peak peaks peaked high highest top limit "
    "ceiling much many far long upper until cap "
    "capped least worst large low fewer less under below within more over above beyond than "
    "exceed exceeds exceeded exceeding "
    "minimum min lower".split()
)
_BOUNDING_AFTER = frozenset("most maximum max best peak top".split())
_AVERAGE = frozenset("average mean averaged averaging typical typically overall".split())
_MOVES = {"by": "by", "to": "to"}


def bounds(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find numbers whose bound or whose way of change a claim leaves out or exchanges."""
    for quantity in claim.features.claimed:
        held = [
            (sentence, other)
            for sentence in cited
            for other in sentence.features.held
            if same_value(quantity, other) and (not quantity.unit or not other.unit or quantity.unit == other.unit)
        ]
        if not held:
            continue
        found = _bound_dropped(claim, quantity, held) or _moved_otherwise(claim, quantity, held)
        if found:
            yield found


def _before(text: Phrases, quantity: Quantity, count: int) -> list[str]:
    """The words before a number, the nearest last."""
    plain = text.features.normalized.text[max(0, quantity.start - 14 * count) : quantity.start].lower()
    return plain.replace("(", " ").replace("+", " ").replace("~", " ").split()[-count:]


def _bound(text: Phrases, quantity: Quantity) -> str:
    """The words before a number that make it a bound; empty if none do."""
    before = " ".join(_before(text, quantity, 4))
    return next((words for words in _UPPER + _LOWER if f" {before}".endswith(f" {words}")), "")


def _word_at(text: Phrases, quantity: Quantity) -> int:
    """The index of the word that a number begins with."""
    return next((at for at, word in enumerate(text.words) if word.end > quantity.start), len(text.words) - 1)


def _bound_dropped(claim: Phrases, quantity: Quantity, held: Sequence[tuple[Phrases, Quantity]]) -> Doubt | None:
    bounded = [_bound(sentence, other) for sentence, other in held]
    if not all(bounded) or quantity.side:
        return None
    at = _word_at(claim, quantity)
    before = {claim.text(other) for other in range(max(0, at - 4), at)}
    after = {claim.text(other) for other in range(at, min(at + 6, len(claim.words)))}
    averaged = not (before | after).isdisjoint(_AVERAGE)
    bounding = not before.isdisjoint(_BOUNDING) or not after.isdisjoint(_BOUNDING_AFTER)
    if not averaged and (bounding or claim.gap(at - 1).strip(" (") in ("<", ">", "≤", "≥")):
        return None
    if averaged and any(not sentence.texts.isdisjoint(_AVERAGE) for sentence, _ in held):
        return None
    return claim.doubt("bound", at, at, f"the sentence says {bounded[0]} {quantity.written}", strong=averaged)


def _moved_otherwise(claim: Phrases, quantity: Quantity, held: Sequence[tuple[Phrases, Quantity]]) -> Doubt | None:
    """Find “to” before a number that has “by” in the sentences, and the other way round."""
    way = _way(claim, quantity)
    ways = {_way(sentence, other) for sentence, other in held}
    if not way or len(ways) != 1 or ways & {"", way}:
        return None
    at = _word_at(claim, quantity)
    return claim.doubt("bound", max(at - 1, 0), at, f"the sentence says {ways.pop()} {quantity.written}", strong=True)


def _way(text: Phrases, quantity: Quantity) -> str:
    """“by” or “to”, if a change is told with it before the number."""
    before = _before(text, quantity, 6)
    bound = _bound(text, quantity)
    if bound:
        before = before[: -len(bound.split())]
    while before and before[-1] in (
        "about",
        "approximately",
        "around",
        "nearly",
        "almost",
        "roughly",
        "only",
        "just",
        "a",
        "an",
    ):
        before.pop()
    if not before or before[-1] not in _MOVES:
        return ""
    if before[-1] == "to" and (
        any(word in ("from", "ranging", "between") for word in before[:-1]) or _is_range(before)
    ):
        return ""
    return before[-1]


def _is_range(before: Sequence[str]) -> bool:
    """True if “to” stands between two numbers."""
    return len(before) > 1 and any(char.isdigit() for char in before[-2])
