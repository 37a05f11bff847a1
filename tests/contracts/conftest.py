"""A Chroma server for the session, and places for collections."""

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
from contextlib import contextmanager
from pathlib import Path

import pytest

_names = itertools.count()


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Chroma server on a free port of loopback, for collections of different names."""
    with _running(tmp_path_factory.mktemp("chroma-server")) as (url, _):
        yield url


@pytest.fixture
def chroma_server_of_its_own(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a server for one test, and how to stop it."""
    with _running(tmp_path) as running:
        yield running


@contextmanager
def _running(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    program = Path(sys.executable).parent / "chroma"
    if not program.exists():
        pytest.skip(f"there is no Chroma server to run: {program} is missing")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "run", "--path", folder / "data", "--host", "127.0.0.1", "--port", port]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

    def stop() -> None:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    try:
        _wait_for(f"http://127.0.0.1:{port}/api/v2/heartbeat", server, folder / "log")
        yield f"http://127.0.0.1:{port}", stop
    finally:
        stop()


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


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.server)])
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
