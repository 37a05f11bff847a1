"""Libraries that something went wrong with: places that cannot be one, full disks, damaged files, foreign hands."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import refdesk
from refdesk import errors
from tests.commands import Process, ended, environment, start
from tests.copies import copied

_CLI = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
NOBODY = 65534


def kinds(library: refdesk.Library) -> set[tuple[str, str, int]]:
    return {(each.store, each.kind, each.count) for each in library.check()}


# ---- places


def test_a_file_is_no_library(write: Callable[..., Path]) -> None:
    path = write("file", "words")
    with pytest.raises(errors.StoreError, match="is a file"):
        refdesk.open_library(path)
    with pytest.raises(errors.StoreError, match="cannot be made"):
        refdesk.open_library(path / "below")


def test_where_there_is_no_library_one_is_not_made_unasked(tmp_path: Path) -> None:
    for wish in ({"create": False}, {"read_only": True}):
        with pytest.raises(errors.LibraryNotFound, match="no library at"):
            refdesk.open_library(tmp_path / "none", **wish)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["with space", "what?", "50%", "a#b", "ünï-論文", "it's", "-dash"])
def test_a_library_may_be_called_anything(tmp_path: Path, write: Callable[..., Path], name: str) -> None:
    with refdesk.open_library(tmp_path / name) as library:
        library.add(write("p.csv", "title,abstract\nA paper,We study something with care.\n"))
        assert library.check() == []
    assert (tmp_path / name / "catalog.sqlite3").is_file()
    with refdesk.open_library(tmp_path / name, create=False) as library:
        assert library.search("study something")[0].title == "A paper"


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[Callable[..., Process | subprocess.Popen[bytes]]]:
    """Start the command line as a user without rights, where this process may."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = tmp_path
    opened: list[tuple[Path, int]] = []
    while folder != folder.parent:  # pytest's folders are for their owner only
        mode = folder.stat().st_mode
        if not mode & 0o001:
            opened.append((folder, mode))
            folder.chmod(mode | 0o055)
        folder = folder.parent

    def begin(*arguments: str | Path) -> Process | subprocess.Popen[bytes]:
        env = environment(HOME=str(tmp_path))
        return start(_CLI, *arguments, env=env, before=lambda: os.setuid(NOBODY))

    try:
        subprocess.run(
            [sys.executable, "-c", "import numpy"],
            preexec_fn=lambda: os.setuid(NOBODY),
            capture_output=True,
            check=True,
        )
        yield begin
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this Python cannot be run by another user: {error}")
    finally:
        for path, mode in opened:
            path.chmod(mode)


def test_a_library_that_may_not_be_written_refuses_papers_and_still_answers(
    small: Path, as_nobody: Callable[..., Process | subprocess.Popen[bytes]]
) -> None:
    ran = ended(as_nobody("--library", small, "add", small.parent / "papers.jsonl", "--json"))
    assert ran.status == 5, ran.out + ran.err
    assert ran.json["error"]["type"] == "LibraryReadOnly"
    assert "Traceback" not in ran.err
    asked = ended(as_nobody("--library", small, "ask", "What does the study of subject17 find?", "--json"))
    assert asked.status == 0 or "Error" in asked.out + asked.err or "error" in asked.json
    with refdesk.open_library(small) as library:
        assert library.check() == []


def test_a_place_where_nothing_may_be_made_is_told(
    tmp_path: Path, as_nobody: Callable[..., Process | subprocess.Popen[bytes]], write: Callable[..., Path]
) -> None:
    path = write("p.csv", "title,abstract\nA paper,We study something with care.\n")
    ran = ended(as_nobody("--library", tmp_path / "mine", "add", path, "--json"))
    assert (ran.status, ran.json["error"]["type"]) == (5, "LibraryReadOnly")


@pytest.fixture
def read_only_disk(tmp_path: Path, small: Path) -> Iterator[Path]:
    """A file system that cannot be written, with a library in it."""
    folder = tmp_path / "archive"
    with mounted(folder, "size=80m"):
        copied(small, folder / "library")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder


