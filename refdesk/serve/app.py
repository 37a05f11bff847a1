"""The application: the API, the pages and the guard before them, and how it is run."""

from __future__ import annotations

import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from rag.errors import ConfigError, RefdeskError
from refdesk.library import Library
from refdesk.serve.api import Api
from refdesk.serve.guard import API, Doors, Guard
from refdesk.serve.pages import Pages
from refdesk.serve.sessions import Sessions

PREFIX = "/api/v1"
DRAIN_S = 5
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def application(
    library: Library, *, hosts: tuple[str, ...], sessions: Sessions | None, secure: bool = False
) -> Starlette:
    """
    The application of an open library.

    Args:
        library: It stays open as long as the application runs.
        hosts: The names, with ports, by which browsers and programs may address it.
        sessions: Signs readers in; None lets everybody in who reaches the port.
        secure: Cookies over https only.
    """
    api = Api(library, signs_in=sessions is not None)
    pages = Pages(api, sessions, secure=secure)

    async def alive(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def missing(request: Request, _: Exception) -> Response:
        if not request.url.path.startswith(API) and "text/html" in request.headers.get("accept", ""):
            return await pages.missing(request)
        return JSONResponse(
            {"error": {"type": "NotFound", "message": "There is nothing at this address.", "hint": None}}, 404
        )

    doors = Doors(hosts=hosts, sessions=sessions, reader_of=library.shelf.reader_of)
    return Starlette(
        routes=[
            Route("/healthz", alive),
            Route("/readyz", alive),  # the library is warm before the first connection is taken
            Mount(PREFIX, routes=list(api.routes())),
            *pages.routes(),
        ],
        middleware=[Middleware(Guard, doors=doors)],
        exception_handlers={404: missing},
    )


def serve(
    library: Library,
    *,
    host: str,
    port: int,
    sign_in: bool,
    public_url: str | None,
    show: bool,
    tell: Callable[[str], None],
) -> None:
    """
    Serve a library until the process is told to stop; running requests get five seconds to end.

    Args:
        library: The library.
        host, port: Where to listen; port 0 takes a free one.
        sign_in: False lets everybody in, on this machine only.
        public_url: The https address of a proxy before it.
        show: Open the first page in a browser.
        tell: Told the address, once requests are answered.

    Raises:
        ConfigError: The address is open to others, and nobody need sign in, or nothing is encrypted; or it is taken.
    """
    if host not in LOOPBACK and not sign_in:
        raise ConfigError(
            f"--auth none is for this machine alone, and {host} is open to others.", hint="Leave out --host or --auth."
        )
    if host not in LOOPBACK and not (public_url or "").startswith("https://"):
        raise ConfigError(
            f"On {host} others could read what is sent: nothing is encrypted.",
            hint="Listen on 127.0.0.1 behind a proxy with https, and name its address: --public-url https://…",
        )
    listening = _listening(host, port)
    port = listening.getsockname()[1]
    names = [f"{name}:{port}" for name in (host if host != "::1" else "[::1]", "localhost", "127.0.0.1", "[::1]")]
    address = public_url.rstrip("/") if public_url else f"http://{names[0]}"
    if public_url:
        names.append(urlsplit(public_url).netloc.lower())
    sessions = Sessions() if sign_in else None
    library.warm()
    app = application(
        library, hosts=tuple(names), sessions=sessions, secure=bool(public_url and public_url.startswith("https://"))
    )
    link = f"{address}/sign-in?code={sessions.code()}" if sessions else f"{address}/"
    tell(f"Refdesk is at {link}" + (" (the link is good for one use within ten minutes)" if sessions else ""))
    if not sessions:
        tell("Everybody who can use this machine can read and change the library.")
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=DRAIN_S, lifespan="off")
    )
    if show:
        threading.Timer(0.5, webbrowser.open, [link]).start()
    _reload_on_hangup(library, tell)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.", hint="Choose another one: --port 8766."
        ) from error


def _reload_on_hangup(library: Library, tell: Callable[[str], None]) -> None:
    """Read the settings again on SIGHUP, where there is one; wrong ones are told, and the old ones stay."""

    def reload(*_: object) -> None:
        try:
            library.reload()
        except RefdeskError as error:
            tell(f"The settings stay as they were: {error.message}")

    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)
