"""Files sent to a served library, and the queue of what it does with them: a real server, killed and begun again."""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from serving import Served, serving

import refdesk
from rag.delivery.outbox import planned
from refdesk.jobs import MOST_STARTS, PART_BYTES, clean_name
from refdesk.serve import worker
from refdesk.serve.worker import Stopped, Worker
from tests.campaigns import seeds
from tests.commands import environment, start
from tests.usecases.test_killed import consistent
from tests.warm import Process

SEED, PARTS, KILLS = 20261127, 20, 2
_SMALL = """
import stores.ingest, stores.store, refdesk.jobs
stores.ingest.BATCH = stores.store.BATCH = 50
refdesk.jobs.PART_BYTES = 16_384
"""
_DIE = """
import os, signal, sys
import stores.sql.jobs, stores.sql.catalog
def die(owner, name, times, when):
    module, _, owner = owner.rpartition(".")
    owner = getattr(sys.modules[module], owner)
    whole = getattr(owner, name)
    calls = 0
    def dying(*arguments, **named):
        nonlocal calls
        calls += 1
        if calls == int(times) and when == "before":
            os.killpg(0, signal.SIGKILL)
        found = whole(*arguments, **named)
        if calls == int(times):
            os.killpg(0, signal.SIGKILL)
        return found
    setattr(owner, name, dying)
"""
_SERVE = """
import sys
import refdesk.serve.jobs
from refdesk.cli import main
refdesk.serve.jobs.WORKER = (sys.executable, "-c", sys.argv[2])
main(["--library", sys.argv[1], "serve", "--port", "0", "--auth", "none"])
"""
_WORK = """
import sys
from refdesk.serve.worker import main
main(*sys.argv[1:])
"""
JOBS, CATALOG = "stores.sql.jobs.SQLJobs", "stores.sql.catalog.SQLCatalog"


def lines(numbers: range, prefix: str = "sent") -> bytes:
    """Records as JSON Lines."""
    records = (
        {
            "id": f"{prefix}:{number:05}",
            "title": f"The {prefix} study of subject{number}",
            "abstract": f"We study subject{number} in a field trial. It grows by {number + 2} percent within one year.",
        }
        for number in numbers
    )
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def ids(numbers: range, prefix: str = "sent", name: str = "sent") -> set[str]:
    return {f"file:{name}:{prefix}:{number:05}" for number in numbers}


def sent(client: httpx.Client, *files: tuple[str, bytes], **fields: Any) -> httpx.Response:
    """Send files as a program does."""
    return client.post("/api/v1/imports", files=[("file", file) for file in files], data=fields)


def ended(client: httpx.Client, job: httpx.Response | str, timeout_s: float = 60) -> Any:
    """The job of a reply once it has ended."""
    place = job if isinstance(job, str) else job.headers["location"]
    limit = time.monotonic() + timeout_s
    while True:
        found = client.get(place).json()
        if found["state"] in ("done", "failed"):
            return found
        assert time.monotonic() < limit, found
        time.sleep(0.05)


def listed(client: httpx.Client) -> Any:
    """The last imports."""
    return client.get("/api/v1/imports").json()["imports"]


def rows(library: refdesk.Library) -> int:
    """The rows of bytes that are spooled."""
    with library._store.catalog._engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM uploads").scalar_one())


def is_emptied(library: refdesk.Library) -> bool:
    """True once nothing is spooled; the bytes of a job go right after it has ended."""
    limit = time.monotonic() + 20
    while rows(library) and time.monotonic() < limit:
        time.sleep(0.02)
    return rows(library) == 0


