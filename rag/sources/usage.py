"""
What a reading used of an input: columns that were not used, objects passed over, whether any record has a date.

It is filled while records are read, and its notes are whole when the last record was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.types import Paper, Reject

_MOST_NAMES = 10_000
"""Names of unused columns that are kept; a file of objects with random keys has more."""
_MOST_TOLD = 100
_LONGEST_NAME = 60
_EMPTY = frozenset(["", "na", "n/a", "nan", "null", "none", "-"])


@dataclass(slots=True, eq=False)
class Usage:
    """
    What was used of one input.

    Attributes:
        decoding: The note of the decoder, if there is one.
        used: The names of columns or keys that became a field of a paper, in order.
        unused: The names of those with any value that became none, in order, `_MOST_NAMES` at most.
        more_unused: How many more there are.
        passed_over: How many objects without a title were passed over, by their place.
        shifted: The places of rows with too many cells that were read up to their abstract.
        has_record, has_paper: True if there was a record, and one that is a paper.
        has_abstract, has_date, has_author: True if a record had one; a record refused for another reason counts for the
            first.
    """

    decoding: str | None = None
    used: dict[str, None] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)
    more_unused: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    shifted: list[str] = field(default_factory=list)
    has_record: bool = False
    has_paper: bool = False
    has_abstract: bool = False
    has_date: bool = False
    has_author: bool = False

    def counted(self, records: Iterable[Paper | Reject]) -> Iterator[Paper | Reject]:
        """Yield the records, and note what any of them has."""
        iterator = iter(records)
        for record in iterator:
            if isinstance(record, Paper):
                self.has_date = self.has_date or bool(record.published or record.listed or record.updated)
                self.has_author = self.has_author or bool(record.authors)
                self.has_paper = True
                self.has_abstract = self.has_abstract or bool(record.abstract)
            else:
                self.has_abstract = self.has_abstract or record.reason != "no abstract"
            self.has_record = True
            yield record
            if self.has_date and self.has_author and self.has_abstract:
                break
        yield from iterator

    def absorb(self, later: Usage) -> None:
        """Add what was used of a later part of the same input."""
        for name in later.unused:
            self.leave(name)
        self.more_unused += later.more_unused
        self.used.update({name: None for name in later.used if name not in self.unused})
        self.passed_over.update(later.passed_over)
        self.shifted += later.shifted
        for has in ("has_record", "has_paper", "has_abstract", "has_date", "has_author"):
            setattr(self, has, getattr(self, has) or getattr(later, has))

    def leave(self, name: str) -> None:
        """Note a column or key that has a value which is not used."""
        self.used.pop(name, None)
        if name not in self.unused:
            if len(self.unused) < _MOST_NAMES:
                self.unused[name] = None
            else:
                self.more_unused += 1

    @property
    def about_text(self) -> tuple[str, ...]:
        """The notes that are known before any record was read."""
        return (self.decoding,) if self.decoding else ()

    def __iter__(self) -> Iterator[str]:
        """The notes for the report of an import."""
        yield from self.about_text
        if self.unused:
            names = ", ".join(f"“{_shown(name)}”" for name in [*self.unused][:_MOST_TOLD])
            more = max(0, len(self.unused) - _MOST_TOLD) + self.more_unused
            yield f"columns not used: {names}{f' and {more:,} more' if more else ''}"
        for place, count in self.passed_over.items():
            yield f"{count:,} {_objects(count)} without a title passed over in {place}"
        if self.shifted:
            places = ", ".join(self.shifted[:3]) + (" and others" if len(self.shifted) > 3 else "")
            rows = f"{len(self.shifted):,} row{'s' * (len(self.shifted) != 1)}"
            yield f"{rows} with one cell too many read up to the abstract, not beyond: {places}"
        lacking = [name for name, has in (("a date", self.has_date), ("an author", self.has_author)) if not has]
        if lacking and self.has_paper:
            hint = "; `--listed DATE` says when they were listed" if "a date" in lacking else ""
            yield f"no record has {' or '.join(lacking)}{hint}"
        if self.has_record and not self.has_abstract:
            yield "no record has an abstract"


def has_value(value: Any) -> bool:
    """
    True if a cell or a value of JSON says anything.

    >>> [has_value(value) for value in ("a", 0, " ", "N/A", None, [], {})]
    [True, True, False, False, False, False, False]
    """
    if isinstance(value, str):
        return value.strip().lower() not in _EMPTY
    return value is not None and value not in ([], {})


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"


def _shown(name: str) -> str:
    if not name.strip():
        return "(without a name)"
    clean = "".join(char if char.isprintable() else "�" for char in " ".join(name.split()))
    return clean if len(clean) <= _LONGEST_NAME else clean[:_LONGEST_NAME] + "…"
