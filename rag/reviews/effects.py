"""
Effect extraction: which things a result says rise or fall, as in “reduces inference latency” or “a 2.3× speedup”.

It reads verbs of change, their nouns, and comparatives, each with the noun phrase beside it. What is denied, compared
the other way round or hoped is left out. It does not know who causes the effect, but for `subject`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.checking.words import stems
from rag.question.words import FUNCTION_WORDS
from rag.types import Direction

LONGEST = 4
"""Words of a thing, at most."""
_UP: Direction = "up"
_DOWN: Direction = "down"
_VERB = {
    **dict.fromkeys(
        """
        improve improves improved improving increase increases increased increasing boost boosts boosted boosting
        enhance enhances enhanced enhancing raise raises raised raising
        """.split(),
        _UP,
    ),
    **dict.fromkeys(
        """
        reduce reduces reduced reducing lower lowers lowered lowering decrease decreases decreased decreasing cut cuts
        cutting shorten shortens shortening mitigate mitigates mitigating degrade degrades degrading hurt hurts hurting
        harm harms impair impairs impairing worsen worsens worsening suppress suppresses suppressing
        """.split(),
        _DOWN,
    ),
}
_NOUN = {
    **dict.fromkeys("improvement improvements increase increases gain gains boost".split(), _UP),
    **dict.fromkeys("reduction reductions decrease decreases drop drops decline degradation".split(), _DOWN),
}
_THAN = {
    **dict.fromkeys("higher greater faster".split(), _UP),
    **dict.fromkeys("lower fewer shorter".split(), _DOWN),
}
_TOKEN = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)*|\S")
_SPEED = re.compile(r"speed-?ups?|acceleration")
_NUMBER = re.compile(r"\d")
_OF_ANOTHER = [[word] for word in "method methods technique techniques strategy strategies approach approaches".split()]
"""What stands behind “acceleration” where it is a sort of method."""
_NOT = frozenset(
    "not no without never cannot neither nor fail fails failed rather than instead avoid avoids avoiding prevent "
    "prevents despite although though while whereas unlike if when may might could would hope aim aims aimed".split()
)
"""Words before a verb of change after which it is not simply said."""
_SKIPPED = frozenset(
    """
    the a an its their our this these those both overall average mean total final model models model's significantly
    substantially considerably greatly consistently dramatically further even also up to by more much all each various
    downstream corresponding resulting associated required up-to relative absolute
    """.split()
)
"""Words that a thing does not begin with."""
_STOP = FUNCTION_WORDS | frozenset(
    """
    compared relative while across over under without within than by using via respectively whereas thereby achieving
    improving reducing increasing maintaining preserving including such outperforming surpassing leading making enabling
    demonstrating showing highlighting yielding requiring
    """.split()
)
_VAGUE = frozenset(
    stems(
        """
        performance result quality effectiveness ability capability number amount level score value rate cost time
        efficiency model method approach state-of-the-art baseline task benchmark dataset robustness generalization
        accuracy risk need use size metric average margin point percent ratio usage range way degree effect impact
        understanding reliability
        """.split()
    )
)
"""Things that say too little alone."""


_MEASURED = frozenset(stems("rate rates score scores level levels value values".split()))
"""Words that may follow a thing: a hallucination rate is hallucinations."""
_NO_THING = _STOP | _VERB.keys() | _THAN.keys()
_ENDS = frozenset(". , ; : ) ( by on in for to with from across over while compared at".split())
"""What stands behind “latency *and memory*” where both are things."""


@dataclass(frozen=True, slots=True)
class Effect:
    """
    A thing that rises or falls.

    Args:
        key: The stems of the thing.
        thing: The thing as it is written, in lower case.
        direction: Whether it rises or falls.
        before: The words of the clause before the verb, in lower case; empty if the effect has no verb.
    """

    key: tuple[str, ...]
    thing: str
    direction: Direction
    before: tuple[str, ...] = ()

    @property
    def is_vague(self) -> bool:
        """True if the thing says too little alone, such as “performance”."""
        return all(stem in _VAGUE for stem in self.key)


_SPEED_UP = Effect(("speed",), "speed", "up")


@lru_cache(maxsize=8_192)
def effects(sentence: str) -> tuple[Effect, ...]:
    """
    The effects that a sentence states, in its order.

    >>> [(each.thing, each.direction) for each in effects("It reduces inference latency by 40% and raises throughput.")]
    [('inference latency', 'down'), ('throughput', 'up')]
    >>> effects("It does not reduce latency.")
    ()
    """
    tokens = _TOKEN.findall(sentence.lower())
    return tuple(effect for at in range(len(tokens)) for effect in _at(tokens, at))


def _at(tokens: list[str], at: int) -> list[Effect]:
    """The effects that the word at a place states."""
    word = tokens[at]
    before = _clause(tokens, at)
    if not _NOT.isdisjoint(before[-5:]) or any(each.endswith("n't") for each in before[-5:]):
        return []
    if _SPEED.fullmatch(word) or word == "faster":
        reach = tokens[max(0, at - 6) : at + 7] if word != "faster" else tokens[max(0, at - 3) : at]
        if any(_NUMBER.search(each) for each in reach) and tokens[at + 1 : at + 2] not in _OF_ANOTHER:
            return [_SPEED_UP]
        if word != "faster":
            return []
    said_before: list[str] = []
    if word in _NOUN and tokens[at + 1 : at + 2] in (["in"], ["of"]):
        number_next = bool(_NUMBER.match("".join(tokens[at + 2 : at + 3])))
        direction, start = _NOUN[word], at + 2
        if number_next:
            return []
    elif word in _THAN:
        direction, start = _THAN[word], at + 1
    elif word in _VERB:
        direction, start, said_before = _VERB[word], at + 1, before
        if word.endswith("ed") and not {"was", "were", "is", "are", "been", "be"}.isdisjoint(before[-2:]):
            return []  # “X is reduced” tells of what stands before
    else:
        return []
    first, end = _thing(tokens, start)
    second, behind = _thing(tokens, end + 1) if tokens[end : end + 1] == ["and"] else ("", 0)
    follows = tokens[behind] if second and behind < len(tokens) else "."
    things = [first, second] if second and follows in _ENDS else [first]
    return [_effect(thing, direction, said_before) for thing in things if thing]


def _effect(thing: str, direction: Direction, before: list[str]) -> Effect:
    key = tuple(stems(re.split(r"[\s-]", thing)))
    if len(key) > 1 and key[-1] in _MEASURED and key[-2] not in _VAGUE:
        key = key[:-1]
    if direction == "up" and key[-1] == "speed":
        return _SPEED_UP
    return Effect(key, thing, direction, tuple(before))


def _thing(tokens: list[str], start: int) -> tuple[str, int]:
    """The noun phrase at a place, until a preposition, a sign or a number; and where it ends."""
    at = start
    while at < len(tokens) and (tokens[at] in _SKIPPED or (tokens[at].endswith("ly") and len(tokens[at]) > 4)):
        at += 1
    end = at
    while end < len(tokens) and tokens[end] not in _NO_THING and tokens[end].isalpha() | ("-" in tokens[end][1:]):
        end += 1
    return (" ".join(tokens[at:end]) if end - at <= LONGEST else ""), end


def _clause(tokens: list[str], at: int) -> list[str]:
    """The words of the clause before a place."""
    start = at
    while start and tokens[start - 1] not in (",", ";", ":", ".", "(", ")", "—", "–"):
        start -= 1
    return tokens[start:at]
