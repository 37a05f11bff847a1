"""
Undoing a union: the two papers that a record had united, as they are apart.

Pure. What the union changed goes back; what was changed since stays with the paper that kept its id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rag.types import Paper

_OF_TEXT = ("title", "abstract", "spans", "roles", "flags")
_SINGLE = ("authors", "published", "updated", "listed", "imported", "url", "venue", "version", "attention")
_SEVERAL = ("categories", "tags")


def parted(now: Paper, before: Paper, merged: Paper, after: Paper) -> tuple[Paper, Paper]:
    """
    Part a united paper.

    Args:
        now: The paper as the library has it.
        before, merged: The papers that were united, as they were.
        after: The united paper, as it was then.

    Returns:
        The paper that keeps its id, and the restored one. An alias that a record brought after the union, or with it,
        stays with the first.
    """
    revised = (now.title, now.abstract) != (after.title, after.abstract)
    changes: dict[str, Any] = {} if revised else {name: getattr(before, name) for name in _OF_TEXT}
    if not revised and "withdrawn" in now.flags and "withdrawn" not in after.flags:
        changes["flags"] = tuple(sorted({*before.flags, "withdrawn"}))
    for name in _SINGLE:
        if getattr(now, name) == getattr(after, name):
            changes[name] = getattr(before, name)
    for name in _SEVERAL:
        have, joined = getattr(before, name), getattr(after, name)
        changes[name] = tuple(value for value in getattr(now, name) if value in have or value not in joined)
    gone = set(merged.aliases) - set(before.aliases)
    restored = replace(merged, aliases=tuple(alias for alias in merged.aliases if alias in now.aliases))
    return replace(now, aliases=tuple(alias for alias in now.aliases if alias not in gone), **changes), restored
