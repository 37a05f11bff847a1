"""
Validators of replies: a browser or a program that has a paper, a search or an export asks whether it has changed.

The tag is of the catalog's change counter, the settings, the reader with how often they rated, and Refdesk's version.
It is weak: what is said is the same, the bytes (a time, a compression) may differ.
"""

from __future__ import annotations

import hashlib
import re

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refdesk._version import __version__
from refdesk.library import Library

_CACHED = re.compile(r"/api/v1/(search|export|papers(/.*)?)")
_AGAIN = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
"""A copy may be kept for its reader, and is shown only after the server was asked."""
PASSING = {"Cache-Control": "no-store"}
"""Of a reply that may soon be a better one though nothing is written, such as a search without vectors."""


class Cached:
    """
    The middleware that answers 304 where nothing has changed.

    Args:
        app: What it is before.
        library: Knows whether it has changed.
    """

    def __init__(self, app: ASGIApp, library: Library) -> None:
        self._app, self._library = app, library

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or say that its reply is as before."""
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not (is_read and _CACHED.fullmatch(scope["path"])):
            await self._app(scope, receive, send)
            return
        reader = scope["state"]["reader"]
        library = await run_in_threadpool(self._library.fingerprint)
        tag = tag_of(__version__, library, reader.name, str(reader.rated))
        if is_known(Headers(scope=scope), tag):
            await unchanged(tag)(scope, receive, send)
            return

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = MutableHeaders(scope=message)
                if headers.get("Cache-Control") != PASSING["Cache-Control"]:
                    headers.update({"ETag": tag, **_AGAIN})
            await send(message)

        await self._app(scope, receive, tagged)


def tag_of(*parts: str) -> str:
    """A weak entity tag of what a reply depends on."""
    digest = hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
    return f'W/"{digest[:24]}"'


def is_known(headers: Headers, tag: str) -> bool:
    """True if the client has what this tag names."""
    given = [each.strip() for each in headers.get("if-none-match", "").split(",")]
    return "*" in given or tag.removeprefix("W/") in (each.removeprefix("W/") for each in given)


def unchanged(tag: str, policy: str | None = None) -> Response:
    """The reply to a client that has it already; a policy of its own is told again, or the guard's would replace it."""
    own = {"Content-Security-Policy": policy} if policy else {}
    return Response(status_code=304, headers={"ETag": tag, **own, **_AGAIN})


def validated(request: Request, reply: Response) -> Response:
    """A reply with a tag of its bytes, or that they are as before."""
    tag = f'"{hashlib.sha256(reply.body).hexdigest()[:24]}"'
    if is_known(request.headers, tag):
        return unchanged(tag, reply.headers.get("content-security-policy"))
    reply.headers.update({"ETag": tag, **_AGAIN})
    return reply