def test_a_library_on_a_read_only_disk_refuses_papers_with_a_clear_error(read_only_disk: Path, small: Path) -> None:
    ran = ended(start(_CLI, "--library", read_only_disk / "library", "add", small.parent / "papers.jsonl", "--json"))
    assert (ran.status, ran.json["error"]["type"]) == (5, "LibraryReadOnly"), ran.out
    assert "Traceback" not in ran.err
    ran = ended(start(_CLI, "--library", read_only_disk / "new", "init", "--json"))
    assert (ran.status, ran.json["error"]["type"]) == (5, "LibraryReadOnly"), ran.out


def test_a_library_on_a_read_only_disk_is_shown_and_asked_or_says_why_not(read_only_disk: Path) -> None:
    for command in (["status"], ["show", "sample:00017"], ["search", "subject17"], ["export"]):
        ran = ended(start(_CLI, "--library", read_only_disk / "library", *command))
        assert "Traceback" not in ran.err
        assert ran.status in (0, 5), ran.err
        assert ran.out if ran.status == 0 else "Hint: " in ran.err


# ---- full disks


def test_a_limit_on_file_sizes_is_a_store_error_and_leaves_the_library_whole(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    path = jsonl(small.parent / "more.jsonl", records(1_000, first=5_000))
    limit = 400 << 10

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ran = ended(start(_CLI, "--library", small, "add", path, "--json", before=limited))
    assert ran.status == 5, ran.out + ran.err
    assert ran.json["error"]["hint"]
    assert "Traceback" not in ran.err
    with refdesk.open_library(small) as library:
        assert library.check() == []
        report = library.add(path)
        assert report.added + report.unchanged == 1_000
        assert library.check() == []


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root, and not everywhere")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 MB."""
    with mounted(tmp_path / "disk", "size=80m"):
        yield tmp_path / "disk"


def test_a_disk_without_room_is_told_before_anything_is_written(
    small: Path, tiny_disk: Path, many: tuple[Path, set[str]]
) -> None:
    copied(small, tiny_disk / "library")
    filler = tiny_disk / "filler"
    filler.write_bytes(b"x" * (30 << 20))
    with refdesk.open_library(tiny_disk / "library") as library:
        with pytest.raises(errors.StoreFull, match="MB left"):
            library.add(many[0])
        assert library.status()["papers"] == 60
        assert library.check() == []
        assert library.ask("What does the study of subject17 find?").answered
        filler.unlink()


def filled(disk: Path) -> Path:
    """A file that takes all room that is left."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as stream:
        while stream.write(b"x" * 4096):
            pass
    return filler


def test_a_full_disk_is_told_as_full_whatever_is_written(
    small: Path, tiny_disk: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    more = jsonl(small.parent / "more.jsonl", records(3, first=5_000))
    copied(small, tiny_disk / "library")
    with refdesk.open_library(tiny_disk / "library") as library:
        assert library.search("subject17")
        filler = filled(tiny_disk)
        for number in range(60):  # what the log of the database has room for is still written
            with suppress(errors.StoreFull):
                library.rate(f"sample:{number:05}", 1)
                continue
            break
        else:
            pytest.fail("a rating was written on a full disk")
        with pytest.raises(errors.StoreFull, match=r"full|MB left"):
            library.add(more)
        with pytest.raises(errors.StoreFull, match="is full"):
            refdesk.open_library(tiny_disk / "another")
        filler.unlink()
        library.rate("sample:00003", 1)
        assert library.check() == []
    filler = filled(tiny_disk)
    ran = ended(start(_CLI, "--library", tiny_disk / "library", "like", "sample:00005"))
    assert ran.status == 5, ran.out
    assert "is full" in ran.err


@pytest.mark.parametrize(
    "command",
    [["search", "subject17"], ["ask", "What does the study of subject17 find?"], ["status"], ["show", "sample:00017"]],
)
def test_a_library_on_a_full_disk_is_read_and_that_nothing_is_recorded_is_said(
    small: Path, tiny_disk: Path, command: list[str]
) -> None:
    copied(small, tiny_disk / "library")
    filled(tiny_disk)
    ran = ended(start(_CLI, "--library", tiny_disk / "library", *command))
    assert ran.status == 0, ran.err
    assert ran.out
    assert "the disk is full; it is only read" in ran.err


# ---- damaged files, and what the hint mends


def test_a_damaged_catalog_is_named_with_a_way_out(small: Path) -> None:
    for name in ("catalog.sqlite3-wal", "catalog.sqlite3-shm"):
        (small / name).unlink(missing_ok=True)
    (small / "catalog.sqlite3").write_bytes(b"these are not the pages you are looking for " * 2_000)
    with pytest.raises(errors.StoreDamaged, match=r"catalog\.sqlite3") as caught:
        refdesk.open_library(small)
    assert caught.value.hint


def overwritten(folder: Path, pattern: str) -> None:
    for path in folder.rglob(pattern):
        if path.is_file():
            path.write_bytes(b"\xa5rubbish" * 500)


@pytest.mark.parametrize(
    ("part", "pattern"),
    [
        ("chroma", "chroma.sqlite3*"),  # its WAL too, from which SQLite restores it
        ("chroma", "*"),
        ("lexical", "meta.json"),
        ("lexical", "*.store"),
        ("lexical", "*.idx"),
        ("lexical", "*"),
    ],
)
def test_damaged_indexes_are_found_by_check_and_mended_by_reindex(small: Path, part: str, pattern: str) -> None:
    overwritten(small / part, pattern)
    with refdesk.open_library(small) as library:
        try:
            assert library.check()
        except errors.StoreError as error:
            assert error.hint
        assert library.reindex() == 60
        assert library.check() == []
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
    with refdesk.open_library(small) as library:
        assert library.check() == []


@pytest.mark.parametrize("part", ["chroma", "lexical"])
def test_an_index_that_is_gone_is_missed_and_made_again(small: Path, part: str) -> None:
    shutil.rmtree(small / part)
    with refdesk.open_library(small) as library:
        assert kinds(library) == {({"chroma": "vectors"}.get(part, part), "missing", 60)}
        library.reindex()
        assert library.check() == []


# ---- what somebody else did to a store


def test_check_tells_what_is_missing_stale_and_orphaned_in_the_vectors(small: Path) -> None:
    with refdesk.open_library(small) as library:
        vectors = library._store.vectors
        papers = list(library.papers())
        vectors.delete([papers[3].paper_id])
        chunks = library._store.cut(papers[5])
        foreign = [
            type(chunks[0])(paper_id=name, number=0, start=0, end=4, text="Text")
            for name in ("file:papers:gone", "arxiv:2401.00001")
        ]
        rows = library._store.embedder.embed(["a", "b", "c"])
        changed = type(chunks[0])(paper_id=papers[5].paper_id, number=0, start=0, end=4, text="Other")
        vectors.upsert([*foreign, changed], rows, [papers[0], papers[0], papers[5]])
        assert kinds(library) == {("vectors", "missing", 1), ("vectors", "orphaned", 2), ("vectors", "stale", 1)}
        found = {each.kind: each for each in library.check()}
        assert list(found["orphaned"].examples) == ["arxiv:2401.00001#0", "file:papers:gone#0"]
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017", "orphans do no harm"
        library.reindex()
        assert library.check() == []


def test_check_tells_what_is_missing_stale_and_orphaned_in_the_words(small: Path) -> None:
    from dataclasses import replace

    with refdesk.open_library(small) as library:
        papers = list(library.papers())
        lexical = library._store.lexical
        lexical.upsert([], [papers[1].paper_id, papers[2].paper_id])
        lexical.upsert([replace(papers[4], abstract="Another text."), replace(papers[5], paper_id="file:papers:gone")])
        assert kinds(library) == {("lexical", "missing", 2), ("lexical", "stale", 1), ("lexical", "orphaned", 1)}
        library.reindex()
        assert library.check() == []


def test_check_tells_of_papers_whose_text_is_gone(small: Path) -> None:
    with sqlite3.connect(small / "catalog.sqlite3") as connection:
        connection.execute("DELETE FROM revisions WHERE paper_id = 'file:papers:sample:00007'")
    connection.close()
    with refdesk.open_library(small) as library:
        assert ("catalog", "damaged", 1) in kinds(library)


def test_a_library_of_a_newer_refdesk_is_not_touched_and_not_read(small: Path) -> None:
    with sqlite3.connect(small / "catalog.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(errors.StoreMismatch, match="9999"):
            refdesk.open_library(small, read_only=read_only)
