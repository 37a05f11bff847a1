"""The HNSW files of vectors in a folder: who writes them, who waits, and what is done when they are damaged."""

from __future__ import annotations

import pickle
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings

import refdesk
from rag.errors import LibraryLocked, StoreDamaged
from stores.folder_lock import FolderLock
from stores.hnsw import _upper_links as upper_links
from stores.hnsw import graph_problem, graph_size
from stores.vectors import persisting
from stores.vectors.chroma import ChromaVectors
from stores.vectors.clients import close_client
from stores.vectors.persisting import NEVER
from tests.commands import environment
from tests.contracts.small import chunk, paper

_DIMENSION = 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chroma"


@contextmanager
def plain(folder: Path) -> Iterator[Any]:
    """The collection, by Chroma's own client."""
    client = chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    try:
        yield client.get_or_create_collection(
            "chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
    finally:
        close_client(client)


def rows(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    drawn = np.random.default_rng(0).normal(size=(count, _DIMENSION)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def write(vectors: ChromaVectors, count: int, first: int = 0) -> None:
    papers = [paper(first + number) for number in range(count)]
    vectors.upsert([chunk(each) for each in papers], rows(count), papers)


def put_into_the_log(folder: Path, count: int) -> None:
    """Chunks that a writer wrote to the log and, killed, not to the files."""
    with plain(folder) as collection:
        collection.upsert(ids=[f"q:{number}#0" for number in range(count)], embeddings=rows(count))


def lacking(folder: Path) -> int:
    """How many entries of the log the files lack; to be called while no client of this process has the folder open."""
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        newest = database.execute("SELECT max(seq_id) FROM embeddings_queue").fetchone()[0]
        persisted = database.execute(
            "SELECT max(seq_id) FROM max_seq_id JOIN segments ON id = segment_id WHERE scope = 'VECTOR'"
        ).fetchone()[0]
        return int(newest - (persisted or 0))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*/*")}


@pytest.mark.parametrize("count", [1, 999, 1_000, 2_300])
def test_whatever_was_written_is_in_the_files_when_it_is_persisted(folder: Path, count: int) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 3)
    write(vectors, count, first=3)
    vectors.persist()
    vectors._backend._exchange(vectors._backend._open())  # as a process that is killed: nothing is written on closing
    vectors.close()
    assert lacking(folder) == 0
    assert graph_problem(folder) is None


def test_a_few_chunks_wait_in_the_log_and_many_reach_the_files(folder: Path) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 3)
    vectors.persist()
    before = files(folder)
    with FolderLock(folder).shared():  # who writes the files waits
        write(vectors, 600)
        write(vectors, 399, first=600)
    assert files(folder) == before
    write(vectors, 1, first=999)
    assert files(folder) != before
    vectors._backend._exchange(vectors._backend._open())
    vectors.close()
    assert lacking(folder) == 0


def test_a_graph_that_has_grown_is_loaded_anew_and_written_more_seldom(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [persisting.most_entries(size) for size in (0, 200_000, 1_000_000)] == [1_000, 1_000, 5_000]
    monkeypatch.setattr(persisting, "_SHARE", 1)  # so that 2,000 are many
    vectors, changed, before = ChromaVectors(folder), [], files(folder)
    for first in range(0, 7_000, 1_000):
        write(vectors, 1_000, first=first)
        changed.append(files(folder) != before)
        before = files(folder)
    assert changed == [True, True, True, True, True, False, False], "with the fifth it is loaded for the last time"
    vectors.persist()
    assert files(folder) != before
    vectors._backend._exchange(vectors._backend._open())
    vectors.close()
    assert lacking(folder) == 0
    assert graph_size(folder) == 7_000


def test_what_was_deleted_is_deleted_in_the_files_after_closing(folder: Path) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 5)
    vectors.delete(["p:1", "p:2"])
    vectors.close()
    assert lacking(folder) == 0


def test_a_reader_never_writes_the_files_however_much_the_log_has(folder: Path) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 50)
    vectors.close()
    put_into_the_log(folder, 1_500)
    before = files(folder)
    reader = ChromaVectors(folder)
    assert reader.count() == 1_550
    assert reader.search(rows(1_500)[700], limit=1)[0][0] == "q:700"
    reader.close()
    assert files(folder) == before
    assert lacking(folder) == 1_500
    writer = ChromaVectors(folder)
    write(writer, 1, first=60)
    writer.close()
    assert lacking(folder) == 0


def test_a_collection_of_an_earlier_version_is_not_written_by_readers_any_more(folder: Path) -> None:
    with plain(folder) as collection:
        collection.upsert(ids=["p:1#0", "p:2#0"], embeddings=rows(2))
    with pytest.warns(DeprecationWarning), plain(folder) as collection:
        assert collection.configuration["hnsw"]["sync_threshold"] == 1_000
    ChromaVectors(folder).close()
    with pytest.warns(DeprecationWarning), plain(folder) as collection:
        assert collection.configuration["hnsw"]["sync_threshold"] == NEVER


def test_a_reader_waits_while_the_files_are_written(folder: Path) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 5)
    vectors.close()
    opened = threading.Event()

    def read() -> None:
        reader = ChromaVectors(folder)
        opened.set()
        reader.close()

    with FolderLock(folder).exclusive():
        thread = threading.Thread(target=read)
        thread.start()
        assert not opened.wait(0.3)
    assert opened.wait(10)
    thread.join()


def test_a_writer_waits_until_readers_have_loaded_the_files(folder: Path) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 5)
    write(vectors, 20, first=5)
    before = files(folder)
    with FolderLock(folder).shared(), FolderLock(folder).shared():
        thread = threading.Thread(target=vectors.persist)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert files(folder) == before
    thread.join(10)
    assert files(folder) != before
    vectors.close()


def test_who_waits_too_long_says_so(folder: Path) -> None:
    with (
        FolderLock(folder).exclusive(),
        pytest.raises(LibraryLocked, match=r"Another process has been using .*chroma for more than 0.05 s"),
        FolderLock(folder, timeout_s=0.05).shared(),
    ):
        pass


_HOLD = """
import sys, time
from pathlib import Path
from stores.folder_lock import FolderLock
with FolderLock(Path(sys.argv[1])).exclusive():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_no_lock(folder: Path) -> None:
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)], stdout=subprocess.PIPE, env=environment(PYTHONPATH=root)
    ) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(LibraryLocked), FolderLock(folder, timeout_s=0.05).shared():
                pass
        finally:
            holder.send_signal(signal.SIGKILL)
    began = time.monotonic()
    with FolderLock(folder).exclusive():
        assert time.monotonic() - began < 5


def link_to_nowhere(folder: Path) -> None:
    """Let a node of level 1 lead to one that is at level 0 only, as two writers do."""
    (path,) = folder.glob("*/link_lists.bin")
    words = np.fromfile(path, dtype=np.uint32)
    first = int(np.flatnonzero(words)[0])  # the length of the first node that is at level 1; those before are not
    assert first > 0
    words[first + 2] = 0
    words.tofile(path)


def cut_short(folder: Path) -> None:
    """As a process leaves the files that is killed while it writes them."""
    (path,) = folder.glob("*/link_lists.bin")
    path.write_bytes(path.read_bytes()[:40])


def without_nodes(folder: Path) -> None:
    (path,) = folder.glob("*/data_level0.bin")
    path.write_bytes(path.read_bytes()[:4_000])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (link_to_nowhere, "links to nodes that do not exist"),
        (cut_short, "written in half: its upper levels end too early"),
        (without_nodes, "written in half: nodes are missing"),
    ],
)
def test_a_damaged_graph_is_an_error_and_no_signal(folder: Path, damage: Any, problem: str) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 300)
    vectors.close()
    assert graph_problem(folder) is None
    damage(folder)
    with pytest.raises(StoreDamaged, match=problem) as caught:
        ChromaVectors(folder)
    assert caught.value.hint == "Run `refdesk reindex`, which rebuilds them from the catalog."


