"""
The scope of negation, by rule: which words of a text negate, and which words they negate.

A negator negates the next content word, and an adverb before it. It reads words in order and knows no syntax.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

Found = Sequence[tuple[str, int, int]]
"""Words in lower case with their half-open places in a text."""

NEGATORS = frozenset(
    """
    not no never without neither nor none cannot nothing nobody hardly barely scarcely
    lack lacks lacked lacking unable absence absent nowhere
    """.split()
)
_NEGATORS_BEFORE = {
    **dict.fromkeys("fail fails failed failing".split(), "to"),
    "rather": "than",
    "instead": "of",
    "opposed": "to",
    "free": "of from",
}
"""Words that negate only before one of these: a failed run fails nothing."""
_DENYING = NEGATORS | frozenset(
    """
    fail fails failed failing failure failures avoid avoids avoided avoiding eliminate eliminates eliminated
    eliminating obviate obviates prevent prevents prevented preventing remove removes removed removing free rather
    instead except unlike only solely alone impossible impractical infeasible unclear unknown unnecessary missing
    false despite perfect perfectly non exclude excluding excluded ignore ignores refuse refuses drop drops dropping
    skip skips skipping zero contrary
    """.split()
)
"""Words that may say what another text says with a negator."""
_REACH = 10  # words; a denying word this near may deny a word of its clause
_NEUTRAL_AFTER = frozenset("only just merely solely simply necessarily least other".split())
_ALSO_NEGATED = frozenset("first again further also".split())  # adverbs without -ly before what a negator negates
_PASSED = frozenset("to be yet even always ever longer fully".split())
_CLAUSE_END = frozenset(".,;:!?()")


def negates(text: str, found: Found, at: int) -> bool:
    """True if a word negates another one; “X-free” and “non-X” too."""
    word, start, end = found[at]
    following = found[at + 1][0] if at + 1 < len(found) else ""
    if word == "non":
        return text[end : end + 1] == "-"
    if word == "free" and text[max(0, start - 1) : start] == "-" and at:
        return True
    if word in _NEGATORS_BEFORE:
        return following in _NEGATORS_BEFORE[word].split()
    return (
        word in NEGATORS and following not in _NEUTRAL_AFTER and not (at and found[at - 1][0] == "or" and word == "not")
    )


def denied(text: str, found: Found) -> list[bool]:
    """Mark the words that have a denying word near them in their clause."""
    marked = [False] * len(found)
    for at, (word, _, _) in enumerate(found):
        if word in _DENYING:
            for step in (-1, 1):
                next_ = at + step
                while 0 <= next_ < len(found) and abs(next_ - at) <= _REACH:
                    low, high = sorted((next_, next_ - step))
                    if any(sign in ".;:!?" for sign in text[found[low][2] : found[high][1]]):
                        break
                    marked[next_] = True
                    next_ += step
    return marked


def negated(text: str, found: Found, negators: Sequence[bool], passed: AbstractSet[str]) -> list[bool]:
    """
    Mark the words in the scope of a negator: the next content word, and an adverb before it.

    Args:
        text: The text.
        found: Its words.
        negators: For each word, if it negates.
        passed: Function words, which stand between a negator and what it negates.
    """
    marked = [False] * len(found)
    for at, negator in enumerate(negators):
        if not negator:
            continue
        if found[at][0] == "free" and at and text[found[at][1] - 1] == "-":
            marked[at - 1] = True
            continue
        for next_ in range(at + 1, min(at + 7, len(found))):
            if any(sign in _CLAUSE_END for sign in text[found[next_ - 1][2] : found[next_][1]]) and next_ > at + 1:
                break
            word = found[next_][0]
            if word in _PASSED or word in passed:
                continue
            marked[next_] = True
            following = [other for other, _, _ in found[next_ + 1 : next_ + 3]]
            if len(following) == 2 and following[0] in ("and", "or", "nor") and following[1] not in passed:
                marked[next_ + 2] = True  # neither efficient nor scalable
            if not (word.endswith("ly") or word in _ALSO_NEGATED):
                break
    return marked
