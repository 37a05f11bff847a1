"""A library on a disk that is mounted read-only: everything that reads works, and what cannot be done is said."""

from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import refdesk
from stores.vectors import clients
from tests.commands import ROOT, environment

NOTICE = "cannot be written; it is only read"


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    status: int
    out: str
    err: str


@pytest.fixture
def on_a_read_only_disk(small: Path) -> Callable[..., list[Ran]]:
    """
    Run commands of refdesk, or other programs, where the library's folder is mounted read-only.

    It is mounted in its own place, or at another one, beside which it can be written.
    """
    probe = ["unshare", "--map-root-user", "--mount", "mount", "--bind", str(small), str(small)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a folder read-only: `unshare --map-root-user --mount` fails")

    def run(*commands: Sequence[str | Path], at: Path = small) -> list[Ran]:
        results = small.parent / "results"
        results.mkdir()
        place = shlex.quote(str(at))
        lines = [f"mount --bind {shlex.quote(str(small))} {place}", f"mount -o remount,ro,bind {place}"]
        lines.append(f"! touch {place}/x")
        lines = [f"{line} 2>{results}/mount || exit 9" for line in lines]
        for number, command in enumerate(commands):
            program = shlex.join(map(str, command))
            lines.append(f"{program} >{results}/{number}.out 2>{results}/{number}.err; echo $? >{results}/{number}.rc")
        done = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", "\n".join(lines)],
            env=environment(TMPDIR=str(small.parent)),
            cwd=ROOT,
            check=False,
            timeout=120,
        )
        assert done.returncode != 9, (results / "mount").read_text()
        texts = [
            [(results / f"{number}.{end}").read_text() for end in ("rc", "out", "err")]
            for number in range(len(commands))
        ]
        return [Ran(int(status), out, err) for status, out, err in texts]

    return run


def refdesk_command(folder: Path, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "refdesk", "--library", folder, *arguments]


def contents(folder: Path) -> dict[str, bytes]:
    until = time.monotonic() + 10
    while list(folder.rglob("*-wal")) and time.monotonic() < until:
        time.sleep(0.01)  # Chroma closes its files in a thread of its own
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


QUESTION = "What does the study of subject17 find?"
READING = {
    "retrieval": (["search", "subject17", "--json"], ["ask", QUESTION], ["verify", "answer.json"]),
    "the indexes": (["check"], ["digest", "--since", "2026-03-01", "--until", "2026-03-31"]),
    "the catalog": (
        ["status", "--json"],
        ["show", "sample:00017"],
        ["export"],
    ),
}


@pytest.mark.parametrize("kind", READING)
def test_all_that_reads_works_and_says_what_it_cannot_do(
    small: Path, on_a_read_only_disk: Callable[..., list[Ran]], kind: str
) -> None:
    with refdesk.open_library(small) as library:
        expected = library.search("subject17")[0]
        answer = small.parent / "answer.json"
        answer.write_text(json.dumps(library.ask(QUESTION).to_dict()))
    before = contents(small)
    commands = [[str(answer) if word == answer.name else word for word in command] for command in READING[kind]]
    ran = on_a_read_only_disk(*(refdesk_command(small, *arguments) for arguments in commands))
    for arguments, command in zip(commands, ran, strict=True):
        assert command.status == 0, (arguments, command)
        assert command.out, arguments
        assert NOTICE in command.err, arguments
    if kind == "retrieval":
        hit = json.loads(ran[0].out)["hits"][0]
        assert (hit["paper_id"], hit["score"]) == (expected.paper_id, pytest.approx(expected.score, abs=1e-4))
    assert contents(small) == before
    assert [path.name for path in small.parent.glob("refdesk-*")] == [], "temporary folders are removed"


