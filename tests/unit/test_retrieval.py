"""Retrieval under many threads: what they share does not change under them, and their results are those of one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import refdesk
from rag.ports import Matrix
from rag.retrieval.found import Retrieved
from rag.retrieval.late_interaction import Vocabulary
from refdesk.library import examples
from stores.guard import Guard

THREADS = 8


@pytest.fixture
def hurried() -> object:
    """Threads that take turns as often as Python allows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture(scope="module")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("threads") / "library"
    with refdesk.open_library(folder) as library:
        library.add(examples())
    return folder


def scores(found: Retrieved) -> object:
    """All that a reader sees of it, to the last digit."""
    return (
        [(hit.paper_id, hit.score, hit.lexical, hit.vector, hit.best_sentence.number) for hit in found.hits],
        [(each.paper.paper_id, each.sentence.number, each.score) for each in found.evidence],
        found.signals,
    )


def test_eight_threads_rank_sixty_questions_each_as_one_thread_does(library_folder: Path, hurried: object) -> None:
    with refdesk.open_library(library_folder) as library:
        questions = [f"What is known of {paper.title}?" for paper in library.papers()]
        questions = (questions * 60)[:60]
        expected = [scores(library.retrieve(question)) for question in questions]
    with refdesk.open_library(library_folder) as library, ThreadPoolExecutor(THREADS) as pool:  # nothing learnt yet

        def ask(first: int) -> Sequence[object]:
            turned = [
                *questions[first:],
                *questions[:first],
            ]  # each thread begins elsewhere, so that tables grow at once
            found = [scores(library.retrieve(question)) for question in turned]
            return [*found[-first:], *found[:-first]] if first else found

        answers = list(pool.map(ask, [7 * number for number in range(THREADS)]))
    for found in answers:
        assert found == expected


def word_vectors(words: Sequence[str]) -> Matrix:
    """A unit row that the letters of a word determine."""
    rows = np.array([[sum(map(ord, word)), len(word), ord(word[0])] for word in words], dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("limit", [50_000, 300])
def test_a_vocabulary_that_grows_under_threads_gives_each_the_rows_of_its_words(limit: int, hurried: object) -> None:
    vocabulary = Vocabulary(lambda word: word[:-1], word_vectors, limit=limit)
    wrong: list[str] = []

    def read(thread: int) -> None:
        for turn in range(150):
            words = [f"w{(thread * 31 + turn * 7 + step) % 900}x" for step in range(20)]
            (numbers,), table = vocabulary.numbers([" ".join(words)])
            same, _ = table.alike(numbers, numbers)
            if not np.array_equal(table.vectors[numbers], word_vectors(words)) or not np.array_equal(same, np.eye(20)):
                wrong.append(f"{thread} {turn}")

    threads = [threading.Thread(target=read, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_rows_that_were_handed_out_stay_when_the_table_begins_anew() -> None:
    vocabulary = Vocabulary(lambda word: word, word_vectors, limit=4)
    (numbers,), table = vocabulary.numbers(["one two three"])
    before = table.vectors[numbers].copy()
    vocabulary.numbers(["four five six"])
    assert np.array_equal(table.vectors[numbers], before)


def test_a_guard_lets_readers_in_together_and_one_who_exchanges_in_alone() -> None:
    guard, inside, most, order = Guard(), [0], [0], []
    together = threading.Barrier(4)

    def read() -> None:
        with guard.reading():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            together.wait(timeout=10)
            inside[0] -= 1

    def exchange() -> None:
        with guard.exchanging():
            order.append(inside[0])

    _run([read, read, read, lambda: (together.wait(timeout=10), exchange())])
    assert most[0] >= 2
    assert order == [0]


def test_one_whose_reading_was_cut_off_exchanges_all_the_same() -> None:
    guard, order = Guard(), []
    exchanged = threading.Event()

    def cut_off() -> None:
        read = guard.reading()
        read.__enter__()  # a Ctrl-C comes just here, and its traceback keeps `read`
        with guard.exchanging():
            order.append("the same thread")
        del read

    def exchange() -> None:
        with guard.exchanging():
            order.append("another thread")
            exchanged.set()

    _run([cut_off])
    with guard.reading():
        other = threading.Thread(target=exchange)
        other.start()
        assert not exchanged.wait(timeout=0.1)
        order.append("the reader")
    other.join(timeout=10)
    assert order == ["the same thread", "the reader", "another thread"]


def test_one_who_exchanges_goes_before_readers_that_come_later() -> None:
    guard, order = Guard(), []
    reads, waits = threading.Event(), threading.Event()

    def early() -> None:
        with guard.reading():
            reads.set()
            waits.wait(timeout=10)
            order.append("early")

    def exchange() -> None:
        reads.wait(timeout=10)
        with guard.exchanging():
            order.append("exchange")

    def late() -> None:
        while not guard._waiting:
            pass
        waits.set()
        with guard.reading():
            order.append("late")

    _run([early, exchange, late])
    assert order == ["early", "exchange", "late"]


def _run(actions: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
