"""The open indexes are exchanged for newer ones: one thread does it, and nobody waits who need not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import refdesk
from rag.embedders import embedder as make_embedder
from rag.ports import Embedder
from refdesk import errors
from stores.indexes import Indexes
from stores.lexical.tantivy import TantivyLexical
from stores.sql.changes import Span
from tests.embedding_server import EmbeddingServer

FOUND = "file:papers:sample:00017"
LIMIT_S = 20


@pytest.fixture
def one_more(small: Path, records: Callable[..., list], jsonl: Callable[..., Path]) -> Path:
    return jsonl(small.parent / "more.jsonl", records(1, first=700))


def test_the_word_index_opens_while_the_vectors_still_open(tmp_path: Path) -> None:
    opening, may_open = threading.Event(), threading.Event()

    def slow(place: Path | str, library_id: str, former_id: str) -> object:
        opening.set()
        may_open.wait(LIMIT_S)
        raise errors.StoreError("The server does not answer.")

    indexes = Indexes(tmp_path, open_lexical=TantivyLexical, open_vectors=slow, vectors_url="http://localhost:1")
    with ThreadPoolExecutor(2) as pool:
        vectors = pool.submit(lambda: indexes.vectors)
        assert opening.wait(LIMIT_S)
        lexical = pool.submit(lambda: indexes.lexical)
        try:
            assert lexical.result(timeout=LIMIT_S / 2).count() == 0
        finally:
            may_open.set()
        assert isinstance(vectors.exception(), errors.StoreError)
    indexes.close()


def test_a_question_is_answered_while_another_thread_opens_what_was_written(small: Path, one_more: Path) -> None:
    with refdesk.open_library(small) as reader, ThreadPoolExecutor(2) as pool:
        reader.search("subject17")
        with refdesk.open_library(small) as writer:
            writer.add(one_more)
        store = reader._store
        opening, may_open, reopen = threading.Event(), threading.Event(), store.indexes.reopen

        def slow() -> None:
            opening.set()
            may_open.wait(LIMIT_S)
            reopen()

        store.indexes.reopen = slow  # type: ignore[method-assign]
        first = pool.submit(reader.search, "subject700")
        assert opening.wait(LIMIT_S)
        try:
            assert pool.submit(reader.search, "subject17").result(timeout=LIMIT_S / 2)[0].paper_id == FOUND
        finally:
            may_open.set()
        assert first.result(timeout=LIMIT_S)[0].paper_id == "file:more:sample:00700"


def test_a_question_beside_a_write_of_its_own_process_opens_nothing_anew(small: Path, one_more: Path) -> None:
    with refdesk.open_library(small) as library:
        library.search("subject17")
        changes = library._store.catalog.changes
        advance = changes.advance

        def advance_and_ask(names: list[str], span: Span) -> None:
            advance(names, span)
            asking = threading.Thread(target=library.search, args=("subject17",))
            asking.start()
            asking.join(LIMIT_S)

        changes.advance = advance_and_ask  # type: ignore[method-assign]
        library.add(one_more)
        library.search("subject700")
        assert library._store.reopened == 0
        assert library.search("subject700")[0].paper_id == "file:more:sample:00700"


def test_a_check_beside_an_import_finds_no_faults_that_are_not_there(small: Path, one_more: Path) -> None:
    with refdesk.open_library(small) as library, refdesk.open_library(small) as writer:
        catalog = library._store.catalog
        hashes, reports = catalog.hashes, []

        def hashes_after_an_import() -> dict[str, str]:
            if not reports:
                reports.append(writer.add(one_more))
            return hashes()

        catalog.hashes = hashes_after_an_import  # type: ignore[method-assign]
        assert library.check() == []
        assert [report.added for report in reports] == [1]


def test_a_check_that_never_finds_the_library_at_rest_says_so(small: Path) -> None:
    with refdesk.open_library(small) as library:
        catalog = library._store.catalog
        hashes = catalog.hashes

        def hashes_after_a_write() -> dict[str, str]:
            catalog.cut_anew({paper.paper_id: library._store.cut(paper) for paper in [library.show("sample:00003")]})
            return hashes()

        catalog.hashes = hashes_after_a_write  # type: ignore[method-assign]
        with pytest.raises(errors.LibraryLocked, match="while it was checked"):
            library.check()


def test_threads_that_are_first_at_once_make_one_embedder(small: Path) -> None:
    made: list[str] = []
    together = threading.Barrier(4)

    def slow(name: str) -> Embedder:
        made.append(name)
        time.sleep(0.2)
        return make_embedder(name)

    with refdesk.open_library(small) as library, ThreadPoolExecutor(4) as pool:
        library._store._make_embedder = slow

        def first() -> Embedder:
            together.wait(LIMIT_S)
            return library._store.embedder

        embedders = [future.result(timeout=LIMIT_S) for future in [pool.submit(first) for _ in range(4)]]
    assert len(made) == len({id(each) for each in embedders}) == 1


def test_the_embedder_changes_after_the_vectors_that_it_made_are_open(small: Path, server: EmbeddingServer) -> None:
    names: list[str] = []
    with refdesk.open_library(small) as library:
        library.search("subject17")
        with refdesk.open_library(small) as other:
            other.reindex(embedder="openai:words")
        store = library._store
        reopen = store.indexes.reopen

        def reopen_and_look() -> None:
            names.append(store.embedder.name)
            reopen()
            names.append(store.embedder.name)

        store.indexes.reopen = reopen_and_look  # type: ignore[method-assign]
        assert library.search("subject17")[0].paper_id == FOUND
        assert [*names, store.embedder.name] == ["static-256", "static-256", "openai:words"]


def test_a_question_whose_vectors_were_exchanged_under_it_is_asked_again(small: Path, server: EmbeddingServer) -> None:
    with refdesk.open_library(small) as library:
        library.search("subject17")
        store = library._store
        search, calls = store.vectors.search, []

        def search_after_a_reindex(*arguments: object, **named: object) -> object:
            calls.append(1)
            if len(calls) == 1:
                with refdesk.open_library(small) as other:
                    other.reindex(embedder="openai:words")
                asking = threading.Thread(target=store.refresh)  # another thread's question
                asking.start()
                asking.join(LIMIT_S)
            return search(*arguments, **named)  # type: ignore[arg-type]

        store.vectors.search = search_after_a_reindex  # type: ignore[method-assign]
        assert library.search("subject17")[0].paper_id == FOUND
        assert len(calls) == 2


def test_a_second_lag_is_told_after_the_first_has_ended(small: Path) -> None:
    told: list[str] = []
    with refdesk.open_library(small, notify=told.append) as reader, refdesk.open_library(small) as writer:
        store = writer._store
        for number in (1, 2):
            paper = replace(writer.show("sample:00003"), paper_id=f"p:{number}", aliases=(f"p:{number}",))
            paper = replace(paper, title=f"A new paper {number}")
            store.catalog.write([paper], [(paper.paper_id, paper)], {paper.paper_id: store.cut(paper)}, seen="2026")
            for _ in range(2):
                reader.search("subject17")
            assert len(told) == number, told
            with store.writing():
                store.catch_up()
            reader.search("subject17")
    assert all("1 paper cannot be found yet" in sentence for sentence in told)
