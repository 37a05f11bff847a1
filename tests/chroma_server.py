"""A Chroma server of its own, on a free port of loopback."""

from __future__ import annotations

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


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Start a server with its data in a folder; its URL, and how to stop it. The test skips where there is none."""
    program = Path(sys.executable).parent / "chroma"
    if not program.exists():
        pytest.skip(f"there is no Chroma server to run: {program} is missing")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "run", "--path", folder / "data", "--host", "127.0.0.1", "--port", port]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # invented papers are near copies: of 60 in parts of 20, threads hide 6 or more in one graph of 100
            env={**os.environ, "RAYON_NUM_THREADS": "1"},
            start_new_session=True,
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
