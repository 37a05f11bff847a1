"""Comparison sentences: those that set one thing against another, and not both beside a third."""

from __future__ import annotations

import re

from rag.answers.lists import names
from rag.authors import normalized
from rag.retrieval.topic import pattern

_BETWEEN = re.compile(
    r"\b(?:than|compar\w+|versus|vs|outperform\w*|unlike|whereas|while|differ\w*|contrast\w*|surpass\w*|exceed\w*|match\w*|"
    r"beat\w*|relative to|rival\w*|better|worse|faster|slower|higher|lower)\b",
    re.IGNORECASE,
)
"""What stands between the two."""
_BEFORE = re.compile(
    r"\b(?:unlike|while|whereas|in contrast to|compared (?:to|with)|relative to|although|though)\b[^.;]{0,40}$",
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


def _related(text: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    between, before = text[first[1] : second[0]], text[: first[0]]
    if len(between) > _MOST_BETWEEN or re.search(r"[.;] ", between):
        return False
    if _JOINED.match(between) and not _BETWEEN.search(between):
        pair = _PAIR.search(before)
        return pair is not None and not _THIRD.match(pair.group())
    return bool(_BETWEEN.search(between) or _BEFORE.search(before))


def _places(text: str, side: str) -> list[tuple[int, int]]:
    """Where a text names a side; of words that stand apart the first, which tells it from others."""
    whole = [found.span() for found in re.finditer(pattern(side), text)]
    return whole or [found.span() for found in re.finditer(pattern(side.split()[0]), text)]
