"""A Chroma server that is away: questions are answered by words, imports succeed, and the next writer completes."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import refdesk
from refdesk import errors
from refdesk.opening import migrate, restore
from stores.urls import chroma_address
from stores.vectors.server import ServerClient

pytestmark = pytest.mark.server


class Line:
    """A port of loopback that leads to a server while it is `up`; else it refuses, or hangs if `hangs`."""

    def __init__(self, to: int) -> None:
        self._to, self.hangs = to, False
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def connect(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        listener, self._listener = self._listener, None
        for each in (listener, *self._open):
            if each:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self._open.append(near)
                if not self.hangs:
                    far = socket.create_connection(("127.0.0.1", self._to))
                    self._open.append(far)
                    for one, other in ((near, far), (far, near)):
                        threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@pytest.fixture
def line(chroma_server: str) -> Iterator[Line]:
    made = Line(chroma_address(chroma_server).port)
    made.connect()
    yield made
    made.cut()


@pytest.fixture
def opened(
    tmp_path: Path,
    line: Line,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    open_library: Callable[..., refdesk.Library],
) -> Callable[[], tuple[refdesk.Library, list[str]]]:
    """Open the library, as a process of its own would; with what it says."""
    monkeypatch.setenv("REFDESK_VECTORS", f"http://127.0.0.1:{line.port}/away-{abs(hash(request.node.name))}")

    def open_() -> tuple[refdesk.Library, list[str]]:
        said: list[str] = []
        return open_library(tmp_path / "library", notify=said.append), said

    return open_


def papers(folder: Path, name: str) -> Path:
    path = folder / f"{name}.jsonl"
    records = [
        {
            "id": f"{name}{n}",
            "title": f"Songs of {name} {n}",
            "abstract": f"We show that {name} sing louder in year {n}.",
        }
        for n in range(5)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_questions_are_answered_by_words_while_the_server_is_away(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path, line: Line
) -> None:
    library, _ = opened()
    library.add(papers(tmp_path, "whales"))
    whole = library.ask("Do whales sing louder?")
    assert whole.degraded is None
    assert library.search("whales").degraded is None
    line.cut()
    stranger, said = opened()
    for each in (library, stranger):  # one that has asked the server before, and one that has not
        answer = each.ask("Do whales sing louder?")
        assert answer.answered
        assert answer.degraded == {
            "from": "vectors",
            "reason": "the vectors cannot be used now, so papers were found by their words alone",
        }
        hits = each.search("whales")
        assert len(hits) == 5
        assert hits.degraded == answer.degraded
    assert [sentence for sentence in said if "Connection refused" in sentence and "chroma run" in sentence]
    assert len(said) == 1
    review = stranger.review("whales")
    assert review.papers
    assert review.degraded == answer.degraded
    assert said[1:] == ["The vectors that are needed are computed anew, which takes longer."]


def test_a_digest_is_whole_while_the_server_is_away_and_says_that_it_computes_vectors(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path, line: Line
) -> None:
    library, said = opened()
    library.add(papers(tmp_path, "whales"), listed="2026-07-01")
    whole = library.digest("2026-07-01").to_dict()
    assert said == []
    line.cut()
    assert library.digest("2026-07-01").to_dict() == whole
    (sentence,) = said
    assert "Connection refused" in sentence and "computed anew" in sentence


def test_the_status_says_in_seconds_what_is_wrong_with_the_server(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path, line: Line
) -> None:
    library, _ = opened()

    def problem(each: refdesk.Library, reader: str | None = None) -> str | None:
        found: str | None = each.status(reader=reader)["indexes"]["vectors"]["problem"]
        return found

    assert problem(library) is None
    library.add(papers(tmp_path, "whales"))
    library.search("whales")
    assert problem(library) is None
    line.cut()
    stranger, _ = opened()
    for each in (library, stranger):  # one that has asked the server before, and one that has not
        said = problem(each)
        assert said and "Connection refused. Is it running? `chroma run" in said
        assert said.endswith("Meanwhile papers are found by their words alone.")
        assert str(line.port) not in str(problem(each, "ada"))
        assert "words alone" in str(problem(each, "ada"))
    line.hangs = True
    line.connect()
    began = time.monotonic()
    assert "no answer within 2 s" in str(problem(library))
    assert time.monotonic() - began < 4
    line.cut()
    line.hangs = False
    line.connect()
    assert problem(library) is None  # at once: a look keeps nobody from the server
    assert library.search("whales").degraded is None
    address = chroma_address(os.environ["REFDESK_VECTORS"])
    client = ServerClient(address, "")
    client.delete_collection(address.collection)
    client.close()
    assert "vector index is missing" in str(problem(library)) and "`refdesk add`" in str(problem(library))


def test_a_backup_is_restored_and_a_catalog_moved_without_the_server(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, _ = opened()
    library.add(papers(tmp_path, "whales"))
    library.backup(tmp_path / "backup.tar")
    line.cut()
    said: list[str] = []
    count, _ = restore(tmp_path / "restored", tmp_path / "backup.tar", notify=said.append)
    assert count == 5
    url = f"sqlite:///{tmp_path / 'moved.sqlite3'}"
    rows, count = migrate(tmp_path / "restored", url, notify=said.append)
    assert rows["papers"] == count == 5
    assert len([sentence for sentence in said if "Connection refused" in sentence]) == 1  # a restore does not ask it
    monkeypatch.setenv("REFDESK_CATALOG", url)
    monkeypatch.setenv("REFDESK_VECTORS", f"{os.environ['REFDESK_VECTORS']}-moved")
    with refdesk.open_library(tmp_path / "restored") as moved:
        assert len(moved.search("whales")) == 5
        line.connect()
        moved.catch_up()
        assert moved.check() == []
        assert moved.search("whales").degraded is None


def test_an_import_succeeds_without_the_server_and_the_next_writer_completes_it(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path, line: Line
) -> None:
    library, said = opened()
    library.add(papers(tmp_path, "whales"))
    line.cut()
    began = time.monotonic()
    assert library.add(papers(tmp_path, "owls")).added == 5
    assert time.monotonic() - began < 20
    assert [sentence for sentence in said if "next `refdesk add`" in sentence and "Connection refused" in sentence]
    assert library.lacks() == {"vectors": 5}
    assert len(library.search("owls")) == 5
    assert (
        "5 papers are found by their words alone until the next `refdesk add`, `sync` or `reindex` writes vectors."
        in said
    )
    stranger, told = opened()
    assert stranger.add(papers(tmp_path, "finches")).added == 5
    assert [sentence for sentence in told if "Connection refused" in sentence]
    assert stranger.lacks() == {"vectors": 10}
    assert {hit.paper_id for hit in library.search("owls")} == {f"file:owls:owls{n}" for n in range(5)}
    with pytest.raises(errors.VectorsUnavailable):
        stranger.reindex()
    line.connect()
    again, _ = opened()
    again.catch_up()
    assert again.lacks() == {}
    assert again.check() == []
    assert again.search("owls").degraded is None
    assert all(hit.vector > 0 for hit in again.search("owls"))


def test_a_server_that_hangs_holds_up_one_question_alone(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path, line: Line
) -> None:
    library, _ = opened()
    library.add(papers(tmp_path, "whales"))
    line.cut()
    line.hangs = True
    line.connect()
    waited = []
    for _ in range(3):
        began = time.monotonic()
        assert library.search("whales").degraded
        waited.append(time.monotonic() - began)
    assert 8 < waited[0] < 14
    assert max(waited[1:]) < 1


def test_a_collection_lost_under_open_libraries_is_made_again_from_the_catalog(
    opened: Callable[[], tuple[refdesk.Library, list[str]]], tmp_path: Path
) -> None:
    writer, _ = opened()
    writer.add(papers(tmp_path, "whales"))
    reader, said = opened()
    assert reader.search("whales").degraded is None
    address = chroma_address(os.environ["REFDESK_VECTORS"])
    client = ServerClient(address, "")
    client.delete_collection(address.collection)
    client.close()
    for _ in range(2):
        assert len(reader.search("whales")) == 5
        assert reader.search("whales").degraded
    assert [sentence for sentence in said if "vector index is missing" in sentence]
    writer.add(papers(tmp_path, "owls"))
    assert writer.check() == []
    assert reader.search("whales").degraded is None
    assert reader.search("whales")[0].vector > 0
