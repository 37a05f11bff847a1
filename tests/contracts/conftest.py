"""A Chroma server for the session, and papers and vectors to write."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.types import Chunk, Paper

_names = itertools.count()


def paper(number: int, *, text: str = "", title: str = "", **rest: object) -> Paper:
    """A small paper `p:<number>`."""
    abstract = text or f"The abstract of paper {number}."
    return Paper(
        paper_id=f"p:{number}",
        title=title or f"Title {number}",
        abstract=abstract,
        imported="2026-07-01",
        source="jsonl",
        aliases=(f"p:{number}",),
        spans=((0, len(abstract)),),
        **rest,  # type: ignore[arg-type]
    )


def chunk(of: Paper, number: int = 0) -> Chunk:
    """The whole abstract as chunk `number`."""
    return Chunk(paper_id=of.paper_id, number=number, start=0, end=len(of.abstract), text=of.abstract)


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Chroma server of our own on a free port of loopback."""
    program = Path(sys.executable).parent / "chroma"
    if not program.exists():
        pytest.skip(f"there is no Chroma server to run: {program} is missing")
    folder = tmp_path_factory.mktemp("chroma-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        command = [program, "run", "--path", folder / "data", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v2/heartbeat", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"the Chroma server ended with {server.returncode}: {log.read_text()[-500:]}")
        try:
            with urllib.request.urlopen(url, timeout=1) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the Chroma server did not answer at {url}: {log.read_text()[-500:]}")


@pytest.fixture(params=["embedded", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new, empty collection may be: a folder, or a name of its own on a server."""
    if request.param == "embedded":
        return tmp_path / "chroma"
    url: str = request.getfixturevalue("chroma_server")
    return f"{url}/contract-{next(_names)}"


@pytest.fixture
def closing() -> Iterator[Callable[..., object]]:
    """Have things closed when the test ends, the last one first."""
    opened: list[object] = []

    def later(thing: object) -> object:
        opened.append(thing)
        return thing

    yield later
    for thing in reversed(opened):
        thing.close()  # type: ignore[attr-defined]
