"""What came of an import or of a check: counts, rejects with their reasons, findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.types.paper import JsonDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A record that was not imported: its place in the input, the reason, and its title if it has one."""

    where: str
    reason: str
    title: str | None = None

    def to_dict(self) -> JsonDict:
        """The reject as `add --json` prints it."""
        return {"where": self.where, "reason": self.reason, "title": self.title}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """
    The result of an import. `added + updated + unchanged + len(rejected)` is the number of records in the input.

    `merged` counts the records that are a known paper under another id; they are counted above too. A report of what
    somebody else sent names the first rejects and notes only; `more_rejected` and `more_notes` count the others.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    rejected: tuple[Reject, ...] = ()
    notes: tuple[str, ...] = ()
    took_ms: float = 0.0
    more_rejected: int = 0
    more_notes: int = 0

    def __add__(self, other: ImportReport) -> ImportReport:
        """The sum of two reports, without the time."""
        return ImportReport(
            added=self.added + other.added,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            merged=self.merged + other.merged,
            rejected=self.rejected + other.rejected,
            notes=self.notes + other.notes,
            more_rejected=self.more_rejected + other.more_rejected,
            more_notes=self.more_notes + other.more_notes,
        )

    @property
    def records(self) -> int:
        """The number of records in the input."""
        return self.added + self.updated + self.unchanged + len(self.rejected) + self.more_rejected

    def shortened(self, most: int) -> ImportReport:
        """The report with the first rejects and notes, at most so many of each; the others are counted."""
        return replace(
            self,
            rejected=self.rejected[:most],
            notes=self.notes[:most],
            more_rejected=self.more_rejected + max(0, len(self.rejected) - most),
            more_notes=self.more_notes + max(0, len(self.notes) - most),
        )

    def to_dict(self) -> JsonDict:
        """The document of `add --json`; with `more_rejected` and `more_notes` where some are only counted."""
        more = {"more_rejected": self.more_rejected, "more_notes": self.more_notes}
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": [reject.to_dict() for reject in self.rejected],
            "merged": self.merged,
            "notes": list(self.notes),
            "took_ms": round(self.took_ms, 1),
            **{name: count for name, count in more.items() if count},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An inconsistency that `check` found: the store, the kind, the number of papers or chunks, and some of the ids."""

    store: str
    kind: Literal["missing", "stale", "orphaned", "damaged"]
    count: int
    examples: Sequence[str]

    def to_dict(self) -> JsonDict:
        """The finding as `check --json` prints it."""
        return {"store": self.store, "kind": self.kind, "count": self.count, "examples": list(self.examples)}
