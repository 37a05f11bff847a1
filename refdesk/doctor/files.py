"""
What files would bring to a library: all their records are read and judged as `add` judges them, and none is stored.

Whether a record is a paper that a library has already is not said here: no library is asked.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from rag import sources
from rag.errors import InputError, RefdeskError
from rag.sources.decoding import HEAD_BYTES, open_text
from rag.sources.repetition import Repetition, without_notices
from rag.types import JsonDict, Paper, Reject
from refdesk.ingest import archives, inputs

MOST_REASONS = 20
"""Reasons of rejected records that are told; the rest is counted together."""
Progress = Callable[[int, float], None]


@dataclass(slots=True)
class FileReport:
    """
    What one file would bring.

    Attributes:
        path: As it was named; within an archive, the archive's and the file's name.
        format, encoding: As they were recognised; None where they were not.
        records: How many, papers and rejected ones.
        rejected: How many of them.
        papers: How many different papers, by their ids.
        reasons: Why records were rejected: how many, and the place and title of the first.
        ids: How many papers have an id of each scheme.
        authors, listed, published, flagged: How many papers have authors, dates, or a flag.
        first, last: The days of the first and the last paper, published or else listed.
        example: The title of the first paper.
        used: The columns or keys that became fields, and what they became.
        unused: Those with a value that became none.
        notes: As `add` gives them.
        error: Why the file cannot be read, or not to its end.
    """

    path: str
    format: str | None = None
    encoding: str | None = None
    records: int = 0
    rejected: int = 0
    papers: int = 0
    reasons: dict[str, JsonDict] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
    authors: int = 0
    published: int = 0
    listed: int = 0
    flagged: int = 0
    first: str | None = None
    last: str | None = None
    example: str | None = None
    used: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: RefdeskError | None = None

    @property
    def without(self) -> list[str]:
        """What no paper of the file has, of date and authors."""
        if not self.papers:
            return []
        return [
            name for name, count in (("date", self.published + self.listed), ("authors", self.authors)) if not count
        ]

    @property
    def is_refused(self) -> bool:
        """True if the file would bring no paper."""
        return not self.papers

    def to_dict(self) -> JsonDict:
        """The report as `doctor --json` prints it."""
        return {
            "path": self.path,
            "format": self.format,
            "encoding": self.encoding,
            "records": self.records,
            "papers": self.papers,
            "rejected": self.rejected,
            "reasons": [{"reason": reason, **what} for reason, what in self.reasons.items()],
            "columns": {"used": self.used, "unused": self.unused, "without": self.without},
            "dates": {"published": self.published, "listed": self.listed, "first": self.first, "last": self.last},
            "authors": self.authors,
            "ids": dict(sorted(self.ids.items())),
            "flagged": self.flagged,
            "example": self.example,
            "notes": self.notes,
            "error": self.error.to_dict()["error"] if self.error else None,
        }

    def count(self, record: Paper | Reject, seen: set[str]) -> None:
        """Count one record; `seen` has the ids of the papers before it."""
        self.records += 1
        if isinstance(record, Reject):
            self.rejected += 1
            reason = record.reason
            if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
                reason = "other reasons"
            entry = self.reasons.setdefault(reason, {"count": 0, "where": record.where, "title": record.title})
            entry["count"] += 1
            return
        if seen.isdisjoint(record.aliases):
            self.papers += 1
        seen.update(record.aliases)
        self.example = self.example or record.title
        self.ids.update({alias.partition(":")[0] for alias in record.aliases})
        self.authors += bool(record.authors)
        self.published += bool(record.published)
        self.listed += bool(record.listed)
        self.flagged += bool(record.flags)
        if day := record.published or record.listed:
            self.first = min(self.first or day, day)
            self.last = max(self.last or day, day)


def examined(
    names: Sequence[str], *, today: str, format_name: str | None = None, progress: Progress = lambda *_: None
) -> Iterator[FileReport]:
    """
    Read inputs as `add` does, and yield what each of their files would bring.

    Args:
        names: Paths, folders, patterns, zip files, URLs, or `-` for standard input.
        today: The day, ISO.
        format_name: Force a format.
        progress: Called with the number of records of a file read so far, and the share of its bytes.
    """
    for name, scope in inputs.expanded(names):
        try:
            with inputs.opened(name) as (stream, filename, size):
                for part, part_name, part_size in archives.members(stream, scope or filename, size):
                    path = name if part is stream else f"{name}: {part_name}"
                    yield _examined(part, path, part_name, part_size, today, format_name, progress)
        except (InputError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            yield FileReport(name, error=_told(error, name))


def _examined(
    stream: BinaryIO, path: str, filename: str, size: int, today: str, format_name: str | None, progress: Progress
) -> FileReport:
    report = FileReport(path)
    try:
        text, _ = open_text(stream, filename)
        report.encoding = text.encoding
        report.format = format_name or sources.recognise(text.read(HEAD_BYTES), filename).name
        records, usage = sources.parse(stream, filename, today=today, format_name=report.format)
        seen: set[str] = set()
        for record in without_notices(records, Repetition()):
            report.count(record, seen)
            if report.records % 1_000 == 0:
                progress(report.records, min(1.0, stream.tell() / max(size, 1)))
    except (InputError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        report.error = _told(error, path)
        return report
    report.notes, report.used, report.unused = list(usage), list(usage.used), list(usage.unused)
    if not report.records:
        report.error = InputError(
            f"{filename} holds no records.", hint="`refdesk add --list-formats` lists what is read."
        )
    return report


def _told(error: Exception, path: str) -> RefdeskError:
    if isinstance(error, RefdeskError):
        return error
    return InputError(f"{path} is damaged: {error}.", hint="Fetch it again.")