def test_vectors_that_cannot_be_opened_to_write_are_not_taken_for_empty_ones(folder: Path) -> None:
    vectors = ChromaVectors(folder)
    write(vectors, 300)
    vectors.reopen()  # to read
    sound = {path: path.read_bytes() for path in folder.glob("*/*")}
    link_to_nowhere(folder)
    with pytest.raises(StoreDamaged):
        write(vectors, 1, first=300)
    with pytest.raises(StoreDamaged):
        vectors.search(rows(300)[7], limit=1)
    for path, content in sound.items():
        path.write_bytes(content)
    assert vectors.search(rows(300)[7], limit=1)[0][0] == "p:7"
    vectors.close()


@pytest.mark.parametrize("damage", [link_to_nowhere, cut_short])
def test_the_next_import_builds_a_damaged_graph_anew(tmp_path: Path, damage: Any) -> None:
    source = tmp_path / "papers.csv"
    lines = ["title,abstract", *(f"Paper {number},We study subject{number} with care." for number in range(200))]
    source.write_text("\n".join(lines), encoding="utf-8")
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(source)
    damage(tmp_path / "library" / "chroma")
    notes: list[str] = []
    with refdesk.open_library(tmp_path / "library", notify=notes.append) as library:
        with pytest.raises(StoreDamaged):
            library.search("subject17")
        library.add(source)
        assert library.check() == []
        assert library.search("subject17")[0].title == "Paper 17"
    assert any(note.startswith("The vectors are damaged (the graph ") for note in notes)


