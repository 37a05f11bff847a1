"""The application: the API, the pages and the guard before them, and how it is run."""

from __future__ import annotations

import os
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from rag.errors import ConfigError, RefdeskError
from rag.types.reader import LOCAL
from refdesk.library import Library
from refdesk.serve import requests as given
from refdesk.serve.api import PREFIX, Api
from refdesk.serve.assistants import Assistants
from refdesk.serve.caching import Cached
from refdesk.serve.frame import Frame
from refdesk.serve.guard import API, MCP, Auth, Doors, Guard, refused
from refdesk.serve.limits import Limited, Limits, TooMany
from refdesk.serve.mailed import Mailed
from refdesk.serve.pages import Pages
from refdesk.serve.people import PeoplePages
from refdesk.serve.sign_in import SignIn
from refdesk.serve.subscriptions import Subscriptions

if TYPE_CHECKING:
    from anyio import CapacityLimiter

    from refdesk.mcp.http import Endpoint
    from refdesk.mcp.tools import Tool

DRAIN_S = 5
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def application(
    library: Library,
    *,
    hosts: tuple[str, ...],
    auth: Auth = "token",
    proxies: tuple[str, ...] = (),
    secure: bool = False,
    only_mcp: bool = False,
) -> Starlette:
    """
    The application of an open library.

    Args:
        library: It stays open as long as the application runs.
        hosts: The names, with ports, by which browsers and programs may address it.
        auth, proxies: Who may come in; see `Doors`.
        secure: Cookies over https only.
        only_mcp: Without the API and the pages, for assistants alone.
    """
    api = Api(library, signs_in=auth != "none", secure=secure)
    frame = Frame(api, secure=secure)
    pages, subscriptions = Pages(frame), Subscriptions(frame)

    async def alive(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def ready(request: Request) -> Response:
        try:
            await to_thread.run_sync(library.require_catalog)
        except RefdeskError:  # why is not for all who may ask
            return JSONResponse({"ok": False}, 503)
        return await alive(request)

    async def missing(request: Request, _: Exception) -> Response:
        if not only_mcp and not request.url.path.startswith(API) and "text/html" in request.headers.get("accept", ""):
            return await pages.missing(request)
        return JSONResponse(
            {"error": {"type": "NotFound", "message": "There is nothing at this address.", "hint": None}}, 404
        )

    async def unknown_method(request: Request, error: Exception) -> Response:
        reply = refused(405, f"{request.method} is not for this address.", "See /api/v1/openapi.json.")
        reply.headers["Allow"] = (getattr(error, "headers", None) or {}).get("Allow", "")
        return reply

    async def broken(_: Request, __: Exception) -> Response:
        return refused(500, "Refdesk failed; its log says why.", "Tell whoever keeps this library.")

    async def too_many(request: Request, error: TooMany) -> Response:
        return given.failed(error) if request.url.path.startswith(API) else await frame.failed(request, error)

    limits = Limits(library)

    def capacity(tool: Tool[Any] | None) -> CapacityLimiter:
        if tool is None:
            return api.in_own_sentences  # it may be an issue, made without a model
        if tool.needs == "reader":
            return api.looks
        return api.writing if tool.needs else api.questions if tool.asks else api.searches

    def endpoint() -> Endpoint:
        from refdesk.mcp.http import Endpoint

        return Endpoint(
            library,
            capacity=capacity,
            allowed=lambda who, tool: limits.allowed("question" if tool and tool.asks else "search", who.reader),
        )

    assistants = Assistants(endpoint)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async with assistants.running():
            yield

    faces = [
        Mount(PREFIX, routes=list(api.routes())),
        *pages.routes(),
        *SignIn(frame).routes(),
        *api.imports.forms(frame.shown),
        *subscriptions.routes(),
        *PeoplePages(frame).routes(),
        *Mailed(frame).routes(),
    ]
    doors = Doors(hosts=hosts, readers=library.readers, auth=auth, proxies=proxies)
    return Starlette(
        routes=[
            Route("/healthz", alive),
            Route("/readyz", ready),  # the library is warm before the first connection is taken
            Route(MCP, assistants),
            *([] if only_mcp else faces),
        ],
        middleware=[
            Middleware(Guard, doors=doors),
            Middleware(Cached, library=library),
            Middleware(Limited, limits=limits, refuse=too_many),
            Middleware(GZipMiddleware),
        ],
        exception_handlers={404: missing, 405: unknown_method, 500: broken},
        lifespan=running,
    )


def serve(
    library: Library,
    *,
    host: str,
    port: int,
    auth: Auth,
    public_url: str | None,
    insecure: bool,
    show: bool,
    tell: Callable[[str], None],
    only_mcp: bool = False,
) -> None:
    """
    Serve a library until the process is told to stop; running requests get five seconds to end.

    Args:
        library: The library.
        host, port: Where to listen; port 0 takes a free one.
        auth: `token`: readers sign in; `header`: a proxy names them; `none`: everybody is `local`, on this machine.
        public_url: The address that readers open, where a proxy is before it; None takes that of the settings.
        insecure: Serve others without https.
        show: Open the first page in a browser.
        tell: Told the address, once requests are answered.
        only_mcp: Serve assistants alone, who send a token.

    Raises:
        ConfigError: The address is open to others, and nobody need sign in, or nothing is encrypted; or it is taken.
    """
    settings = library.serving
    public = (public_url or settings.public_url or "").rstrip("/")
    secure = public.startswith("https://")
    check_doors(host, auth=auth, secure=secure, insecure=insecure, proxies=settings.trusted_proxies, public=public)
    listening = _listening(host, port)
    port = listening.getsockname()[1]
    names = [f"{name}:{port}" for name in (host if ":" not in host else f"[{host}]", "localhost", "127.0.0.1", "[::1]")]
    if public:
        names.append(urlsplit(public).netloc.lower())
    library.warm()
    app = application(
        library,
        hosts=tuple(names),
        auth=auth,
        proxies=settings.trusted_proxies,
        secure=secure,
        only_mcp=only_mcp,
    )
    link, told = _address(library, public or f"http://{names[0]}", auth=auth, only_mcp=only_mcp)
    tell(told)
    if auth == "none":
        tell("Everybody who can use this machine can read and change the library.")
    if insecure and not secure and host not in LOOPBACK:
        tell("Nothing is encrypted: others on the network can read what is sent, the cookies too.")
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=DRAIN_S,
            lifespan="on",
            proxy_headers=False,  # the guard decides whom to believe, by the address that really connects
        )
    )
    if show:
        threading.Timer(0.5, _show, [link, tell]).start()
    _reload_on_hangup(library, tell)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()