@contextmanager
def working(library: refdesk.Library) -> Iterator[None]:
    """Do the jobs in a thread of this process until the block ends."""
    over = threading.Event()

    def work() -> None:
        with suppress(Stopped):
            while not over.wait(0.02):
                Worker(library, over.is_set).work()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def served(folder: Path) -> Iterator[tuple[refdesk.Library, httpx.Client]]:
    with (
        refdesk.open_library(folder) as library,
        working(library),
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        yield library, client


# ---- imports


def test_files_are_imported_and_reported(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    before = library.extent()[0]
    wrong = json.dumps({"id": "sent:x", "title": "Without an abstract"}).encode()
    reply = sent(client, ("sent.jsonl", lines(range(20)) + wrong), ("more.jsonl", lines(range(5), "more")), tags="a, b")
    assert reply.status_code == 202
    assert reply.headers["location"] == f"/api/v1/imports/{reply.json()['id']}"
    job = ended(client, reply)
    assert (job["state"], job["progress"]["records"], job["progress"]["share"]) == ("done", 26, 1.0)
    report = job["report"]
    assert (report["added"], report["unchanged"], report["more_rejected"]) == (25, 0, 0)
    (reject,) = report["rejected"]
    assert (reject["where"], reject["title"]) == ("sent.jsonl: line 21", "Without an abstract")
    assert library.extent()[0] == before + 25
    assert library.show("file:more:more:00001").tags == ("a", "b")
    again = ended(client, sent(client, ("sent.jsonl", lines(range(20)))))["report"]
    assert (again["added"], again["unchanged"]) == (0, 20)
    assert [each["id"] for each in client.get("/api/v1/imports").json()["imports"]][-1] == job["id"]
    assert is_emptied(library)
    assert library.check() == []


def test_an_upload_adds_what_is_unknown_and_replaces_nothing(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    paper = next(paper for paper in library.papers() if paper.paper_id.startswith("arxiv:"))
    before = library.revisions(paper.paper_id)
    forged = {
        "id": paper.paper_id,
        "title": paper.title,
        "abstract": "All of this was forged. Nobody measured it at all.",
    }
    report = ended(client, sent(client, ("forged.jsonl", json.dumps(forged).encode())))["report"]
    assert (report["added"], report["updated"], report["unchanged"]) == (0, 0, 1)
    assert report["notes"]
    assert library.show(paper.paper_id).abstract == paper.abstract
    assert library.revisions(paper.paper_id) == before


def test_fields_may_stand_behind_the_files_and_are_checked(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    boundary = "x" * 20
    kept = json.dumps({"id": "sent:y", "title": "Kept without an abstract"})

    def part(name: str, value: str, filename: str = "") -> str:
        more = f'; filename="{filename}"' if filename else ""
        return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'

    body = part("file", kept, "sent.jsonl") + part("keep_without_abstract", "true") + part("listed", "2026-06-30")
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    reply = client.post("/api/v1/imports", content=f"{body}--{boundary}--\r\n", headers=headers)
    assert ended(client, reply)["report"]["added"] == 1
    assert library.show("file:sent:sent:y").listed == "2026-06-30"
    for name, value in (("format", "word"), ("listed", "soon"), ("tags", "a\x00b"), ("colour", "red")):
        reply = sent(client, ("sent.jsonl", b"{}"), **{name: value})
        assert (reply.status_code, reply.json()["error"]["message"][-1]) == (422, "."), name
    assert sent(client).status_code == client.post("/api/v1/imports", json={}).status_code == 422
    broken = client.post("/api/v1/imports", content=body, headers=headers)  # its end is missing
    assert (broken.status_code, "breaks off" in broken.text) == (422, True)
    assert client.post("/api/v1/imports", content=b"\r\nhello", headers=headers).status_code == 422
    many = sent(client, *[(f"{number}.jsonl", b"{}") for number in range(101)])
    assert (many.status_code, "100 files" in many.text) == (422, True)
    long = sent(client, ("sent.jsonl", b"{}"), tags="x" * 20_000)
    assert (long.status_code, "too long" in long.text) == (422, True)
    assert (rows(library), len(library.jobs.last(library.readers.get("local")))) == (0, 1)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("../../../etc/passwd.jsonl", "passwd.jsonl"),
        ("/etc/cron.d/evil.jsonl", "evil.jsonl"),
        ("C:\\windows\\evil.jsonl", "evil.jsonl"),
        ("nul\0l\x1b[31m\u202e.jsonl", "null[31m.jsonl"),
        ("..", "upload"),
        ("x" * 5_000 + ".jsonl", "x" * 179 + "…" + "x" * 14 + ".jsonl"),
        ("Études π.jsonl", "Études π.jsonl"),
    ],
)
def test_names_are_cleaned(name: str, called: str) -> None:
    assert clean_name(name) == called


def test_a_hostile_name_makes_no_file(served: tuple[refdesk.Library, httpx.Client], tmp_path: Path) -> None:
    library, client = served
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../planted\\\xff\x01.jsonl"\r\n\r\n'
        + lines(range(1))
        + b"\r\n--x--\r\n"
    )
    before = sorted(tmp_path.rglob("*"))
    reply = client.post("/api/v1/imports", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    job = ended(client, reply)
    assert job["arguments"]["files"][0]["name"] == "\ufffd.jsonl"
    assert (job["state"], library.extent()[0] > 0) == ("done", True)
    made = {path.name for path in set(tmp_path.rglob("*")) - set(before)}
    assert not any("planted" in name or "jsonl" in name for name in made), made


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_archives_are_imported_within_the_limits(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    good = zipped({"a/sent.jsonl": lines(range(3)), "b.jsonl": lines(range(3, 5), "more")})
    job = ended(client, sent(client, ("papers.zip", good)))
    assert (job["state"], job["report"]["added"], job["progress"]["records"]) == ("done", 5, 5)
    for name, content, says in (
        ("bomb.zip", zipped({"zeros.jsonl": b"\0" * (8 << 20)}), "a zip bomb"),
        ("out.zip", zipped({"../../out.jsonl": lines(range(1))}), "leads out of it"),
        ("half.zip", good[: len(good) // 2], "damaged"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        ("empty.jsonl", b"", "is empty"),
        ("unknown.txt", b"just some words of nobody", "is not known"),
    ):
        job = ended(client, sent(client, (name, content)))
        assert (job["state"], says in job["report"]["error"]["message"]) == ("failed", True), job
        assert "`" not in (job["report"]["error"]["hint"] or "")
    assert is_emptied(library)


def test_one_file_that_cannot_be_read_stops_no_other(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    job = ended(
        client,
        sent(client, ("a.jsonl", lines(range(2), "a")), ("b.png", b"\x89PNG"), ("c.jsonl", lines(range(3), "c"))),
    )
    assert (job["state"], job["report"]["added"]) == ("done", 5)
    assert [(each["where"], "a picture" in each["reason"]) for each in job["report"]["rejected"]] == [("b.png", True)]


def test_a_report_names_the_first_rejects_and_counts_all(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    title = "a < b & <script>alert(1)</script> \u202e " + "very " * 500
    hostile = "".join(json.dumps({"id": f"x:{at}", "title": f"{at} {title}"}) + "\n" for at in range(1_200)).encode()
    job = ended(client, sent(client, ("hostile.jsonl", hostile + b'{"deep": ' + b"[" * 100_000)))
    report = job["report"]
    assert len(report["rejected"]) == worker.MOST_REJECTS
    assert len(report["rejected"]) + report["more_rejected"] == job["progress"]["records"] >= 1_200
    assert len(json.dumps(report)) < 250_000
    page = client.get("/library").text
    assert f"{report['more_rejected']:,} more were rejected; only the first are named." in page
    assert "a &lt; b &amp;" in page
    assert not re.search("<script>alert|\u202e", page)


def test_a_stream_of_somebody_else_has_a_short_report(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, _ = served
    wrong = b'{"id": "x", "title": "Without an abstract"}\n' * 1_500
    for stream in (wrong, zipped({"a.jsonl": wrong[: len(wrong) // 2], "b.jsonl": wrong[len(wrong) // 2 :]})):
        report = library.add_stream(io.BytesIO(stream), "wrong.jsonl")
        assert (len(report.rejected), report.more_rejected, report.records) == (1_000, 500, 1_500)
        assert report.to_dict()["more_rejected"] == 500


def test_an_upload_that_breaks_off_is_never_imported(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    before = library.extent()[0]
    host, port = client.base_url.host, client.base_url.port
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="half.jsonl"\r\n\r\n' + lines(range(60_000))
    head = f"POST /api/v1/imports HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body) * 2}\r\n"
    with socket.create_connection((host, port or 0)) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + body)
        limit = time.monotonic() + 20
        while rows(library) < len(body) // PART_BYTES:
            assert time.monotonic() < limit
            time.sleep(0.02)
        (receiving,) = listed(client)
        assert receiving["state"] == "receiving"
    while listed(client) or rows(library):
        assert time.monotonic() < limit
        time.sleep(0.02)
    assert library.extent()[0] == before


def test_what_is_too_long_is_refused(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    for path in ("/api/v1/imports", "/imports"):
        headers = {"Content-Length": str(257 << 20), "Content-Type": "multipart/form-data; boundary=x"}
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as connection:
            lines_ = [f"POST {path} HTTP/1.1", f"Host: {client.base_url.netloc.decode()}"]
            lines_ += [f"{name}: {value}" for name, value in headers.items()]
            connection.sendall(("\r\n".join(lines_) + "\r\n\r\n").encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert rows(library) == 0


@pytest.mark.server
def test_257_mb_without_a_length_are_cut_off(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served

    def pieces() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="long.jsonl"\r\n\r\n'
        for _ in range(257 * 4):
            yield b"x" * (1 << 18)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        status = client.post("/api/v1/imports", content=pieces(), headers=headers).status_code
    except httpx.TransportError:  # the server closed the connection while it was sent
        status = 413
    assert status == 413
    limit = time.monotonic() + 30
    while listed(client) or rows(library):
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_an_abandoned_upload_is_removed_by_the_next(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        half = library.jobs.receive("ada")
        assert half
        half.begin_file("half.jsonl")
        half.write(b"x" * (PART_BYTES + 1))
        assert rows(library) == 1
        assert library.jobs.receive("ada") is None
        with library._store.catalog._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE jobs SET changed = '2026-01-01T00:00:00+00:00'")
        assert library.jobs.receive("ada")
        assert rows(library) == 0
        with pytest.raises(refdesk.errors.InputError, match="given up"):
            half.complete({})


# ---- who may


@pytest.fixture
def guarded(folder: Path) -> Iterator[tuple[refdesk.Library, Served]]:
    with refdesk.open_library(folder) as library, serving(library, auth="token") as at:
        yield library, at


@contextmanager
def signed_in(library: refdesk.Library, at: Served, name: str, role: Any) -> Iterator[httpx.Client]:
    library.readers.add(name, role=role)
    _, secret = library.readers.add_token(name)
    with httpx.Client(base_url=at.url, headers={"Authorization": f"Bearer {secret}"}, timeout=60) as client:
        yield client


def test_only_curators_may_and_a_reader_sees_their_own(guarded: tuple[refdesk.Library, Served]) -> None:
    library, at = guarded
    with (
        signed_in(library, at, "ada", "reader") as ada,
        signed_in(library, at, "bob", "curator") as bob,
        signed_in(library, at, "eve", "curator") as eve,
        signed_in(library, at, "kim", "admin") as kim,
    ):
        for path in ("/imports", "/sync", "/deliveries/abcd/resend", "/deliveries/abcd/dismiss"):
            for prefix in ("/api/v1", ""):
                assert ada.post(prefix + path, files={"file": b"{}"}).status_code == 403, path
        assert "Import" not in ada.get("/library").text
        waiting = sent(bob, ("sent.jsonl", lines(range(3))))
        assert waiting.status_code == 202
        place = waiting.headers["location"]
        again = sent(bob, ("sent.jsonl", lines(range(3))))
        assert (again.status_code, int(again.headers["retry-after"]) > 0) == (429, True)
        page = bob.post("/imports", files={"file": b"{}"})
        assert (page.status_code, page.headers["retry-after"]) == (429, again.headers["retry-after"])
        assert "An import of yours has not ended yet." in page.text
        assert sent(eve, ("sent.jsonl", lines(range(3)))).status_code == 202
        assert ada.get(place).status_code == 404
        assert ada.get("/api/v1/imports").json() == {"imports": []}
        assert kim.get(place).json() == eve.get(place).json() == bob.get(place).json()
        library.readers.set("bob", role="reader")
        assert [each["reader"] for each in bob.get("/api/v1/imports").json()["imports"]] == ["bob"]
        assert sent(bob, ("sent.jsonl", b"{}")).status_code == 403
        with working(library):
            assert ended(kim, place)["report"]["added"] == 3
        library.readers.remove("bob")
        assert kim.get(place).status_code == 404
        assert httpx.post(f"{at.url}/api/v1/imports", files={"file": b"{}"}).status_code == 401


def test_a_library_that_is_only_read_takes_nothing(folder: Path) -> None:
    with (
        refdesk.open_library(folder, read_only=True) as library,
        working(library),
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        for path in ("/api/v1/imports", "/api/v1/deliveries/abcd/resend", "/imports"):
            assert client.post(path, files={"file": b"{}"}).status_code == 403
        assert client.get("/api/v1/imports").json() == {"imports": []}
        assert "<form" not in client.get("/library").text


# ---- syncs and deliveries


def test_feeds_are_pulled_in_turn(folder: Path) -> None:
    (folder / "papers").mkdir()
    (folder / "papers" / "sent.jsonl").write_bytes(lines(range(4)))
    (folder / "refdesk.toml").write_text(f'[feeds.shelf]\nkind = "folder"\npath = "{folder / "papers"}"\n')
    with (
        refdesk.open_library(folder) as library,
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        first = client.post("/api/v1/sync")
        assert first.status_code == 202
        assert client.post("/api/v1/sync").json()["id"] == first.json()["id"]
        assert client.post("/api/v1/sync", json={"feeds": ["shelf"]}).json()["id"] != first.json()["id"]
        unknown = client.post("/api/v1/sync", json={"feeds": ["none"]})
        assert (unknown.status_code, "the feeds are shelf" in unknown.json()["error"]["message"]) == (422, True)
        with working(library):
            job = ended(client, first)
        assert [(each["name"], each["added"]) for each in job["report"]["feeds"]] == [("shelf", 4)]
        assert "shelf brings papers: 4 added" in client.get("/library").text


def test_without_feeds_there_is_nothing_to_pull(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    assert client.post("/api/v1/sync").status_code == 422


def test_deliveries_are_sent_again_or_dismissed(folder: Path, tmp_path: Path) -> None:
    """A folder that was missing holds the issue after `resend`; another reader's delivery is not there."""
    (folder / "refdesk.toml").write_text(
        '[subscriptions.default]\nformats = ["md"]\n[subscriptions.hers]\nreader = "ada"\nformats = ["md"]\n'
    )
    with refdesk.open_library(folder) as library:
        assert all(step.outcome != "failed" for step in library.issues.run(catch_up=1))
        stored = {each.subscription: each.period for each in library.issues.stored()}
        outbox = library._store.catalog.outbox()
        failed = []
        for number, subscription in enumerate(("default", "default", "hers")):
            target = str(tmp_path / f"shelf{number}")
            now = library._store._now()
            made = planned(
                subscription=subscription, period=stored[subscription], channel="file", target=target, now=now
            )
            outbox.plan([made])
            after = replace(made, state="failed", due=None, detail="<b>It was full.</b>")
            assert outbox.change(made, after)
            failed.append(after.id)
        with working(library), serving(library) as at, httpx.Client(base_url=at.url, timeout=60) as client:
            page = client.get("/library").text
            assert "&lt;b&gt;It was full." in page
            assert failed[2] not in page
            assert client.post(f"/api/v1/deliveries/{failed[2]}/resend").status_code == 404
            assert client.post("/api/v1/deliveries/ffffffff/dismiss").status_code == 404
            reply = client.post(f"/api/v1/deliveries/{failed[0]}/resend")
            assert reply.headers["location"].startswith("/api/v1/jobs/")
            (step,) = ended(client, reply)["report"]["steps"]
            assert (step["id"], step["state"]) == (failed[0], "sent")
            assert list((tmp_path / "shelf0").iterdir())
            assert client.post(f"/api/v1/deliveries/{failed[0]}/resend").status_code == 422  # it was sent
            assert client.post(f"/deliveries/{failed[1]}/dismiss").status_code == 303
            assert outbox.find(failed[1]).state == "dismissed"  # type: ignore[union-attr]
            assert not (tmp_path / "shelf1").exists()


# ---- the page


def test_the_page_imports_without_script(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    page = client.get("/library").text
    html5lib.HTMLParser(strict=True).parse(page)
    assert 'action="/imports" enctype="multipart/form-data"' in page
    nothing = client.post("/imports", files={"file": ("", b"")}, data={"tags": "", "format": ""})
    assert (nothing.status_code, "No file was sent." in nothing.text) == (422, True)
    reply = client.post(
        "/imports", files={"file": ("sent.jsonl", lines(range(7)))}, data={"tags": "", "format": "", "listed": ""}
    )
    assert (reply.status_code, reply.headers["location"]) == (303, "/library#work")
    ended(client, f"/api/v1/jobs/{library.jobs.last(library.readers.get('local'))[0].id}")
    page = client.get("/library").text
    html5lib.HTMLParser(strict=True).parse(page)
    assert "7 added, 0 updated, 0 unchanged, 0 rejected" in page
    crossing = client.post("/imports", files={"file": b"{}"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossing.status_code == 403


# ---- killed servers


class Server:
    """A server in a process of its own, with its worker; parts and batches are small. `dies` kills both at a step."""

    def __init__(self, folder: Path, *dies: str, small: bool = True) -> None:
        before = (_SMALL if small else "") + (f"{_DIE}\ndie(*{dies})\n" if dies else "")
        self.process = start(before + _SERVE, folder, before + _WORK, env=environment())
        assert isinstance(self.process, Process)
        line = b""
        while b"http" not in line:
            line = self.process.stderr.readline()
            assert line, "it ended before it was ready"
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", line.decode())
        self.client = httpx.Client(base_url=url, timeout=30)

    def kill(self, *, alone: bool = False) -> None:
        """Kill the server with its worker, or alone: then the worker must end by itself."""
        with suppress(ProcessLookupError):
            (os.kill if alone else os.killpg)(self.process.pid, signal.SIGKILL)
        self.process.communicate(20)
        self.client.close()


def send_to_its_end(client: httpx.Client, body: bytes) -> None:
    """Send a file, to a server that may be killed meanwhile."""
    with suppress(httpx.TransportError):
        sent(client, ("sent.jsonl", body))


@pytest.mark.server
@pytest.mark.parametrize(
    ("owner", "name", "times", "when", "is_whole"),
    [
        (JOBS, "keep", 2, "before", False),
        (JOBS, "complete", 1, "before", False),
        (JOBS, "complete", 1, "after", True),
        (CATALOG, "write", 2, "after", True),
        (JOBS, "end", 1, "before", True),
        (JOBS, "end", 1, "after", True),
    ],
)
def test_a_server_killed_at_a_step_loses_nothing_that_was_received_whole(
    tmp_path: Path, owner: str, name: str, times: int, when: str, is_whole: bool
) -> None:
    folder, count = tmp_path / "library", range(200)
    with refdesk.open_library(folder):
        pass
    dying = Server(folder, owner, name, str(times), when)
    send_to_its_end(dying.client, lines(count))
    assert dying.process.wait(30) == -signal.SIGKILL
    dying.kill()
    following = Server(folder)
    try:
        (job,) = listed(following.client)
        if not is_whole:
            assert job["state"] == "receiving"
            time.sleep(1.5)
            assert following.client.get(f"/api/v1/imports/{job['id']}").json()["state"] == "receiving"
        else:
            job = ended(following.client, f"/api/v1/imports/{job['id']}")
            report = job["report"]
            assert (job["state"], report["added"] + report["unchanged"], report["rejected"]) == ("done", 200, [])
            begun = job["progress"]["starts"] > 1
            assert begun == any("The server ended" in note for note in report["notes"])
            assert begun == ((owner, name, when) not in ((JOBS, "complete", "after"), (JOBS, "end", "after")))
    finally:
        following.kill()
    assert consistent(folder) == (ids(count) if is_whole else set())
    with refdesk.open_library(folder) as library:
        library.jobs.tidy()
        assert (rows(library) == 0) == is_whole


@pytest.mark.server
@pytest.mark.campaign
@pytest.mark.parametrize("part", seeds(PARTS))
def test_a_server_killed_at_random_moments_finishes_what_it_took(tmp_path: Path, part: int) -> None:
    """Files are sent and servers killed in turn; what was answered with 202 is there once, and nothing is twice."""
    chance = random.Random(SEED + part)
    folder = tmp_path / "library"
    with refdesk.open_library(folder):
        pass
    promised: set[str] = set()
    tried: dict[str, set[str]] = {}
    for kill in range(KILLS):
        server = Server(folder)
        count, name = range(chance.randrange(100, 800)), f"sent{kill}"
        tried[name] = ids(count, name, name)
        got: list[int] = []

        def send(server: Server = server, name: str = name, count: range = count, got: list[int] = got) -> None:
            with suppress(httpx.TransportError):
                got.append(sent(server.client, (f"{name}.jsonl", lines(count, name))).status_code)

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(chance.uniform(0.0, 3.5))
        server.kill(alone=kill == 1)
        sender.join()
        if got == [202]:
            promised.add(name)
    last = Server(folder)
    try:
        limit = time.monotonic() + 60
        while any(job["state"] in ("waiting", "running") for job in listed(last.client)):
            assert time.monotonic() < limit
            time.sleep(0.1)
        jobs = listed(last.client)
    finally:
        last.kill()
    done = {job["arguments"]["files"][0]["name"].removesuffix(".jsonl"): job for job in jobs if job["state"] == "done"}
    assert {job["state"] for job in jobs} <= {"done", "receiving"}
    for name, job in done.items():
        assert job["report"]["added"] + job["report"]["unchanged"] == len(tried[name])
    assert promised <= done.keys()
    assert consistent(folder) == {each for name in done for each in tried[name]}


@pytest.mark.server
def test_two_servers_of_one_library_do_each_job_once(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    with refdesk.open_library(folder):
        pass
    servers = [Server(folder), Server(folder)]
    try:
        places = [
            sent(servers[number % 2].client, (f"sent{number}.jsonl", lines(range(120), f"sent{number}")))
            for number in range(4)
        ]
        jobs = [ended(servers[(number + 1) % 2].client, place) for number, place in enumerate(places)]
        assert [job["report"]["added"] for job in jobs] == [120] * 4
        assert [job["progress"]["starts"] for job in jobs] == [1] * 4
        for server in servers:
            hits = server.client.get("/api/v1/search", params={"q": "subject17"}).json()["hits"]
            assert len(hits) >= 4
    finally:
        for server in servers:
            server.kill()
    assert len(consistent(folder)) == 480


@pytest.mark.server
def test_a_large_upload_is_never_held_whole(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    with refdesk.open_library(folder):
        pass
    server = Server(folder, small=False)

    def peak(pid: int) -> int:
        """The most memory that a process has had, in MB."""
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) >> 10

    small = json.dumps({"id": "x", "title": "Without an abstract, as all of these are"}).encode() + b"\n"
    large = tmp_path / "large.jsonl"
    with large.open("wb") as file:
        for _ in range(96):
            file.write(b"x" * (1 << 20) + b"\n")  # too long for a record
        file.write(small * 100_000)
    try:
        sent(server.client, ("small.jsonl", lines(range(10))))
        before = peak(server.process.pid)
        with large.open("rb") as file:
            reply = server.client.post("/api/v1/imports", files={"file": ("large.jsonl", file)})
        assert reply.status_code == 202
        assert peak(server.process.pid) - before < 48
        most = 0
        limit = time.monotonic() + 120
        while (job := server.client.get(reply.headers["location"]).json())["state"] in ("waiting", "running"):
            assert time.monotonic() < limit
            with suppress(OSError, IndexError):
                for children in Path(f"/proc/{server.process.pid}/task").glob("*/children"):
                    most = max([most, *map(peak, map(int, children.read_text(encoding="utf-8").split()))])
            time.sleep(0.05)
        assert (job["state"], job["report"]["more_rejected"] > 99_000) == ("done", True)
        assert 50 < most < 300
    finally:
        server.kill()


def test_a_job_is_taken_by_one_and_left_ones_are_taken_again(folder: Path) -> None:
    with refdesk.open_library(folder) as library, refdesk.open_library(folder) as other:
        job = library.jobs.resend("none", reader="local")
        assert library.jobs.resend("none", reader="local").id == job.id
        with library.jobs.taken() as taken:
            assert (taken and taken.id, other.jobs.is_due()) == (job.id, False)
            with other.jobs.taken() as nothing:
                assert nothing is None
        assert other.jobs.is_due()
        with other.jobs.taken() as again:
            assert again
            assert (again.id, again.progress) == (job.id, {"starts": 2})


def test_a_job_that_ends_its_server_each_time_fails_in_the_end(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        job = library.jobs.resend("none", reader="local")
        for _ in range(MOST_STARTS):
            with library.jobs.taken() as taken:
                assert taken  # and is left as it is
        with working(library):
            limit = time.monotonic() + 20
            while (found := library.jobs.get(job.id, library.readers.get("local"))).state != "failed":
                assert time.monotonic() < limit
                time.sleep(0.02)
        assert found.report
        assert f"ended {MOST_STARTS} times" in found.report["error"]["message"]


def test_a_server_that_stops_leaves_its_job_to_the_next(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        upload = library.jobs.receive("local")
        assert upload
        upload.begin_file("sent.jsonl")
        upload.write(lines(range(2_500)))
        job = upload.complete({})
        local = library.readers.get("local")
        with working(library):
            limit = time.monotonic() + 60
            while not library.jobs.get(job.id, local).progress.get("records"):
                assert time.monotonic() < limit
                time.sleep(0.01)
        assert library.jobs.get(job.id, local).state == "running"
        with working(library):
            while library.jobs.get(job.id, local).state != "done":
                assert time.monotonic() < limit
                time.sleep(0.05)
        report = library.jobs.get(job.id, local).report
        assert report
        assert (report["added"] + report["unchanged"], report["unchanged"] > 0) == (2_500, True)
