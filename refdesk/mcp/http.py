"""
The protocol over HTTP, in both revisions: 2025-11-25 in sessions, 2026-07-28 request by request.

A guard before it lets requests in and says whose they are; here is neither sign-in nor OAuth.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from refdesk.library import Library
from refdesk.mcp.server import Allowed, Capacity, instructions, server
from refdesk.mcp.sessions import FairSessions
from refdesk.mcp.tools import Caller

IDLE_S = 600
"""Seconds after which a session without a request ends; its client begins another one."""
MOST_SESSIONS = 500
"""Of all readers together."""
_FRESH_S = 60
"""Seconds for which the scope of the library, as it is told to clients, is believed."""


class Endpoint:
    """
    The ASGI application of the protocol. A request's state has its `reader`, and `writes`: whether it may write.

    Args:
        library: The library; it stays open as long as requests come.
        capacity, allowed: The threads for each tool, and the limits of readers.
    """

    def __init__(self, library: Library, *, capacity: Capacity, allowed: Allowed) -> None:
        self._library = library
        self._server = server(
            library,
            caller=lambda context: _caller(context.request, library),
            capacity=capacity,
            allowed=allowed,
        )
        self._told = time.monotonic()
        self._sessions = StreamableHTTPSessionManager(
            self._server, session_idle_timeout=IDLE_S, max_sessions=MOST_SESSIONS
        )
        self._shared = FairSessions(self._serve, self._end, most=MOST_SESSIONS, idle_s=IDLE_S)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The life of the endpoint, once; it serves within it."""
        async with self._sessions.run():
            yield

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request. A session is its reader's alone; beyond the limit, who has most loses the longest unused."""
        if time.monotonic() > self._told + _FRESH_S:
            self._told = time.monotonic()
            self._server.instructions = await anyio.to_thread.run_sync(instructions, self._library)
        await self._shared(scope["state"]["reader"].name, scope, receive, send)

    async def _serve(self, reader: str, scope: Any, receive: Any, send: Any) -> None:
        owner = AccessToken(token="", client_id=reader, scopes=[])
        await self._sessions.handle_request({**scope, "user": AuthenticatedUser(owner)}, receive, send)

    async def _end(self, reader: str, session: str) -> None:
        """End a session as its client would."""
        scope = {
            "type": "http",
            "method": "DELETE",
            "path": "/",
            "query_string": b"",
            "headers": [(b"mcp-session-id", session.encode())],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            """Nobody waits for the reply."""

        await self._serve(reader, scope, receive, send)


def _caller(request: Any, library: Library) -> Caller:
    """Whose a message is: that of the HTTP request which brought it."""
    reader, writes = request.state.reader, request.state.writes and not library.read_only
    return Caller(reader=reader.name, writes=reader.role if writes else None)
