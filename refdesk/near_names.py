"""Near names: what a user may have meant by a name that the library does not have, by fuzzy matching. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

MOST = 5
_LEAST_ALIKE = 70.0
"""rapidfuzz's similarity, 0 to 100; one wrong letter of six is 83."""


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """
    The known names that are most like a name, the nearest first, then those that begin with it; five at most.

    Args:
        name, known: In lower case.

    >>> near_names("cs.ci", ["cs.cv", "cs.cl", "math.co"]), near_names("cs", ["cs.cl", "math.co"])
    (['cs.cl', 'cs.cv'], ['cs.cl'])
    """
    choices = sorted(known)
    alike = process.extract(name, choices, scorer=fuzz.ratio, score_cutoff=_LEAST_ALIKE, limit=MOST)
    longer = [choice for choice in choices if choice.startswith(name)]
    return list(dict.fromkeys([*(choice for choice, _, _ in alike), *longer]))[:MOST]
