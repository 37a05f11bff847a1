"""Quantifiers: “all” where the sentences have some, most or a number; and a part that the claim tells of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases, near_copy

_UNIVERSAL = frozenset(
    "all every each always never entire entirely whole everyone everybody everything "
    "invariably universally none any throughout "
    "full fully complete completely total both regardless anywhere everywhere irrespective overall".split()
)
_RAISED = frozenset(
    "all every each always never entire everyone everybody everything invariably universally none".split()
)
_MAJORITY = frozenset("most mostly majority usually generally typically mainly largely predominantly primarily".split())
_PARTIAL = frozenset(
    "some several few certain sometimes occasionally partly partially subset fraction minority "
    "various numerous many often "
    "frequently half part".split()
)
_RANKS = dict.fromkeys(_PARTIAL, 1) | dict.fromkeys(_MAJORITY, 2)
_AGREEING = frozenset("consistently consistent across universal regardless no not only".split())
QUANTIFIERS = _UNIVERSAL | _RAISED | frozenset(_RANKS)
"""Words that say of how many something holds."""
_TELLING = frozenset("some few sometimes most subset partially partly half minority".split())
"""Quantifiers that a faithful copy keeps; “several” and “often” it may leave out."""
_PARTIALLY = frozenset(
    (*_RANKS, "lot", "lots", "number", "range", "couple", "handful", "frequent", "common", "commonly")
)


def quantifiers(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find quantifiers that a claim raises."""
    found = _raised(claim, cited) or _dropped(claim, cited)
    if found:
        yield found


def _raised(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    if claim.texts.isdisjoint(_RAISED) and claim.texts.isdisjoint(_MAJORITY):
        return None
    universal = any(not sentence.texts.isdisjoint(_UNIVERSAL) for sentence in cited)
    for at, word in enumerate(claim.words):
        if word.negated or claim.text(at - 1) in ("not", "nearly", "almost", "after", "at", "not", "of", "above"):
            continue
        heads = _heads(claim, at)
        if word.text in _RAISED:
            lower = _quantified(heads, cited, below=3)
            if lower:
                return claim.doubt("quantifier", at, at, f"the sentence says {lower}", strong=False)
            if (
                not universal
                and not _agree(word.text, cited)
                and (word.text in ("never", "always") or _near(claim, cited) or (heads and _bare(heads[0], cited)))
            ):
                return claim.doubt("quantifier", at, at, "no cited sentence says it of all")
        elif word.text in _MAJORITY:
            lower = _quantified(heads, cited, below=2)
            if lower and not universal and all(sentence.texts.isdisjoint(_MAJORITY) for sentence in cited):
                return claim.doubt("quantifier", at, at, f"the sentence says {lower}")
    return None


def _near(claim: Phrases, cited: Sequence[Phrases]) -> bool:
    return any(near_copy(claim, sentence) for sentence in cited)


def _bare(head: str, cited: Sequence[Phrases]) -> bool:
    """True if a sentence has the word that the claim quantifies."""
    return any(head in sentence.places for sentence in cited)


def _agree(word: str, cited: Sequence[Phrases]) -> bool:
    """True if the sentences say in another way that something holds for all."""
    agreeing = _AGREEING - {"not", "no", "consistently"} if word == "never" else _AGREEING - {"not", "no"}
    return any(not sentence.texts.isdisjoint(agreeing) for sentence in cited)


def _heads(text: Phrases, at: int) -> list[str]:
    """The stems of the content words that a quantifier belongs to: the next ones within its clause."""
    found = []
    for next_ in range(at + 1, min(at + 6, len(text.words))):
        if text.clauses[next_] != text.clauses[at]:
            break
        if text.words[next_].content:
            found.append(text.words[next_].stem)
            if len(found) == 3:
                break
        elif found:
            break
    return found


def _quantified(heads: Sequence[str], cited: Sequence[Phrases], *, below: int) -> str:
    """The lower quantifier or number before one of the heads in the sentences; empty if a universal one is there."""
    lower = ""
    for sentence in cited:
        for head in heads:
            for place in sentence.places.get(head, ()):
                before = [sentence.text(other) for other in range(max(0, place - 5), place)]
                if not _UNIVERSAL.isdisjoint(before):
                    return ""
                quantified = next((word for word in reversed(before) if 0 < _RANKS.get(word, 0) < below), "")
                number = next((word for word in reversed(before[-4:]) if word.isdigit()), "")
                lower = lower or quantified or number
    return lower


def _dropped(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find what a near copy tells of things of which the sentence has only some, or 11 of 17."""
    for sentence in cited:
        if not near_copy(claim, sentence):
            continue
        for at, word in enumerate(sentence.words):
            partial = word.text in _TELLING
            part = word.text.isdigit() and sentence.text(at + 1) == "of" and sentence.text(at + 2).isdigit()
            part = part or (word.text.isdigit() and sentence.text(at + 1) == "out" and sentence.text(at + 3).isdigit())
            if not (partial or part) or word.text in claim.texts:
                continue
            if partial and not claim.texts.isdisjoint(_PARTIALLY):
                continue
            heads = _heads(sentence, at + 3 if part else at)
            place = next((claim.places[head][0] for head in heads[:2] if head in claim.places), None)
            if place is None or heads[0] not in claim.places:
                continue
            if any(char.isdigit() for char in claim.text(place - 1) + claim.text(place - 2)):
                continue
            return claim.doubt("quantifier", place, place, f"the sentence says {word.text}")
    return None
