"""A served library for benchmarks: `refdesk serve` of a checkout in a process of its own, and clients that load it."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.halves import questions

HERE = Path(__file__).parent.parent
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a body that is no bytes is sent as JSON."""

    path: str
    body: Any = None
    method: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def search(query: str) -> Request:
    """A search of the API."""
    return Request(f"/api/v1/search?{urlencode({'q': query})}")


def ask(question: str) -> Request:
    """A question to the API."""
    return Request("/api/v1/ask", {"question": question})


def upload(file: Path) -> Request:
    """An import of a file."""
    mark = secrets.token_hex(16)
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    body = head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    return Request("/api/v1/imports", body, headers=(("Content-Type", f"multipart/form-data; boundary={mark}"),))


@dataclass(slots=True)
class Server:
    """A running server, and the seconds until it was ready."""

    port: int
    process: subprocess.Popen[str]
    ready_s: float

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)

    def memory_mb(self) -> float:
        """The most memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024


def command(library: Path, *arguments: str | Path) -> list[str]:
    """A command; run it with `environment`, and not in another checkout, where Python would look for modules first."""
    return [sys.executable, "-m", "refdesk", "--library", str(library), *map(str, arguments)]


def environment(checkout: Path, **variables: str) -> dict[str, str]:
    """The environment in which Python takes its modules from a checkout."""
    return {**os.environ, "PYTHONPATH": str(checkout), **variables}


@contextmanager
def served(checkout: Path, library: Path, *, auth: str = "none", **variables: str) -> Iterator[Server]:
    """Serve a library on a free port until the block ends, in an environment with these variables."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command(library, "serve", "--port", "0", "--auth", auth),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(checkout, **variables),
        cwd=library,
    )
    assert process.stderr is not None
    reading = threading.Thread(target=_read_on, args=(process,), daemon=True)
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise RuntimeError("".join(said))
        server = Server(int(found[1]), process, 0.0)
        with closing(server.connect()) as connection:
            answer(connection, Request("/readyz"))
        server.ready_s = time.perf_counter() - began
        reading.start()
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if reading.is_alive():
            reading.join()
        process.stderr.close()


def _read_on(process: subprocess.Popen[str]) -> None:
    """Read what a process writes, so that it never waits for a reader."""
    assert process.stderr is not None
    for _ in process.stderr:
        pass


class Reply(NamedTuple):
    """A reply of the server."""

    status: int
    body: bytes
    headers: Message


def answer(connection: http.client.HTTPConnection, request: Request) -> Reply:
    """Send a request, and wait for its reply."""
    headers = dict(request.headers)
    body: bytes | None = None
    if isinstance(request.body, bytes):
        body = request.body
    elif request.body is not None:
        body = json.dumps(request.body).encode()
        headers["Content-Type"] = "application/json"
    connection.request(request.method or ("POST" if body else "GET"), request.path, body, headers)
    reply = connection.getresponse()
    return Reply(reply.status, reply.read(), reply.headers)


@dataclass(slots=True)
class Load:
    """What clients found: seconds of each reply, those that were errors, and the time of all."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def rate(self) -> float:
        """Replies a second."""
        return len(self.seconds) / self.took_s

    def ms(self, share: float) -> float:
        """A percentile, as a share from 0 to 1, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load(
    server: Server,
    requests: Sequence[Request],
    *,
    clients: int,
    number: int | None = None,
    until: Callable[[], bool] = lambda: False,
    pause_s: float = 0.0,
) -> Load:
    """
    Send requests in turn, each client the next one as soon as it has its reply.

    Args:
        server: The server.
        requests: They are sent in this order, again and again.
        clients: How many send at a time, each over a connection of its own.
        number: How many requests to send; None sends until `until`.
        until: Looked at before each request; true ends the load.
        pause_s: How long a client waits before its next request.
    """
    found, turn, lock = Load(), count(), threading.Lock()

    def send() -> None:
        connection = server.connect()
        while not until():
            with lock:
                at = next(turn)
            if number is not None and at >= number:
                break
            began = time.perf_counter()
            try:
                reply = answer(connection, requests[at % len(requests)])
                problem = "" if reply.status < 400 else f"{reply.status} {reply.body[:300].decode(errors='replace')}"
            except (OSError, http.client.HTTPException) as error:
                problem = f"{type(error).__name__}: {error}"
                connection.close()
            with lock:
                found.seconds.append(time.perf_counter() - began)
                if problem:
                    found.errors.append(problem)
            time.sleep(pause_s)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.took_s = time.perf_counter() - began
    return found


@dataclass(frozen=True, slots=True)
class Bench:
    """
    What a scene needs.

    Args:
        checkout: Whose server is measured.
        folder: For its files.
        papers: Of the library, and as many others to import.
    """

    checkout: Path
    folder: Path
    papers: Sequence[dict[str, Any]]
    more: Sequence[dict[str, Any]]

    @property
    def questions(self) -> list[str]:
        """Questions about papers of the library."""
        return questions(self.papers)

    @property
    def made(self) -> Path:
        """The library, made once."""
        made = self.folder / "made"
        if not made.exists():
            self.run(made, "add", jsonl(self.folder / "papers.jsonl", self.papers))
        return made

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """A copy of the library."""
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            yield shutil.copytree(self.made, Path(temporary) / "library")

    def run(self, library: Path, *arguments: str | Path) -> None:
        """Run a command to its end."""
        subprocess.run(
            command(library, *arguments),
            check=True,
            capture_output=True,
            env=environment(self.checkout),
            cwd=self.folder,
        )

    @contextmanager
    def importing(self, library: Path) -> Iterator[subprocess.Popen[bytes]]:
        """The command that imports the other papers, at work."""
        source = jsonl(self.folder / "more.jsonl", self.more)
        process = subprocess.Popen(
            command(library, "add", source, "--json"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(self.checkout),
            cwd=self.folder,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def jsonl(path: Path, papers: Sequence[dict[str, Any]]) -> Path:
    """A file of papers, made once."""
    if not path.exists():
        path.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    return path
