"""Backups: what comes back of them, while others write, and which files are refused."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

import refdesk
from refdesk.errors import RefdeskError, StoreDamaged, StoreError, StoreMismatch, UnreadableInput
from refdesk.opening import restore
from stores.sql.copying import copy_tables
from stores.sql.tables import metadata
from tests.commands import ROOT, Ran
from tests.copies import copied

Cli = Callable[..., Ran]
QUESTION = "What explains grokking, the delayed generalization of networks?"


@pytest.fixture
def folder(sample_library: Path, tmp_path: Path) -> Path:
    return copied(sample_library, tmp_path / "own")


def rows(catalog: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(catalog) as opened:
        return {name: sorted(opened.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in metadata.tables}


def test_what_was_backed_up_comes_back(folder: Path, tmp_path: Path, cli: Cli) -> None:
    (folder / "refdesk.toml").write_text('max_sentences = 2\n[subscriptions.all]\ntopics = ["grokking"]\n')
    (folder / "issues").mkdir(exist_ok=True)
    (folder / "issues" / "2026-W27.all.md").write_text("an issue")
    with refdesk.open_library(folder) as library:
        library.rate(next(library.papers()).paper_id, 1)
        before = library.ask(QUESTION).to_dict()
    ran = cli("--library", str(folder), "backup", str(tmp_path / "b.tar"), "--json")
    written = json.loads(ran.out)
    assert written["papers"] == json.loads(cli("--library", str(folder), "status", "--json").out)["papers"]
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".*backup*")) + list(tmp_path.glob(".*part"))
    ran = cli("--library", str(tmp_path / "anew"), "restore", str(tmp_path / "b.tar"), "--json")
    assert json.loads(ran.out)["papers"] == written["papers"]
    assert (tmp_path / "anew" / "issues" / "2026-W27.all.md").read_text() == "an issue"
    with refdesk.open_library(tmp_path / "anew") as library:
        assert library.check() == []
        assert library.issues.ratings()
        after = library.ask(QUESTION).to_dict()
    assert {**after, "took_ms": 0, "id": ""} == {**before, "took_ms": 0, "id": ""}


def test_a_backup_is_of_one_moment_while_others_write(folder: Path, tmp_path: Path) -> None:
    done = threading.Event()
    with refdesk.open_library(folder) as library:

        def rate() -> None:
            papers = [paper.paper_id for paper in library.papers()]
            while not done.is_set():
                for paper_id in papers:
                    library.rate(paper_id, 1)
                for paper_id in papers:
                    library.rate(paper_id, -1)

        writer = threading.Thread(target=rate)
        writer.start()
        try:
            for number in range(5):
                library.backup(tmp_path / f"{number}.tar")
        finally:
            done.set()
            writer.join(30)
    for number in range(5):
        with tarfile.open(tmp_path / f"{number}.tar") as tar:
            tar.extract("catalog.sqlite3", tmp_path / str(number), filter="data")
        with sqlite3.connect(tmp_path / str(number) / "catalog.sqlite3") as opened:
            assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            order = [row[0] for row in opened.execute("SELECT rating FROM ratings ORDER BY rowid")]
            assert len(set(pairwise(order))) <= 3  # one change of sign at most, and its ends


@pytest.mark.catalogs("team")
def test_a_backup_of_a_catalog_in_postgresql_is_of_one_moment_and_becomes_a_library_with_a_file(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    with refdesk.open_library(small) as library:
        ids = [paper.paper_id for paper in library.papers()]
        before = library.ask("What does the study of subject17 find?").to_dict()

        def rate() -> None:
            while not done.is_set():
                for rating in (1, -1):
                    for paper_id in ids:
                        library.rate(paper_id, rating)

        writer = threading.Thread(target=rate)
        writer.start()
        try:
            for number in range(3):
                assert library.backup(tmp_path / f"{number}.tar") == len(ids)
        finally:
            done.set()
            writer.join(30)
    monkeypatch.delenv("REFDESK_CATALOG")
    monkeypatch.delenv("REFDESK_VECTORS")
    for number in range(3):
        assert restore(tmp_path / str(number), tmp_path / f"{number}.tar") == (len(ids), None)
        with refdesk.open_library(tmp_path / str(number)) as library:
            rated = library.issues.ratings()
            order = [rated[paper_id] for paper_id in ids if paper_id in rated]
            assert sum(a != b for a, b in pairwise(order)) <= 1, "one change of sign at most"
            assert library.check() == []
            after = library.ask("What does the study of subject17 find?").to_dict()
        assert {**after, "took_ms": 0, "id": ""} == {**before, "took_ms": 0, "id": ""}


def test_tables_are_copied_to_another_database_whole(folder: Path, tmp_path: Path) -> None:
    source = sa.URL.create("sqlite", database=str(folder / "catalog.sqlite3"))
    with refdesk.open_library(folder) as library:
        library.rate(next(library.papers()).paper_id, 1)
    counts = copy_tables(source, sa.URL.create("sqlite", database=str(tmp_path / "copy.sqlite3")))
    before, after = rows(folder / "catalog.sqlite3"), rows(tmp_path / "copy.sqlite3")
    assert after == before
    assert counts == {name: len(found) for name, found in before.items()}


def test_a_library_is_never_overwritten(folder: Path, tmp_path: Path, cli: Cli) -> None:
    with refdesk.open_library(folder) as library:
        library.backup(tmp_path / "b.tar")
    before = (folder / "catalog.sqlite3").read_bytes()
    ran = cli("--library", str(folder), "restore", str(tmp_path / "b.tar"))
    assert (ran.status, "There is a library at" in ran.err) == (5, True)
    assert (folder / "catalog.sqlite3").read_bytes() == before


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def _link(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    "members",
    [
        [],
        [(tarfile.TarInfo("other"), b"x")],
        [(tarfile.TarInfo("../evil"), b"x")],
        [(tarfile.TarInfo("issues/../../evil"), b"x")],
        [(tarfile.TarInfo("/tmp/evil"), b"x")],
        [(_link("refdesk.toml"), b"")],
        [(_link("issues/x.md"), b"")],
    ],
)
def test_a_tar_of_anything_else_is_refused(
    folder: Path, tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    content = (folder / "catalog.sqlite3").read_bytes()
    catalog = [(tarfile.TarInfo("catalog.sqlite3"), content)] if members else []
    tar = _tar(tmp_path / "bad.tar", *catalog, *members)
    with pytest.raises(UnreadableInput, match="no backup of Refdesk"):
        restore(tmp_path / "anew", tar)
    assert not (tmp_path / "anew" / "catalog.sqlite3").exists()
    assert not (tmp_path / "evil").exists()


def test_a_damaged_a_newer_and_a_cut_backup_are_named(folder: Path, tmp_path: Path) -> None:
    with refdesk.open_library(folder) as library:
        library.backup(tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.tar").write_text("no tar")
    catalog = tmp_path / "c.sqlite3"
    with tarfile.open(tmp_path / "b.tar") as tar:
        catalog.write_bytes(tar.extractfile("catalog.sqlite3").read())  # type: ignore[union-attr]
    with sqlite3.connect(catalog) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    _tar(tmp_path / "newer.tar", (tarfile.TarInfo("catalog.sqlite3"), catalog.read_bytes()))
    _tar(tmp_path / "none.tar", (tarfile.TarInfo("catalog.sqlite3"), b"no database"))
    wanted: dict[str, type[RefdeskError] | tuple[type[RefdeskError], ...]] = {
        "cut": (UnreadableInput, StoreDamaged, StoreError),
        "text": UnreadableInput,
        "newer": StoreMismatch,
        "none": StoreError,
    }
    for name, kind in wanted.items():
        with pytest.raises(kind):
            restore(tmp_path / name, tmp_path / f"{name}.tar")
        assert not (tmp_path / name / "catalog.sqlite3").exists()


def test_a_word_that_changed_in_a_backup_is_named_and_nothing_is_restored(folder: Path, tmp_path: Path) -> None:
    with refdesk.open_library(folder) as library:
        library.backup(tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    changed = whole.replace(b" the ", b" teh ")
    assert changed != whole
    (tmp_path / "b.tar").write_bytes(changed)
    with pytest.raises(StoreDamaged, match="is not as it was written"):
        restore(tmp_path / "r", tmp_path / "b.tar")
    assert not (tmp_path / "r" / "catalog.sqlite3").exists()


def test_a_backup_without_digests_is_restored(folder: Path, tmp_path: Path) -> None:
    with refdesk.open_library(folder) as library:
        library.backup(tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        catalog = tar.extractfile("catalog.sqlite3").read()  # type: ignore[union-attr]
    _tar(tmp_path / "old.tar", (tarfile.TarInfo("catalog.sqlite3"), catalog))
    restore(tmp_path / "r", tmp_path / "old.tar")
    assert (tmp_path / "r" / "catalog.sqlite3").exists()


def test_settings_of_another_place_are_put_beside(folder: Path, tmp_path: Path) -> None:
    with refdesk.open_library(folder) as library:
        (folder / "refdesk.toml").write_text('vectors = "http://chroma.example:8000"\n')
        library.backup(tmp_path / "b.tar")
    papers, settings = restore(tmp_path / "anew", tmp_path / "b.tar")
    assert papers
    assert settings == tmp_path / "anew" / "refdesk.toml.restored"
    assert not (tmp_path / "anew" / "refdesk.toml").exists()


@pytest.mark.parametrize(
    ("settings", "named"),
    [("max_sentence = 2", "`max_sentence`"), ("a word", "cannot be read"), ('embedder = "openai:x"', "openai:x")],
)
def test_wrong_settings_of_a_backup_are_named_and_put_beside(
    folder: Path, tmp_path: Path, cli: Cli, settings: str, named: str
) -> None:
    with refdesk.open_library(folder) as library:
        (folder / "refdesk.toml").write_text(settings)
        library.backup(tmp_path / "b.tar")
    anew = tmp_path / "anew"
    ran = cli("--library", str(anew), "restore", str(tmp_path / "b.tar"))
    assert (ran.status, named in ran.err, "refdesk.toml.restored" in ran.err) == (0, True, True), ran.err
    assert (anew / "refdesk.toml.restored").read_text() == settings
    with refdesk.open_library(anew) as library:
        assert library.check() == []


@pytest.mark.parametrize(("name", "value"), [("REFDESK_MAX_SENTENCES", "x"), ("REFDESK_EMBEDDER", "openai:x")])
def test_a_wrong_setting_of_the_environment_leaves_no_library(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with refdesk.open_library(folder) as library:
        library.backup(tmp_path / "b.tar")
    with monkeypatch.context() as changed:
        changed.setenv(name, value)
        with pytest.raises(RefdeskError):
            restore(tmp_path / "anew", tmp_path / "b.tar")
    assert restore(tmp_path / "anew", tmp_path / "b.tar")[0]


def test_a_restore_leaves_alone_the_catalog_and_the_vectors_that_the_environment_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chroma_server: str
) -> None:
    live = f"sqlite:///{tmp_path / 'live.sqlite3'}"
    monkeypatch.setenv("REFDESK_CATALOG", live)
    monkeypatch.setenv("REFDESK_VECTORS", f"{chroma_server}/live-{tmp_path.name}")
    with refdesk.open_library(tmp_path / "machine") as library:
        library.add(ROOT / "examples" / "papers.csv")
        library.backup(tmp_path / "b.tar")
        library.add(ROOT / "examples" / "papers.jsonl")
        papers = library.extent()[0]
    said: list[str] = []
    restored, _ = restore(tmp_path / "trial", tmp_path / "b.tar", notify=said.append)
    assert [sentence.partition(" is set:")[0] for sentence in said] == ["REFDESK_CATALOG", "REFDESK_VECTORS"]
    with refdesk.open_library(tmp_path / "machine") as library:
        assert library.check() == []  # its vectors are whole, though the restored library has its id
        assert library.extent()[0] == papers > restored
    monkeypatch.delenv("REFDESK_CATALOG")
    monkeypatch.delenv("REFDESK_VECTORS")
    with refdesk.open_library(tmp_path / "trial") as library:
        assert library.check() == []
        assert library.extent()[0] == restored


def test_a_move_says_so_where_the_environment_names_the_catalog_that_moves(
    folder: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = copied(folder, tmp_path / "live") / "catalog.sqlite3"
    words = ["migrate", "--to", f"sqlite:///{tmp_path / 'new.sqlite3'}"]
    with monkeypatch.context() as changed:
        changed.setenv("REFDESK_CATALOG", f"sqlite:///{live}")
        assert "What moved is the catalog that REFDESK_CATALOG names." in cli("--library", str(folder), *words).out
    words[-1] = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    assert "Now set `catalog = " in cli("--library", str(folder), *words).out  # the folder's own had stayed


def test_a_place_that_cannot_be_written_is_named(folder: Path, cli: Cli) -> None:
    ran = cli("--library", str(folder), "backup", str(ROOT / "none" / "b.tar"))
    assert (ran.status, "cannot be written" in ran.err) == (5, True)
