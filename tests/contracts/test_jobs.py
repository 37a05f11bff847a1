"""The queue in every database of the catalog: what is received becomes a job, states follow one another, bytes go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stores.sql.catalog import SQLCatalog
from stores.sql.jobs import SQLJobs

pytestmark = pytest.mark.catalogs("sqlite", "postgres")
EARLY, NOW, LATER = (f"2026-11-27T1{hour}:00:00+00:00" for hour in (0, 1, 2))


@pytest.fixture
def jobs(empty_url: str) -> Iterator[SQLJobs]:
    catalog = SQLCatalog(empty_url)
    catalog.migrate()
    yield catalog.jobs()
    catalog.close()


def test_what_is_received_waits_runs_and_ends(jobs: SQLJobs) -> None:
    received = jobs.receive(reader="ada", alone=True, now=NOW)
    assert received
    assert (received.state, jobs.next(), jobs.receive(reader="ada", alone=True, now=NOW)) == ("receiving", None, None)
    assert jobs.receive(reader="bob", alone=True, now=EARLY)
    assert jobs.keep(received.id, 0, b"\0first", now=NOW)
    assert jobs.keep(received.id, 1, b"second", now=NOW)
    assert jobs.complete(received.id, {"files": [{"name": "Études.bib"}]}, now=NOW)
    assert not jobs.keep(received.id, 2, b"late", now=NOW)
    assert not jobs.touch(received.id, now=NOW)
    waiting = jobs.next()
    assert waiting
    assert (waiting.id, waiting.arguments["files"]) == (received.id, [{"name": "Études.bib"}])
    assert [(jobs.begin(received.id, now=NOW) or waiting).progress for _ in range(2)] == [{"starts": 1}, {"starts": 2}]
    assert jobs.tell(received.id, {"starts": 2, "share": 0.5}, now=NOW)
    jobs.tidy(abandoned=NOW, ended=EARLY)
    assert [jobs.part(received.id, part) for part in range(3)] == [b"\0first", b"second", None]
    assert [job.reader for job in jobs.last(reader=None, limit=9)] == ["ada"]  # bob's was abandoned
    jobs.end(received.id, "done", {"added": 3}, now=NOW)
    assert jobs.begin(received.id, now=NOW) is None
    assert not jobs.tell(received.id, {}, now=NOW)
    jobs.tidy(abandoned=NOW, ended=EARLY)
    assert jobs.part(received.id, 0) is None
    found = jobs.find(received.id)
    assert found
    assert (found.state, found.report) == ("done", {"added": 3})
    jobs.tidy(abandoned=NOW, ended=LATER)
    assert jobs.find(received.id) is None


def test_jobs_come_in_their_order_and_an_equal_one_is_not_added_twice(jobs: SQLJobs) -> None:
    added = [jobs.add("sync", {"feeds": names}, reader="ada", now=NOW) for names in ([], ["cs"], [])]
    assert added[0].id == added[2].id != added[1].id
    first = jobs.next()
    assert first
    assert first.id == min(job.id for job in added)
    jobs.begin(first.id, now=NOW)
    assert jobs.add("sync", first.arguments, reader="ada", now=NOW).id != first.id
    assert [job.kind for job in jobs.last(reader="ada", limit=2)] == ["sync", "sync"]
    assert jobs.last(reader="bob", limit=2) == jobs.last(reader="ada", kind="import", limit=2) == []
