"""
The queue of a served library in the catalog's database: what one writer does after another, and the bytes sent for it.

It keeps states and bytes. Who may take a job, and that nobody else runs it meanwhile, is for `refdesk.jobs` to see to.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from rag.types import JsonDict
from stores.sql.schema import reading, writing
from stores.sql.tables import jobs, uploads

JobKind = Literal["import", "sync", "resend"]
JobState = Literal["receiving", "waiting", "running", "done", "failed"]
UNFINISHED: tuple[JobState, ...] = ("waiting", "running")
ENDED: tuple[JobState, ...] = ("done", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """
    A job.

    Args:
        id: Later jobs have greater ids.
        reader: Who asked for it.
        kind: What it does.
        arguments: What with, as JSON.
        state: `receiving` its bytes; `waiting`; `running`; `done`; `failed`.
        created, changed: ISO 8601 in UTC. While bytes arrive, `changed` moves.
        progress: `starts`, how often it was begun, and what its kind tells.
        report: What came of it, once it has ended.
    """

    id: str
    reader: str
    kind: JobKind
    arguments: JsonDict
    state: JobState
    created: str
    changed: str
    progress: JsonDict
    report: JsonDict | None

    def to_dict(self) -> JsonDict:
        """The job as the API gives it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "reader": self.reader,
            "created": self.created,
            "changed": self.changed,
            "arguments": self.arguments,
            "progress": self.progress,
            "report": self.report,
        }


