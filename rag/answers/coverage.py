"""Coverage of a question: which sentences name all things that it asks about, by themselves or with their context."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.answers import sentences
from rag.question.words import FUNCTION_WORDS
from rag.roles.cues import WORD
from rag.types import Evidence, Paper

KEPT = 0.8
"""A sentence is shown if its score is at least this share of the best one's."""
NOT_FAR = 0.6
"""A sentence that names all things of the question is not shown below this share of the score of the best one."""
WITH_ITS_CONTEXT = 0.9
"""The factor on a sentence that names all things only together with the sentence before."""
FEW_THINGS = 3
"""Of so many things those that no sentence names are told."""
HALF, MOST = 0.5, 0.6
"""The least share of the things, by weight, that an answer names: a paper often puts the rest in other words. What is
left open is told, and takes from the confidence, if less than the second is named."""

ABOUT_AS_MUCH = 0.15
"""Papers that name so much less than the best one are listed beside it where none answers."""

_FORM, _SHORT = 4, 5
"""The letters that forms of one word share at least, and the longest abbreviation."""
_DERIVED = re.compile(r"(?P<stem>[^\W\d_]{4,}?)i[sz](?:ations?|ers?|ed|ing)")
"""“Tokenization” is not said of tokens, nor “normalization” of what is normal."""


@dataclass(frozen=True, slots=True)
class Covering:
    """
    The sentences that name most of what is asked about, best first.

    Args:
        found: The sentences.
        without: The things that none of them names.
        held: The share of the things that they name, by weight.
        is_enough: True if they may answer the question.
    """

    found: tuple[Evidence, ...] = ()
    without: tuple[str, ...] = ()
    held: float = 0.0
    is_enough: bool = False


def as_meant(found: Evidence, things: Iterable[str], absent: Iterable[str] | None = None) -> Evidence:
    """
    A sentence that lacks more of a question's things: those of which its paper does not have every word in some form.

    So a word that is only near in meaning is no thing of the question, nor does one on tokens name “tokenization”,
    which has the same stem.

    Args:
        found: The sentence.
        things: What the question asks about.
        absent: Those that its paper does not have, if that is known.
    """
    things = list(things)
    absent = set(absent_from(found.paper, things) if absent is None else absent)
    own = f"{found.paper.title} {found.sentence.text}"
    before = sentences.sentence_before(found)
    lacks, in_context = set(found.lacks) | absent, set(found.lacks_in_context) | absent
    for thing in things:
        if derived := _DERIVED.fullmatch(thing):
            named = re.compile(rf"\b{derived['stem']}i[sz]", re.IGNORECASE)
            lacks |= set() if named.search(own) else {thing}
            in_context |= set() if named.search(f"{own} {before.text if before else ''}") else {thing}
    if (lacks, in_context) == (set(found.lacks), set(found.lacks_in_context)):
        return found
    return replace(found, lacks=tuple(sorted(lacks)), lacks_in_context=tuple(sorted(in_context)))


def absent_from(paper: Paper, things: Iterable[str]) -> frozenset[str]:
    """The things of which a paper does not have every word in some form."""
    return frozenset(thing for thing in things if not is_in(paper, thing))


def is_in(paper: Paper, thing: str) -> bool:
    """True if a paper has every word of a thing in some form, or what it abbreviates."""
    text = f"{paper.title} {paper.abstract}".lower()
    return all(
        re.search(rf"\b{re.escape(word[: max(_FORM, len(word) - 4)])}", text) or _spelt_out(word).search(text)
        for word in WORD.findall(thing.lower())
        if word not in FUNCTION_WORDS
    )


@lru_cache(maxsize=512)
def _spelt_out(word: str) -> re.Pattern[str]:
    """What a short word may abbreviate: “large language model” for “llms”; nothing for a longer one."""
    letters = word.rstrip("s")
    if not 2 <= len(letters) <= _SHORT:
        return re.compile(r"(?!)")
    return re.compile(r"\b" + r"\w*[\s-]+".join(letters))


def covering(found: Sequence[Evidence], things: Mapping[str, float], *, least_named: float | None = None) -> Covering:
    """
    The sentences that name all things of a question, or else those that name the most.

    Args:
        found: The sentences.
        things: The things with their shares of the weight.
        least_named: The share that they must name to answer; None takes the usual one.
    """
    best = max((each.score for each in found), default=0.0)
    whole = [
        replace(each, score=each.score * WITH_ITS_CONTEXT) if each.lacks else each
        for each in found
        if not each.lacks_in_context and each.score >= NOT_FAR * best
    ]
    if whole and len(things) <= FEW_THINGS:
        return Covering(near_the_best(whole), (), 1.0, True)
    if whole:
        most = [each for each in found if each.lacks_in_context and 1 - lacked(each, things) >= MOST]
        return Covering(near_the_best([*whole, *most]), (), 1.0, True)
    nearest = nearest_first(found, things)
    if not nearest:
        return Covering()
    least = lacked(nearest[0], things)
    kept = near_the_best([each for each in nearest if lacked(each, things) <= least])
    held = 1 - least
    enough = least_named or (MOST if len(things) <= FEW_THINGS else HALF)
    return Covering(kept, kept[0].lacks, 1.0 if held >= MOST else held, held >= enough)


def nearest_first(found: Sequence[Evidence], things: Mapping[str, float]) -> list[Evidence]:
    """The sentences in the order of how much they name, those that name the same by their scores."""
    return sorted(found, key=lambda each: (lacked(each, things), -each.score))


def lacked(found: Evidence, things: Mapping[str, float]) -> float:
    """The share of the things, by weight, that neither a sentence nor its title names."""
    return round(sum(things.get(thing, 0.0) for thing in found.lacks), 6)


def near_the_best(found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The sentences whose scores come near the best one's, best first."""
    best = max((each.score for each in found), default=0.0)
    return tuple(sorted((each for each in found if each.score >= KEPT * best), key=lambda each: -each.score))