def _address(library: Library, address: str, *, auth: Auth, only_mcp: bool) -> tuple[str, str]:
    """The link to open, and the line that tells it."""
    if only_mcp:
        return f"{address}{MCP}", f"Assistants find Refdesk at {address}{MCP}; `refdesk token add` prints their token."
    if auth != "token":
        return f"{address}/", f"Refdesk is at {address}/"
    link = f"{address}/sign-in?code={library.readers.code(LOCAL)}"
    return link, f"Refdesk is at {link} (the link is good for one use within ten minutes)"


def check_doors(
    host: str, *, auth: Auth, secure: bool, insecure: bool, proxies: tuple[str, ...], public: str = ""
) -> None:
    """Refuse what would open the library to strangers. Raises ConfigError."""
    if host not in LOOPBACK and auth == "none":
        raise ConfigError(
            f"--auth none is for this machine alone, and {host} is open to others.", hint="Leave out --host or --auth."
        )
    if auth == "none" and public and urlsplit(public).hostname not in LOOPBACK:
        raise ConfigError(
            f"--auth none is for this machine alone, and {public} is open to others.",
            hint="Leave out --auth, or the public URL.",
        )
    if host not in LOOPBACK and not (secure or insecure):
        raise ConfigError(
            f"On {host} others could read what is sent: nothing is encrypted.",
            hint="Listen behind a proxy with https, and name its address: --public-url https://… (or --insecure).",
        )
    if auth == "header" and not proxies:
        raise ConfigError(
            "--auth header needs the address of the proxy that names the readers.",
            hint='Set `trusted_proxies = ["127.0.0.1"]` in the table [serve] of refdesk.toml.',
        )


def _show(link: str, tell: Callable[[str], None]) -> None:
    """Open a link in a browser, but in none that would take the terminal, unless $BROWSER names it."""
    try:
        browser = webbrowser.get()
        in_terminal = type(browser) is webbrowser.GenericBrowser and "BROWSER" not in os.environ
        opened = not in_terminal and browser.open(link)
    except webbrowser.Error:
        opened = False
    if not opened:
        tell("No browser can be opened from here: open the link in one.")


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # Python adds the address
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {reason}.", hint="Choose another one: --port 8766."
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