class SQLJobs:
    """
    Jobs beside the papers, and the bytes of uploads. Times are ISO 8601 in UTC.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, kind: JobKind, arguments: JsonDict, *, reader: str, now: str) -> JobRecord:
        """Add a job that waits. One of the same kind and arguments that waits already is returned in its place."""
        with writing(self._engine) as connection:
            rows = connection.execute(sa.select(jobs).where(jobs.c.kind == kind, jobs.c.state == "waiting"))
            if same := next((row for row in rows if row.arguments == arguments), None):
                return JobRecord(**same._mapping)
            return _insert(connection, kind, arguments, "waiting", reader=reader, now=now)

    def receive(self, *, reader: str, alone: bool, now: str) -> JobRecord | None:
        """Begin an import whose bytes are to come; with `alone` None if the reader has one that has not ended."""
        own = (jobs.c.reader == reader) & (jobs.c.kind == "import") & jobs.c.state.not_in(ENDED)
        with writing(self._engine) as connection:
            if alone and connection.execute(sa.select(jobs.c.id).where(own).limit(1)).first():
                return None
            return _insert(connection, "import", {}, "receiving", reader=reader, now=now)

    def keep(self, id_: str, part: int, data: bytes, *, now: str) -> bool:
        """Store a part of the bytes; False if the job does not receive any more, and nothing was stored."""
        with writing(self._engine) as connection:
            is_open = _set(connection, id_, ("receiving",), changed=now)
            if is_open:
                connection.execute(sa.insert(uploads), [{"job": id_, "part": part, "data": data}])
            return is_open

    def touch(self, id_: str, *, now: str) -> bool:
        """Note that bytes still arrive; False if the job does not receive any more."""
        with writing(self._engine) as connection:
            return _set(connection, id_, ("receiving",), changed=now)

    def complete(self, id_: str, arguments: JsonDict, *, now: str) -> bool:
        """Let a job wait, all of whose bytes are there; False if it does not receive any more."""
        with writing(self._engine) as connection:
            return _set(connection, id_, ("receiving",), state="waiting", arguments=arguments, changed=now)

    def part(self, id_: str, part: int) -> bytes | None:
        """A part of the bytes; None if it is not there."""
        query = sa.select(uploads.c.data).where(uploads.c.job == id_, uploads.c.part == part)
        with reading(self._engine) as connection:
            found: bytes | None = connection.execute(query).scalar()
            return found

    def find(self, id_: str) -> JobRecord | None:
        """The job with an id."""
        return next(iter(self._where(jobs.c.id == id_, limit=1)), None)

    def last(self, *, reader: str | None, kind: JobKind | None = None, limit: int) -> list[JobRecord]:
        """The last jobs, of a reader or of all, of one kind or of all; the newest first."""
        which = [jobs.c.reader == reader] if reader is not None else []
        return self._where(*which, *([jobs.c.kind == kind] if kind else []), newest_first=True, limit=limit)

    def next(self) -> JobRecord | None:
        """The first job that waits, or that was begun and has not ended."""
        return next(iter(self._where(jobs.c.state.in_(UNFINISHED), limit=1)), None)

    def begin(self, id_: str, *, now: str) -> JobRecord | None:
        """Let a job run, once more if it was begun before; None if it has ended meanwhile."""
        with writing(self._engine) as connection:
            query = sa.select(jobs).where(jobs.c.id == id_, jobs.c.state.in_(UNFINISHED))
            if (row := connection.execute(query).first()) is None:
                return None
            starts = int(row.progress.get("starts", 0)) + 1
            _set(connection, id_, UNFINISHED, state="running", progress={"starts": starts}, changed=now)
            return JobRecord(**{**row._mapping, "state": "running", "progress": {"starts": starts}, "changed": now})

    def tell(self, id_: str, progress: JsonDict, *, now: str) -> bool:
        """Store how far a job is; False if it was removed."""
        with writing(self._engine) as connection:
            return _set(connection, id_, ("running",), progress=progress, changed=now)

    def end(self, id_: str, state: Literal["done", "failed"], report: JsonDict, *, now: str) -> None:
        """Store what came of a job; its bytes go with `tidy`."""
        with writing(self._engine) as connection:
            _set(connection, id_, UNFINISHED, state=state, report=report, changed=now)

    def remove(self, id_: str) -> None:
        """Remove a job that receives; its bytes go with `tidy`."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(jobs).where(jobs.c.id == id_, jobs.c.state == "receiving"))

    def tidy(self, *, abandoned: str, ended: str) -> None:
        """
        Remove uploads that nobody finishes, jobs that ended long ago, and bytes that no job needs.

        Args:
            abandoned: Uploads whose last byte came before are removed.
            ended: Jobs that ended before are removed.
        """
        half = (jobs.c.state == "receiving") & (jobs.c.changed < abandoned)
        old = jobs.c.state.in_(ENDED) & (jobs.c.changed < ended)
        needed = sa.select(jobs.c.id).where(jobs.c.state.not_in(ENDED))
        query = sa.select(uploads.c.job, uploads.c.part).where(uploads.c.job.not_in(needed))
        with reading(self._engine) as connection:
            is_due = connection.execute(sa.select(jobs.c.id).where(half | old).limit(1)).first()
        if is_due:
            with writing(self._engine) as connection:
                connection.execute(sa.delete(jobs).where(half | old))
        with reading(self._engine) as connection:
            unneeded = connection.execute(query).all()
        for job, part in unneeded:  # one at a time, so that no other writer waits long
            with writing(self._engine) as connection:
                connection.execute(sa.delete(uploads).where(uploads.c.job == job, uploads.c.part == part))

    def _where(self, *conditions: sa.ColumnElement[bool], limit: int, newest_first: bool = False) -> list[JobRecord]:
        order = jobs.c.id.desc() if newest_first else jobs.c.id
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(jobs).where(*conditions).order_by(order).limit(limit))
            return [JobRecord(**row._mapping) for row in rows]


def _insert(
    connection: sa.Connection, kind: JobKind, arguments: JsonDict, state: JobState, *, reader: str, now: str
) -> JobRecord:
    job = JobRecord(
        id=f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}",
        reader=reader,
        kind=kind,
        arguments=arguments,
        state=state,
        created=now,
        changed=now,
        progress={},
        report=None,
    )
    connection.execute(sa.insert(jobs), [job.to_dict()])
    return job


def _set(connection: sa.Connection, id_: str, states: tuple[JobState, ...], **values: Any) -> bool:
    """Change a job that is in one of some states; False if there is none."""
    which = (jobs.c.id == id_) & jobs.c.state.in_(states)
    return bool(connection.execute(sa.update(jobs).where(which).values(**values)).rowcount)
