"""
The guard before every route: which hosts are served, who is signed in, what other sites may not do, and the headers.

It is ASGI middleware; a request that it refuses reaches no route.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refdesk.serve.sessions import COOKIE, Sessions

OPEN = ("/sign-in", "/healthz", "/readyz")
"""Paths for which nobody need be signed in; so are the static files."""
STATIC = "/static/"
API = "/api/"
MOST_BODY = 4 << 20
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
        sessions: Those who signed in; None lets everybody in.
        reader_of: Whose token a secret is.
    """

    hosts: Collection[str]
    sessions: Sessions | None
    reader_of: Callable[[str], str | None]


class Guard:
    """The middleware."""

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
                _add_headers(MutableHeaders(scope=message), request.url.path)
            await send(message)

        await (refusal or self._app)(scope, _limited(receive), guarded)

    async def _refusal(self, request: Request) -> Response | None:
        """Why a request is not served; None if it is."""
        headers, path = request.headers, request.url.path
        if headers.get("host", "").lower() not in self._doors.hosts:
            return refused(421, "This server is not addressed by that name.")
        if int(headers.get("content-length") or 0) > MOST_BODY:
            return refused(413, f"The request is longer than {MOST_BODY >> 20} MB.")
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind and (kind.lower() != "bearer" or not await run_in_threadpool(self._doors.reader_of, secret.strip())):
            return refused(401, "This token is not known.")
        if request.method not in _READS and not kind and _is_cross_site(headers):
            return refused(403, "Another site sent this request.")
        if kind or self._doors.sessions is None or path in OPEN or path.startswith(STATIC):
            return None
        if self._doors.sessions.is_valid(request.cookies.get(COOKIE, "")):
            return None
        if path.startswith(API):
            return refused(401, "Sign in, or send a token.", "`refdesk token add` prints one.")
        return Response(_SIGN_IN, 401, media_type="text/html")


_SIGN_IN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Refdesk: sign in</title>'
    "<main><h1>Sign in</h1><p>Open the link that <code>refdesk serve</code> printed when it started. It is good for "
    "one use within ten minutes; started again, it prints a new one.</p></main></html>"
)


def refused(status: int, message: str, hint: str | None = None) -> JSONResponse:
    """An error as JSON, as `--json` prints it."""
    return JSONResponse({"error": {"type": "Refused", "message": message, "hint": hint}}, status)


def _is_cross_site(headers: Headers) -> bool:
    """True if a browser says that another site made the request; a program says nothing."""
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _limited(receive: Receive) -> Receive:
    """A body without a stated length is cut where it is too long; the route then fails to read it."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        return {"type": "http.disconnect"} if read > MOST_BODY else message

    return limited


def _add_headers(headers: MutableHeaders, path: str) -> None:
    headers.setdefault("content-security-policy", PAGE_POLICY)
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "no-referrer"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    if not path.startswith(STATIC):
        headers.setdefault("cache-control", "no-store")
