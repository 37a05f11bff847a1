"""
Processes with everything imported: each is forked from one that did nothing but import.

A Python that imports Chroma, SQLAlchemy and LangChain computes for two to three seconds before its first line of ours.
What a test kills, limits or runs beside another is a process of its own all the same: it has its own memory, locks
and threads, its own group, and ends as every Python does. How a process *starts* is shown with `tests.commands.run`.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

IMPORTED = """
    refdesk.cli refdesk.library refdesk.wiring refdesk.ask refdesk.ingest.add refdesk.feeds.syncing refdesk.verify
    refdesk.status refdesk.digest.run refdesk.digest.issues refdesk.digest.deliver refdesk.render.terminal
    rag.sources rag.embedders.static rag.embedders.worker rag.delivery.smtp rag.delivery.outbox
    stores.store stores.ingest stores.locks stores.manifest stores.migrations stores.sql.catalog stores.sql.feeds
    stores.sql.outbox stores.lexical.tantivy stores.vectors.chroma
    chromadb.api.rust chromadb.telemetry.product.posthog alembic.command mako.template
    numpy.random tokenizers safetensors toml nupunkt
""".split()
"""Not `wordllama`: importing it sets up logging, which the product undoes."""
_SERVER = "from tests.warm import serve; exec(serve(), globals())"
_POLL_S = 0.005


class Process:
    """
    A process that runs `code`, in a group of its own; in use like `subprocess.Popen` with piped output.

    Args:
        code: Python, run as `python -c` would.
        arguments: What follows in `sys.argv`.
        env: Its environment.
        stdin: What it reads.
    """

    def __init__(self, code: str, arguments: Sequence[str], env: Mapping[str, str], stdin: bytes = b"") -> None:
        self.args = [sys.executable, "-c", code, *arguments]
        self.returncode: int | None = None
        self._asking = threading.Lock()
        request = json.dumps({"argv": ["-c", *arguments], "code": code, "env": dict(env), "cwd": str(Path.cwd())})
        out, err, status = os.pipe(), os.pipe(), os.pipe()
        with _file(request.encode()) as wish, _file(stdin) as given, _LOCK:
            descriptors = [wish.fileno(), given.fileno(), out[1], err[1], status[1]]
            socket.send_fds(_server(), [b"!"], descriptors)
            for _, write in (out, err, status):
                os.close(write)
        # without buffers: neither `select` nor `os.read` would see what `readline` took too much
        self.stdout, self.stderr, self._status = (os.fdopen(read, "rb", buffering=0) for read, _ in (out, err, status))
        self.pid = int(self._status.readline())

    def poll(self) -> int | None:
        with self._asking:  # threads may wait for one process
            if self.returncode is None and select.select([self._status], [], [], 0)[0]:
                self.returncode = int(self._status.readline())
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.poll()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        until = None if timeout is None else time.monotonic() + timeout
        parts: dict[int, list[bytes]] = {self.stdout.fileno(): [], self.stderr.fileno(): []}
        left = set(parts)
        while left:
            ready = select.select(left, [], [], None if until is None else max(0, until - time.monotonic()))[0]
            if not ready:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            for number in ready:
                part = os.read(number, 1 << 16)
                parts[number].append(part)
                if not part:
                    left.remove(number)
        out, err = (b"".join(parts[stream.fileno()]) for stream in (self.stdout, self.stderr))
        self.wait(None if until is None else max(0, until - time.monotonic()))
        for stream in (self.stdout, self.stderr, self._status):
            stream.close()
        return out, err


def _file(content: bytes) -> IO[bytes]:
    """A file without a name that holds `content`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is the caller's
    file.write(content)
    file.seek(0)
    return file


_LOCK = threading.Lock()
_connection: socket.socket | None = None


def _server() -> socket.socket:
    """The connection to this process's server, which is started when it is first needed and ends with this process."""
    global _connection
    if _connection is None:
        _connection, other = socket.socketpair()
        env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
        with other:
            server = subprocess.Popen(
                [sys.executable, "-c", _SERVER, str(other.fileno())],
                stdin=subprocess.PIPE,  # the three are of the kinds that its processes get
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
        atexit.register(_end, server, _connection)
    return _connection


def _end(server: subprocess.Popen[bytes], connection: socket.socket) -> None:
    connection.close()
    server.communicate()


def serve() -> str:
    """Import all, and fork for each request; gives the code to run, in the process that was forked to run it."""
    for name in IMPORTED:
        importlib.import_module(name)
    assert threading.active_count() == 1
    gc.freeze()
    connection = socket.socket(fileno=int(sys.argv[1]))
    running: dict[int, int] = {}
    while True:
        if select.select([connection], [], [], _POLL_S if running else None)[0]:
            message, descriptors, _, _ = socket.recv_fds(connection, 1, 5)
            if not message:
                os._exit(0)
            *given, status = descriptors
            if (pid := os.fork()) == 0:
                connection.close()
                for number in (status, *running.values()):
                    os.close(number)
                return _begun(*given)
            for number in given:
                os.close(number)
            running[pid] = status
            os.write(status, b"%d\n" % pid)
        while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = running.pop(ended[0])
            os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended[1]))
            os.close(status)


def _begun(request: int, stdin: int, out: int, err: int) -> str:
    with os.fdopen(request, "rb") as file:
        wish = json.load(file)
    os.setsid()
    for number, target in ((stdin, 0), (out, 1), (err, 2)):
        os.dup2(number, target)
        os.close(number)
    os.chdir(wish["cwd"])
    os.environ.clear()
    os.environ.update(wish["env"])
    tempfile.tempdir = None
    sys.argv[:] = wish["argv"]
    return str(wish["code"])
