"""A served library for tests: the real server on loopback, in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

import refdesk
from refdesk.serve.app import application
from refdesk.serve.guard import Auth


@dataclass(frozen=True, slots=True)
class Served:
    """Where a library is served."""

    url: str
    host: str


@contextmanager
def serving(library: refdesk.Library, *, auth: Auth = "none", proxies: tuple[str, ...] = ()) -> Iterator[Served]:
    """Serve a library until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    app = application(library, hosts=(host,), auth=auth, proxies=proxies)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", lifespan="on", proxy_headers=False, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    limit = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < limit
        time.sleep(0.01)
    try:
        yield Served(f"http://{host}", host)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
