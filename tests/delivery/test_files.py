"""Issue files: whole or not at all, and the same again changes nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from rag.delivery.files import write_issue
from rag.errors import ConfigError, StoreError, StoreFull
from rag.files import write
from tests.commands import ended, start

FORMS = {"md": b"# Week 27\n", "html": b"<h1>Week 27</h1>", "json": b"{}", "eml": b"Subject: Week 27\r\n\r\n"}

_WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from rag.files import write
print("ready", flush=True)
for number in itertools.count():
    write(Path(sys.argv[1]), str(number % 10).encode() * 3_000_000)
"""

_WITH_LITTLE_ROOM = """
import resource, signal, sys
from pathlib import Path
from rag.files import write
from rag.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write(Path(sys.argv[1]), b"new" * 1000)  # the system refuses it as it does on a full disk
except StoreError as error:
    print(type(error).__name__)
"""


def test_an_issue_is_written_in_all_its_forms_and_again_is_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "issues"
    written = write_issue(folder, "2026-W27.default", FORMS)
    assert [path.name for path in written] == [f"2026-W27.default.{form}" for form in FORMS]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in written)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in written}
    assert write_issue(folder, "2026-W27.default", FORMS) == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in written} == before


def test_only_what_differs_is_written_again(tmp_path: Path) -> None:
    write_issue(tmp_path, "a", FORMS)
    assert write_issue(tmp_path, "a", {**FORMS, "md": b"# Another\n"}) == [tmp_path / "a.md"]
    assert (tmp_path / "a.md").read_bytes() == b"# Another\n"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "../out", "a/b", "a\\b", "a\nb", "a\0b", "C:a", "a" * 250])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        write_issue(tmp_path / "issues", name, FORMS)
    assert list(tmp_path.iterdir()) == []


def test_nobody_ever_sees_half_a_file_and_a_killed_writer_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "issue.html"
    for kill in range(3):
        process = start(_WRITE_FOR_EVER, path)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        until, seen = time.monotonic() + 0.2 + 0.013 * kill, []
        while time.monotonic() < until:
            seen += [path.read_bytes()] if path.exists() else []
        os.kill(process.pid, signal.SIGKILL)
        assert ended(process).status == -signal.SIGKILL
        assert seen
        assert {len(content) for content in (*seen, path.read_bytes())} == {3_000_000}
    assert write(path, b"the last")
    assert [each.name for each in tmp_path.iterdir()] == ["issue.html"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"file/issue\.md cannot be written: File exists"):
        write(tmp_path / "file" / "issue.md", b"text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_named_as_such() -> None:
    with pytest.raises(StoreFull, match="/dev/full cannot be written: the disk is full"):
        write(Path("/dev/full"), b"text")


def test_a_link_that_leads_to_itself_and_a_nul_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    for name in ("loop.md", "a\0b.md"):
        with pytest.raises(StoreError, match="cannot be written"):
            write(tmp_path / name, b"text")


def test_a_disk_without_room_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    write(path, b"old")
    ran = ended(start(_WITH_LITTLE_ROOM, path))
    assert ran.out.split() == ["StoreError"], ran.err
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_bytes(b"old")
    (tmp_path / "link.md").symlink_to(tmp_path / "real.md")
    assert write(tmp_path / "link.md", b"new")
    assert (tmp_path / "link.md").is_symlink() and (tmp_path / "real.md").read_bytes() == b"new"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write(tmp_path / "pipe", b"issue")
        assert os.read(reader, 100) == b"issue"
        assert (tmp_path / "pipe").is_fifo()
    finally:
        os.close(reader)
