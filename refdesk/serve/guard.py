"""
The guard before every route: which hosts are served, who is signed in, what other sites may not do, and the headers.

It is ASGI middleware; a request that it refuses reaches no route.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.types.reader import LOCAL
from refdesk.readers import Readers
from refdesk.serve.sessions import COOKIE
from stores.sql.readers import ReaderRecord

Auth = Literal["token", "header", "none"]
USER = "x-forwarded-user"
"""The header in which a proxy names the reader whom it signed in."""
OPEN = ("/sign-in", "/healthz", "/readyz")
"""Paths for which nobody need be signed in."""
SIGNED = ("/static/", "/feeds/", "/rated/", "/unsubscribe/", "/confirm/")
"""Beginnings of paths that need no reader either: static files, and addresses that are secrets or signed."""
ASKING = ("ask", "verify", "review")
"""POST under `/api/v1` that changes nothing, so that a token which may only read may send it."""
STATIC = "/static/"
API = "/api/"
MCP = "/mcp"
"""The route of assistants: what a token may is for its tools to say."""
KNOWN = "/.well-known/"
"""Where clients look for other ways to sign in; there are none."""
MOST_BODY = 4 << 20
UPLOADS, MOST_UPLOAD = ("/api/v1/imports", "/imports"), 256 << 20
"""Where files are sent to, and how many bytes they may have."""
_READS = ("GET", "HEAD", "OPTIONS")
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ISSUE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""A stored issue keeps its bytes, with its style within; it is shown in a frame, and runs no script."""


@dataclass(frozen=True, slots=True)
class Doors:
    """
    Who may come in.

    Args:
        hosts: The names, with ports, by which the server is addressed; a page of another name cannot use it.
        readers: Knows readers by their sessions and tokens.
        auth: `token` wants one of these; `header` believes a trusted proxy; `none` lets everybody in as `local`.
        proxies: Addresses and networks of the trusted proxies.
    """

    hosts: Collection[str]
    readers: Readers
    auth: Auth = "token"
    proxies: tuple[str, ...] = ()

    def trusts(self, client: str | None) -> bool:
        """True if a request comes from a trusted proxy; a connection without an address is from none."""
        try:
            address = ip_address(client or "")
        except ValueError:
            return False
        return any(address in ip_network(each, strict=False) for each in self.proxies)


class Guard:
    """The middleware. A request that passes has `state.reader`, and `state.writes`, False of a token that reads."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app, self._doors = app, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        refusal = await self._refusal(request)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        most = MOST_UPLOAD if scope["path"] in UPLOADS else MOST_BODY
        await (refusal or self._app)(scope, _limited(receive, most), guarded)

    async def _refusal(self, request: Request) -> Response | None:
        """Why a request is not served; None if it is."""
        headers, path = request.headers, str(request.scope["path"])  # an URL made of it would end at a `?` within
        if any(character < " " for character in path):
            return refused(404, "There is nothing at this address.")  # a route matches before a line break too
        if headers.get("host", "").lower() not in self._doors.hosts:
            return refused(421, "This server is not addressed by that name.")
        most = MOST_UPLOAD if path in UPLOADS else MOST_BODY
        if int(headers.get("content-length") or 0) > most:
            return refused(413, f"The request is longer than {most >> 20} MB.")
        kind, _, secret = headers.get("authorization", "").partition(" ")
        is_signed = path.startswith(SIGNED) and COOKIE not in request.cookies
        if request.method not in _READS and not kind and not is_signed and _is_cross_site(headers):
            return refused(403, "Another site sent this request.")
        if kind:
            return await self._by_token(request, kind, secret.strip())
        request.state.reader, request.state.writes = await run_in_threadpool(self._by_browser, request), True
        if request.state.reader or path in OPEN or path.startswith(SIGNED):
            return None
        if path.startswith((API, MCP)):
            return refused(401, "Sign in, or send a token.", "Make a token on the page /tokens.")
        if path.startswith(KNOWN):
            return refused(404, "There is nothing at this address.")
        return Response(status_code=303, headers={"Location": "/sign-in"})

    async def _by_token(self, request: Request, kind: str, secret: str) -> Response | None:
        """Let a program in by its token; an unknown one is refused, also where nobody need sign in."""
        found = await run_in_threadpool(self._doors.readers.of_token, secret) if kind.lower() == "bearer" else None
        if not found:
            return refused(401, "This token is not known, or has ended.", "The page /tokens shows those that are.")
        request.state.reader, scope = found
        request.state.writes = scope == "write"
        path = str(request.scope["path"])
        asks = path.removeprefix(f"{API}v1/") in ASKING or path == MCP
        if scope == "read" and request.method not in _READS and not asks:
            return refused(403, "This token may only read.", "Make one of scope write on the page /tokens.")
        return None

    def _by_browser(self, request: Request) -> ReaderRecord | None:
        """Who sends a request without a token; None if that is nobody known."""
        readers, auth = self._doors.readers, self._doors.auth
        if auth == "none":
            return readers.find(LOCAL)
        if auth == "header":
            names = request.headers.getlist(USER)
            client = request.client.host if request.client else None
            is_told = len(names) == 1 and self._doors.trusts(client)
            return readers.admit(names[0]) if is_told else None
        return readers.of_session(request.cookies.get(COOKIE, ""))


def refused(status: int, message: str, hint: str | None = None) -> JSONResponse:
    """An error as JSON, as `--json` prints it."""
    return JSONResponse({"error": {"type": "Refused", "message": message, "hint": hint}}, status)


def _is_cross_site(headers: Headers) -> bool:
    """True if a browser says that another site made the request; a program says nothing."""
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _limited(receive: Receive, most: int) -> Receive:
    """A body without a stated length is cut where it is too long; the route then fails to read it."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        return {"type": "http.disconnect"} if read > most else message

    return limited


def _add_headers(headers: MutableHeaders, path: str) -> None:
    headers.setdefault("content-security-policy", PAGE_POLICY)
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "no-referrer"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    if not path.startswith(STATIC):
        headers.setdefault("cache-control", "no-store")
