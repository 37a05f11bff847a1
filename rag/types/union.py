"""A union: two papers of the library that a record showed to be one, as they were before."""

from __future__ import annotations

from dataclasses import dataclass

from rag.types.paper import Brought, JsonDict, Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """
    Two papers that a record united, and what is needed to part them again.

    Args:
        surviving: The paper that kept its id, as it was before, with all its aliases.
        merged: The other one, whose id is an alias since.
        after: The united paper.
        surviving_texts: The hashes of all texts that the surviving paper had had.
        merged_texts: Those of the merged one.
        format_name: The format of the record that united them.
    """

    surviving: Paper
    merged: Paper
    after: Paper
    surviving_texts: frozenset[str]
    merged_texts: frozenset[str]
    format_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitReport:
    """
    The result of `split`: the paper that kept its id, the one that was restored, and what united them.

    `united` is the time of the union, ISO 8601; `brought` says who had united them; `others` is the number of unions
    of the paper that can still be undone.
    """

    paper: Paper
    restored: Paper
    united: str
    brought: Brought
    others: int

    def to_dict(self) -> JsonDict:
        """The document of `split --json`."""
        return {
            "paper_id": self.paper.paper_id,
            "restored": self.restored.paper_id,
            "united": self.united,
            "brought": self.brought.to_dict(),
            "others": self.others,
        }