def test_what_writes_is_refused_and_the_library_is_named(
    small: Path, on_a_read_only_disk: Callable[..., list[Ran]]
) -> None:
    writing = (["add", small.parent / "papers.jsonl"], ["like", "sample:00017"], ["reindex"])
    for ran in on_a_read_only_disk(*(refdesk_command(small, *arguments) for arguments in writing)):
        assert ran.status == 5, ran
        assert f"Error: The library {small} cannot be written." in ran.err
        assert "Hint: " in ran.err


def test_a_journal_that_a_killed_process_left_is_read_too(
    small: Path, on_a_read_only_disk: Callable[..., list[Ran]]
) -> None:
    connection = sqlite3.connect(small / "catalog.sqlite3")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE papers SET venue = 'only in the journal' WHERE paper_id LIKE '%00017'")
    connection.commit()
    kept = {name: (small / name).read_bytes() for name in ("catalog.sqlite3", "catalog.sqlite3-wal")}
    connection.close()
    for name, content in kept.items():
        (small / name).write_bytes(content)
    (small / "catalog.sqlite3-shm").unlink(missing_ok=True)
    assert len(kept["catalog.sqlite3-wal"]) > 0
    (ran,) = on_a_read_only_disk(refdesk_command(small, "show", "sample:00017"))
    assert "only in the journal" in ran.out, ran


_MEANWHILE = """
import subprocess, sys
import refdesk
with refdesk.open_library(sys.argv[1]) as library:
    writer = subprocess.Popen([sys.executable, "-m", "refdesk", "--library", *sys.argv[2:]], stdout=subprocess.DEVNULL)
    while writer.poll() is None:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert library.show("sample:00017").title
    print(writer.returncode, library.status()["papers"], library.check())
    print([hit.paper_id for hit in library.search("subject1099", limit=1)])
"""


@pytest.mark.parametrize("command", ["add", "reindex"])
def test_an_open_library_goes_on_and_sees_what_another_process_writes_elsewhere(
    small: Path,
    on_a_read_only_disk: Callable[..., list[Ran]],
    records: Callable[..., list],
    jsonl: Callable[..., Path],
    command: str,
) -> None:
    more = [jsonl(small.parent / "more.jsonl", records(100, first=1_000))] if command == "add" else []
    place = small.parent / "mounted"
    place.mkdir()
    (ran,) = on_a_read_only_disk([sys.executable, "-c", _MEANWHILE, place, small, command, *more], at=place)
    assert ran.status == 0, ran.err
    counts, found = ran.out.splitlines()
    assert counts == f"0 {160 if more else 60} []"
    assert ("file:more:sample:01099" in found) == bool(more)
    assert [path.name for path in small.parent.glob("refdesk-*")] == [], "temporary folders are removed"


_TOO_LARGE = """
import sys
import refdesk
from stores.vectors import clients
clients.MOST_COPIED_BYTES = 1_000
told = []
with refdesk.open_library(sys.argv[1], notify=told.append) as library:
    print(library.search("subject17")[0].paper_id, library.search("subject17")[0].vector)
    print(sum("too large to be copied and read" in sentence for sentence in told))
"""


def test_vectors_too_large_to_be_copied_leave_the_words_and_that_is_said_once(
    small: Path, on_a_read_only_disk: Callable[..., list[Ran]]
) -> None:
    assert clients.MOST_COPIED_BYTES == 2 << 30
    (ran,) = on_a_read_only_disk([sys.executable, "-c", _TOO_LARGE, small])
    assert ran.status == 0, ran.err
    assert ran.out.split() == ["file:papers:sample:00017", "0.0", "1"]


_SPENT = """
import sys
import refdesk
with refdesk.open_library(sys.argv[1]) as library:
    print(library._store.writable, library._store.read_only)
"""


def test_an_open_library_knows_that_nothing_can_be_recorded(
    small: Path, on_a_read_only_disk: Callable[..., list[Ran]]
) -> None:
    (ran,) = on_a_read_only_disk([sys.executable, "-c", _SPENT, small])
    assert ran.out.split() == ["False", "True"], ran
    with refdesk.open_library(small, read_only=True) as library:
        assert (library._store.writable, library._store.read_only) == (True, True)
