"""Several processes and open libraries at once: one writes at a time, and every reader sees what was written."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

import refdesk
from rag.embedders import embedder as make_embedder
from rag.ports import Embedder
from rag.types import Paper
from refdesk import errors, wiring
from tests.chat_server import ChatServer, serving
from tests.commands import ended, environment, run, start
from tests.embedding_server import EmbeddingServer

pytestmark = pytest.mark.catalogs("sqlite", "team")
no_follower = pytest.mark.catalogs("sqlite", "postgres")
"""A machine of a team follows the others at each question, so its word index does not lag for long."""

_CLI = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
_SMALL_BATCHES = """
import sys
import stores.ingest, stores.store
stores.ingest.BATCH = stores.store.BATCH = 100
from refdesk.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A chat server that OPENAI_BASE_URL names."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield running


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The library's lock in the hands of somebody else."""
    with FileLock(folder / "lock", thread_local=False).acquire(timeout=5):
        yield


def test_two_imports_at_once_both_succeed_and_an_open_library_sees_all_of_both(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    first = jsonl(small.parent / "first.jsonl", records(150, first=1_000))
    second = jsonl(small.parent / "second.jsonl", records(150, first=2_000))
    with refdesk.open_library(small) as library:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        both = [start(_SMALL_BATCHES, "--library", small, "add", path, "--json") for path in (first, second)]
        for process in both:
            ran = ended(process)
            assert ran.status == 0, ran.err
            assert ran.json["added"] == 150
        assert library.status()["papers"] == 360
        for name, number in (("first", 1_007), ("first", 1_149), ("second", 2_000), ("second", 2_149)):
            found = library.search(
                f"subject{number}", filter=refdesk.Filter(papers=(f"file:{name}:sample:{number:05}",))
            )
            assert found[0].lexical > 0
            assert found[0].vector > 0.1
            assert library.ask(f"What does the study of subject{number} find?").answered
        assert library.check() == []
    assert run("--library", small, "check").status == 0


def test_a_writer_that_has_to_wait_says_so_and_then_writes(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    path = jsonl(small.parent / "new.jsonl", records(1, first=500))
    with held(small):
        process = start(_CLI, "--library", small, "add", path, "--json")
        assert process.stderr is not None
        assert b"waiting" in process.stderr.readline()
        assert process.poll() is None
    ran = ended(process)
    assert (ran.status, ran.json["added"]) == (0, 1)


def test_a_writer_that_waits_too_long_gives_up_with_an_error_that_says_why(small: Path) -> None:
    env = environment(REFDESK_LOCK_TIMEOUT_S="0.3")
    with held(small):
        ran = run("--library", small, "add", small.parent / "papers.jsonl", "--json", env=env)
    assert ran.status == 5
    assert ran.json["error"]["type"] == "LibraryLocked"
    assert "0.3 s" in ran.json["error"]["message"]
    assert str(small) in ran.json["error"]["message"]


def test_an_import_beside_readers_that_ask_a_model_and_rate_goes_through_and_lets_them(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path], chat: ChatServer
) -> None:
    path = jsonl(small.parent / "more.jsonl", records(600, first=3_000))
    failures: list[Exception] = []
    rated: list[int] = []
    process = start(_SMALL_BATCHES, "--library", small, "add", path)

    def ask() -> None:
        with refdesk.open_library(small, model="openai:test-model") as library:
            while process.poll() is None:
                library.ask("What does the study of subject17 find?", fresh=True, strict=True)

    def rate() -> None:
        with refdesk.open_library(small) as library:
            while process.poll() is None:
                library.rate(f"sample:{len(rated) % 60:05}", 1)
                rated.append(1)

    threads = [threading.Thread(target=collecting(failures, action)) for action in (ask, ask, rate)]
    for thread in threads:
        thread.start()
    ran = ended(process)
    for thread in threads:
        thread.join(timeout=60)
    assert ran.status == 0, ran.err
    assert failures == []
    assert chat.requests
    assert len(rated) > 5, "a rating waits for no import"
    with refdesk.open_library(small) as library:
        assert library.status()["papers"] == 660
        assert library.check() == []


def test_a_reader_needs_no_lock(small: Path) -> None:
    with held(small), refdesk.open_library(small) as library:
        assert library.ask("What does the study of subject3 find?").answered
        assert library.check() == []


def test_a_reader_answers_all_the_time_while_another_process_writes(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    path = jsonl(small.parent / "more.jsonl", records(300, first=3_000))
    with refdesk.open_library(small) as library:
        process = start(_SMALL_BATCHES, "--library", small, "add", path)
        asked, counts = 0, set()
        while process.poll() is None:
            assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
            counts.add(library.status()["papers"])
            asked += 1
        ran = ended(process)
        assert ran.status == 0, ran.err
        assert asked > 5
        assert len(counts) > 2, "it saw the library grow"
        assert library.search("subject3299", filter=refdesk.Filter(papers=("sample:03299",)))[0].vector > 0.1


def test_threads_of_one_process_ask_one_library_at_once(small: Path) -> None:
    wrong: list[object] = []
    together = threading.Barrier(4)

    def ask(first: int) -> None:
        try:
            together.wait(timeout=30)
            for number in range(first, 60, 4):
                if library.search(f"subject{number}")[0].paper_id != f"file:papers:sample:{number:05}":
                    wrong.append(number)
        except Exception as error:  # noqa: BLE001 - whatever a thread raises is the finding
            wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            with refdesk.open_library(small) as library:
                threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_threads_that_ask_first_at_once_share_one_checker_and_one_generator(
    small: Path, chat: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(make: Callable[..., object]) -> Callable[..., object]:
        def made(*arguments: object, **options: object) -> object:
            time.sleep(0.05)
            return make(*arguments, **options)

        return made

    monkeypatch.setattr(wiring, "checker", slow(wiring.checker))
    monkeypatch.setattr(wiring, "generator", slow(wiring.generator))
    together = threading.Barrier(4)

    def parts(_: int) -> tuple[object, object]:
        together.wait(timeout=30)
        return library._ask.checker, library._ask.for_issue(fresh=False).generator

    with refdesk.open_library(small, model="openai:together") as library, ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(parts, range(4)))) == 1


@pytest.mark.catalogs("sqlite")
def test_two_libraries_open_in_one_process_share_nothing(
    small: Path, tmp_path: Path, write: Callable[..., Path]
) -> None:
    other_paper = {"id": "other", "title": "Another library", "abstract": "We study zymurgy at length. It ferments."}
    with refdesk.open_library(small) as one, refdesk.open_library(tmp_path / "other") as other:
        other.add(write("other.jsonl", json.dumps(other_paper) + "\n"))
        assert other.search("zymurgy")[0].title == "Another library"
        assert all(hit.title != "Another library" for hit in one.search("zymurgy study"))
        assert (one.check(), other.check()) == ([], [])


def test_the_same_library_opened_twice_in_one_process_sees_its_own_writes(
    small: Path, write: Callable[..., Path]
) -> None:
    new = {"id": "new", "title": "A new paper", "abstract": "We study zymurgy at length. It ferments."}
    with refdesk.open_library(small) as reader, refdesk.open_library(small) as writer:
        reader.search("subject1")
        writer.add(write("new.jsonl", json.dumps(new) + "\n"))
        assert reader.search("zymurgy")[0].title == "A new paper"
    with refdesk.open_library(small) as again:
        assert again.check() == []


def test_a_reindex_elsewhere_is_seen_by_an_open_library(small: Path) -> None:
    with refdesk.open_library(small) as library:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert run("--library", small, "reindex").status == 0
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert library.check() == []


def test_threads_that_ask_all_the_time_are_answered_while_another_process_reindexes_and_adds(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    path = jsonl(small.parent / "more.jsonl", records(100, first=4_000))
    failures: list[Exception] = []
    found: list[tuple[str, bool]] = []
    done = threading.Event()
    with refdesk.open_library(small) as library:

        def ask() -> None:
            while not done.is_set():
                hit = library.search("What does the study of subject17 find?", limit=1)[0]
                found.append((hit.paper_id, hit.vector > 0.1))

        asking = [threading.Thread(target=collecting(failures, ask)) for _ in range(4)]
        for thread in asking:
            thread.start()
        try:
            for command in (["reindex"], ["add", path]):
                ran = run("--library", small, *command)
                assert ran.status == 0, ran.err
        finally:
            done.set()
            for thread in asking:
                thread.join(timeout=60)
        assert failures == []
        assert set(found) == {("file:papers:sample:00017", True)}
        assert library.check() == []
        assert library.search("subject4007", limit=1)[0].paper_id == "file:more:sample:04007"


def test_a_reindex_elsewhere_to_another_embedder_is_followed_by_an_open_library(
    small: Path, server: EmbeddingServer
) -> None:
    with refdesk.open_library(small) as library:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert run("--library", small, "reindex", "--embedder", "openai:words").status == 0
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert library.status()["embedder"] == "openai:words"
        assert library.check() == []


def test_a_read_only_library_reads_and_never_writes(small: Path) -> None:
    with refdesk.open_library(small, read_only=True) as library:
        assert library.ask("What does the study of subject3 find?").answered
        with pytest.raises(errors.LibraryReadOnly, match="read-only"):
            library.add(small.parent / "papers.jsonl")
        with pytest.raises(errors.LibraryReadOnly):
            library.reindex()
        assert library.check() == []


def unindexed(library: refdesk.Library, *papers: Paper) -> None:
    """Write papers to the catalog, as an import does that is killed before it writes the indexes."""
    store = library._store
    revised = [(paper.paper_id, paper) for paper in papers]
    store.catalog.write(papers, revised, {paper.paper_id: store.cut(paper) for paper in papers}, seen=store.now())


@no_follower
def test_readers_answer_at_once_from_what_is_indexed_and_say_once_what_is_not(small: Path) -> None:
    told: list[str] = []
    abstract = "We study zymurgy at length. It ferments."
    for read_only in (True, False):
        with refdesk.open_library(small) as library:
            old = library.show("sample:00003")
            new = replace(old, paper_id=f"file:new:{read_only}", aliases=(f"file:new:{read_only}",))
            unindexed(library, replace(new, title="A new paper", abstract=abstract, spans=((0, 27), (28, 40))))
        with refdesk.open_library(small, read_only=read_only, notify=told.append) as library:
            for _ in range(3):
                assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
                assert all(hit.title != "A new paper" for hit in library.search("zymurgy"))
            lag = 1 if read_only else 2
            assert [(each.store, each.kind, each.count) for each in library.check()] == [
                ("lexical", "missing", lag),
                ("vectors", "missing", lag),
            ]
            assert library.status()["to_index"] == lag
            assert [state["lag"] for state in library.status()["indexes"].values()] == [lag, lag]
    assert [each[:32] for each in told] == ["1 paper cannot be found yet; the", "2 papers cannot be found yet; th"]
    with refdesk.open_library(small) as library:
        library.add(small.parent / "papers.jsonl")
        assert library.search("zymurgy")[0].title == "A new paper"
        assert library.check() == []
        assert library.status()["to_index"] == 0


@no_follower
def test_a_word_index_that_lags_alone_is_caught_up_without_embedding(small: Path) -> None:
    with refdesk.open_library(small) as library:
        store = library._store
        with store.writing():
            store.lexical.upsert([], [f"file:papers:sample:{number:05}" for number in range(60)])
            store.catalog.changes.reset(["lexical"])
        assert library.status()["indexes"]["lexical"] == {"position": 0, "lag": 60, "problem": None}
        assert library.status()["indexes"]["vectors"]["lag"] == 0
        assert [(each.store, each.kind, each.count) for each in library.check()] == [("lexical", "missing", 60)]
        written = {chunk_id: text for chunk_id, text, _ in store.vectors.documents()}
        store._embedder, store._make_embedder = None, _no_embedder
        with store.writing():
            assert store.catch_up() == 60
        store._make_embedder = make_embedder
        assert {chunk_id: text for chunk_id, text, _ in store.vectors.documents()} == written
        assert library.check() == []


def _no_embedder(name: str) -> Embedder:
    raise AssertionError("nothing may be embedded")


def test_a_rating_needs_no_lock(small: Path) -> None:
    with held(small), refdesk.open_library(small) as library:
        library.rate("sample:00003", 1)
        assert library.status()["liked"] == ["file:papers:sample:00003"]


def test_threads_that_add_and_ask_with_one_library_take_turns(
    small: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    paths = [jsonl(small.parent / f"{first}.jsonl", records(120, first=first)) for first in (1_000, 2_000)]
    failures: list[Exception] = []
    answered: list[bool] = []
    with refdesk.open_library(small) as library:
        adding = [threading.Thread(target=collecting(failures, lambda path=path: library.add(path))) for path in paths]

        def ask() -> None:
            while any(thread.is_alive() for thread in adding):
                answered.append(library.ask("What does the study of subject17 find?").answered)

        asking = threading.Thread(target=collecting(failures, ask))
        for thread in (*adding, asking):
            thread.start()
        for thread in (*adding, asking):
            thread.join(timeout=120)
        assert failures == []
        assert answered
        assert all(answered)
        assert library.status()["papers"] == 300
        assert library.check() == []


def collecting(failures: list[Exception], action: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the test asserts that there is none
            failures.append(error)

    return run


def test_a_library_that_was_open_rebuilds_with_the_embedder_that_another_chose(
    small: Path, server: EmbeddingServer
) -> None:
    with refdesk.open_library(small) as older:
        with refdesk.open_library(small) as other:
            other.reindex(embedder="openai:words")
        older.reindex()
        assert older.status()["embedder"] == "openai:words"
