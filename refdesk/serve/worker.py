"""
The worker: does the jobs of a library, one after another, and ends when there is none. `refdesk.jobs` is the queue.

    python -m refdesk.serve.worker LIBRARY [SETTINGS]
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import BinaryIO

from rag.errors import InputError, LibraryLocked, RefdeskError, StoreError, UnknownFormat
from rag.types import ImportReport, JsonDict, Reject
from refdesk.jobs import MOST_STARTS
from refdesk.library import Library
from refdesk.serve.beside import go_last
from stores.sql.jobs import JobRecord

TOLD_S = 0.5
"""How often the progress of a job is stored, at most."""
MOST_REJECTS = 200
"""So many rejects and notes are kept in the report of an import; the others are counted."""
MOST_CHARS = 300
_OPTION = re.compile(r"(?<!\w)--[a-z]")
_HINTS: tuple[tuple[type[RefdeskError], str], ...] = (
    (UnknownFormat, "Name the format, or send a file in one that is listed."),
    (InputError, "Send text, JSON, a table or a zip archive of papers; name the format or the encoding if need be."),
    (LibraryLocked, "Ask for it again when that has ended."),
    (StoreError, "Nothing is lost; ask for it again once an admin has seen to it."),
)


class Stopped(Exception):
    """The server ends; the job stays as it is, and the next worker continues it."""


class Worker:
    """
    Does jobs.

    Args:
        library: The open library.
        is_over: Tells whether to leave the job at the next place where that can be.
    """

    def __init__(self, library: Library, is_over: Callable[[], bool] = lambda: False) -> None:
        self._library, self._jobs, self._is_over = library, library.jobs, is_over

    def work(self) -> None:
        """
        Do the jobs that are there, as long as no other process does any.

        Raises:
            Stopped: It was to stop; a job may stay begun.
            LibraryLocked: Another process did not stop writing papers in time.
            StoreError: The end of a job could not be stored; the next worker does it again.
        """
        while self._work_on_one():
            self._go_on()

    def _work_on_one(self) -> bool:
        """Do the next job; False if there is none to do here."""
        with self._jobs.taken() as job:
            if job is None:
                return False
            if job.progress["starts"] > MOST_STARTS:
                error = RefdeskError(f"The server ended {MOST_STARTS} times while this ran.", hint="Report it.")
                self._jobs.end(job, "failed", _failure(error))
                return True
            try:
                report = self._report(job)
            except Stopped:
                raise
            except RefdeskError as error:
                if job.kind == "import" and isinstance(error, LibraryLocked):
                    raise  # another machine has become the writer, and perhaps goes on with this job
                self._fail(job, error)
            except Exception as error:  # noqa: BLE001 - one job's surprise does not stop the others
                surprise = RefdeskError(f"Refdesk failed: {type(error).__name__}: {error}", hint="Report it.")
                self._fail(job, surprise)
            else:
                self._jobs.end(job, "done", report)
            return True

    def _fail(self, job: JobRecord, error: RefdeskError) -> None:
        """Store a failure, unless it came of the server's end."""
        self._go_on()
        self._jobs.end(job, "failed", _failure(error))

    def _report(self, job: JobRecord) -> JsonDict:
        kinds: dict[str, Callable[[JobRecord], JsonDict]] = {
            "import": self._import,
            "sync": self._sync,
            "resend": self._resend,
        }
        return kinds[job.kind](job)

    def _go_on(self) -> None:
        if self._is_over():
            raise Stopped

    # ---- what they do

    def _import(self, job: JobRecord) -> JsonDict:
        began, files = time.perf_counter(), job.arguments["files"]
        whole = max(1, sum(file["size"] for file in files))
        before = records = 0
        total = ImportReport()
        for file in files:
            stream = self._jobs.stream(job, file)
            tell = self._progress(job, stream, records=records, before=before, whole=whole)
            try:
                report = self._library.add_stream(stream, file["name"], **job.arguments["options"], progress=tell)
            except InputError as error:
                if len(files) == 1:
                    raise
                report = ImportReport(rejected=(Reject(where=file["name"], reason=error.message),))
            before, records = before + file["size"], records + report.records
            total = (total + (_named(report, file["name"]) if len(files) > 1 else report)).shortened(MOST_REJECTS)
        total = replace(total, took_ms=(time.perf_counter() - began) * 1000)
        self._jobs.tell(job, {"records": records, "share": 1.0})
        rejected = tuple(map(_cut, total.rejected[:MOST_REJECTS]))
        notes = [_without_options(note)[:MOST_CHARS] for note in total.notes]
        if job.progress["starts"] > 1:
            notes.append("The server ended while this ran; what it had added before that counts as unchanged.")
        document = replace(total, rejected=rejected).to_dict()
        return {**document, "notes": notes, "more_rejected": total.more_rejected, "more_notes": total.more_notes}

    def _progress(
        self, job: JobRecord, stream: BinaryIO, *, records: int, before: int, whole: int
    ) -> Callable[[int, float], None]:
        """Stores how far an import is: the records so far, and the share of the bytes of all files."""
        told = 0.0

        def tell(count: int, _: float) -> None:
            nonlocal told
            self._go_on()
            if time.monotonic() - told > TOLD_S:
                told = time.monotonic()
                share = min(1.0, (before + stream.tell()) / whole)
                self._jobs.tell(job, {"records": records + count, "share": round(share, 3)})

        return tell

    def _sync(self, job: JobRecord) -> JsonDict:
        done = 0

        def tell(_: object) -> None:
            nonlocal done
            self._go_on()
            done += 1
            self._jobs.tell(job, {"feeds": done})

        reports = self._library.sync(*job.arguments["feeds"], tell=tell)
        return {"feeds": [report.to_dict() for report in reports]}

    def _resend(self, _: JobRecord) -> JsonDict:
        steps = []
        for step in self._library.issues.deliver():
            steps.append(step.to_dict())
            self._go_on()
        return {"steps": steps}