def hide(folder: Path, count: int) -> None:
    """Take from a graph all links to `count` nodes, of those that are at level 0 only."""
    (header,) = folder.glob("*/header.bin")
    total, node_bytes = struct.unpack_from("<QQ", header.read_bytes(), 20)
    nodes = np.fromfile(header.with_name("data_level0.bin"), dtype=np.uint32).reshape(-1, node_bytes // 4)
    levels, _, _ = upper_links(header.with_name("link_lists.bin"), total, 16)
    hidden = np.flatnonzero(levels == 0)[:count]
    for node in nodes:
        links = int(node[0])
        kept = np.setdiff1d(node[1 : 1 + links], hidden)
        node[0] = len(kept)
        node[1 : 1 + len(kept)] = kept
    nodes.tofile(header.with_name("data_level0.bin"))


def forget(folder: Path) -> None:
    """Take a chunk from those that the graph knows, and leave it in the table."""
    (path,) = folder.glob("*/index_metadata.pickle")
    known = pickle.loads(path.read_bytes())
    name = sorted(known["id_to_label"])[0]
    del known["label_to_id"][known["id_to_label"].pop(name)]
    path.write_bytes(pickle.dumps(known))


@pytest.mark.parametrize(
    ("damage", "damaged"),
    [(lambda folder: hide(folder, 5), {0}), (lambda folder: hide(folder, 40), range(30, 41)), (forget, {1})],
    ids=["as_many_hidden_as_a_sound_graph_has", "more_hidden", "one_lost"],
)
def test_check_tells_a_damaged_graph_from_one_whose_search_is_approximate(
    tmp_path: Path, damage: Any, damaged: Any
) -> None:
    source = tmp_path / "papers.csv"
    lines = [f"Paper {number},We study subject{number} and object{number * 7} with care." for number in range(400)]
    source.write_text("\n".join(["title,abstract", *lines]), encoding="utf-8")
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(source)
        assert library.check() == []
    damage(tmp_path / "library" / "chroma")
    with refdesk.open_library(tmp_path / "library") as library:
        findings = library.check()
        assert [(each.store, each.kind) for each in findings] == [("vectors", "damaged")] * (damaged != {0})
        assert sum(each.count for each in findings) in damaged
        library.reindex()
        assert library.check() == []
