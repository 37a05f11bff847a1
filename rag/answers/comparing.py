"""Comparison sentences: those that set one thing against another, and not both beside a third."""

from __future__ import annotations

import re

from rag.answers.lists import names
from rag.authors import normalized
from rag.retrieval.topic import pattern

_BETWEEN = re.compile(
    r"\b(?:than|compar\w+|versus|vs|outperform\w*|unlike|whereas|while|differ\w*|contrast\w*|surpass\w*|exceed\w*|"
    r"match\w*|"
    r"beat\w*|relative to|rival\w*)\b",
    re.IGNORECASE,
)
"""What stands between the two."""
_BEFORE = re.compile(
    r"\b(?:unlike|while|whereas|in contrast to|compared (?:to|with)|relative to|although|though)\b[^.;]{0,20}$",
    re.IGNORECASE,
)
"""What stands before the first: “While A …, B …”."""
_PAIR = re.compile(
    r"\b(?:compar\w+|between|differ\w*|trade-?offs?|contrast\w*|versus|choice|either|whether|both)\b[^.;]{0,80}$",
    re.IGNORECASE,
)
"""What stands before “A and B”, where they are set against each other."""
_THIRD = re.compile(r"\bcompar\w+ (?:to|with|against|favou?rably)\b|\bboth\b", re.IGNORECASE)
_JOINED = re.compile(
    r"^[\W_]*(?:[\w-]+[\W_]+)?(?:\([^)]*\)[\W_]*)?(?:and\b|or\b|as well as\b|/|,|&)[\W_]*(?:[\w-]+[\W_]+){0,2}$",
    re.IGNORECASE,
)
"""Words between two things of one list."""
_MOST_BETWEEN = 120
_BY_A_THIRD = re.compile(
    r"\b(?:outperform\w*|surpass\w*|exceed\w*|beat\w*|over|than|improv\w+ (?:up)?on|superior to|against|baselines?)\b"
    r"(?: (?:the|an?|standard|existing|conventional|traditional|vanilla|both|plain|strong|state-of-the-art))*[\W_]*$",
    re.IGNORECASE,
)
"""What stands right before the first where a third is set against it: “our method outperforms A …”."""
_OF_BOTH = re.compile(r"\b(?:vs|versus|or|compar\w+|differ\w+|trade-?offs?|between|against)\b", re.IGNORECASE)
"""Words of a title that compares."""
_TOGETHER = re.compile(
    r"\b(?:hybrid\w*|combin\w+|integrat\w+|fus(?:e[sd]?|ing|ion)|together|alongside|unif\w+|jointly|coupl\w+|"
    r"bridg\w+|merg\w+|"
    r"blend\w*|followed by|agnostic)\b",
    re.IGNORECASE,
)
"""Words of what is made of both."""
_PLAINLY = re.compile(
    r"\b(?:than|compar\w+|versus|vs|outperform\w*|unlike|whereas|differ\w*|contrast\w*|surpass\w*|relative to|"
    r"trade-?offs?)\b",
    re.IGNORECASE,
)


def compares(text: str, sides: tuple[str, ...]) -> bool:
    """
    True if a sentence sets two things against each other.

    >>> compares("Kelp earns more than oysters.", ("kelp", "oysters"))
    True
    >>> compares("Our method beats kelp and oysters.", ("kelp", "oysters"))
    False
    """
    if not all(names(text, side) for side in sides):
        return False
    plain = normalized(text)
    first, second = (_places(plain, side) for side in sides)
    return any(
        _related(plain, *(min(one, other), max(one, other)))
        for one in first
        for other in second
        if one[1] <= other[0] or other[1] <= one[0]
    )


def is_of_both(title: str, sides: tuple[str, ...]) -> bool:
    """
    True if a title names two things and says that they are compared.

    >>> is_of_both("Kelp or Oysters?", ("kelp", "oysters")), is_of_both("Oysters for Kelp", ("kelp", "oysters"))
    (True, False)
    """
    return all(names(title, side) for side in sides) and bool(_OF_BOTH.search(title))


def _related(text: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    between, before = text[first[1] : second[0]], text[: first[0]]
    if len(between) > _MOST_BETWEEN or re.search(r"[.;] ", between):
        return False
    if _BY_A_THIRD.search(before) or (_TOGETHER.search(text) and not _PLAINLY.search(between + before)):
        return False
    if re.search(r"\bwhile \w+ing\b", between) and not _PLAINLY.search(between):
        return False
    if _JOINED.match(between) and not _BETWEEN.search(between):
        pair = _PAIR.search(before)
        return pair is not None and not _THIRD.match(pair.group())
    return bool(_BETWEEN.search(between) or _BEFORE.search(before))


def _places(text: str, side: str) -> list[tuple[int, int]]:
    """Where a text names a side; of words that stand apart the first, which tells it from others."""
    whole = [found.span() for found in re.finditer(pattern(side), text)]
    return whole or [found.span() for found in re.finditer(pattern(side.split()[0]), text)]