def _failure(error: RefdeskError) -> JsonDict:
    """The report of a job that failed. Its reader has no command line, so a hint that names a command is replaced."""
    hint = error.hint
    if hint and ("`" in hint or "--" in hint or "command" in hint):
        hint = next((words for kind, words in _HINTS if isinstance(error, kind)), None)
    return {"error": {"type": type(error).__name__, "message": _without_options(error.message), "hint": hint}}


def _without_options(sentence: str) -> str:
    """
    A sentence without the parts that tell of an option of the command line.

    >>> _without_options("a.csv is not UTF-8, and its encoding is not sure; --encoding names it.")
    'a.csv is not UTF-8, and its encoding is not sure.'
    """
    parts = sentence.split("; ")
    kept = "; ".join(part for part in parts if not _OPTION.search(part)) or sentence
    return kept if kept.endswith(sentence[-1:]) or not sentence.endswith(".") else f"{kept}."


def _named(report: ImportReport, name: str) -> ImportReport:
    """The report of one of several files, which each reject and note names."""
    rejected = tuple(
        reject if reject.where == name else replace(reject, where=f"{name}: {reject.where}")
        for reject in report.rejected
    )
    return replace(report, rejected=rejected, notes=tuple(f"{name}: {note}" for note in report.notes))


def _cut(reject: Reject) -> Reject:
    title = reject.title and reject.title[:MOST_CHARS]
    return Reject(where=reject.where[:MOST_CHARS], reason=reject.reason[:MOST_CHARS], title=title)


def main(folder: str, config: str | None = None) -> None:
    """Do the jobs of a library, until there is none, the server that started this has ended, or SIGTERM comes."""
    from refdesk.opening import open_library

    over, server = Event(), os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the server, which decides
    go_last()
    try:
        with open_library(folder, config=config, create=False) as library:
            Worker(library, lambda: over.is_set() or os.getppid() != server).work()
    except Stopped:
        pass
    except RefdeskError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
