"""
Fair shares of the sessions: beyond the limit, the reader who has most of them loses the one that was longest unused.

The SDK keeps the sessions; here is noted whose they are and when they were used, by the replies that open them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import anyio
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

_NAME, _VERSION = b"mcp-session-id", b"mcp-protocol-version"
_LATER_S = 5.0
"""The SDK's clock for an idle session begins a moment after ours."""
_WAIT_S, _LOOK_S = 1.0, 0.02
"""How long a new session waits at most for others that are being opened, and how often it looks."""


@dataclass(slots=True)
class _Session:
    """A session, or one that is being opened; `used` is when its last request came or was answered."""

    reader: str
    used: float
    requests: int
    is_open: bool


class FairSessions:
    """
    Counts sessions by reader and makes room for new ones.

    Args:
        serve: Serves a request of a reader: reader, scope, receive, send.
        end: Ends a session of a reader, and returns when it no longer counts.
        most: So many sessions at most.
        idle_s: Seconds without a request after which a session ends by itself.
    """

    def __init__(
        self,
        serve: Callable[[str, Any, Any, Any], Awaitable[None]],
        end: Callable[[str, str], Awaitable[None]],
        *,
        most: int,
        idle_s: float,
    ) -> None:
        self._serve, self._end, self._most, self._idle_s = serve, end, most, idle_s
        self._sessions: dict[str, _Session] = {}
        self._making_room = anyio.Lock()

    async def __call__(self, reader: str, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request; one that opens a session first gets room for it."""
        name, version = _header(scope, _NAME), _header(scope, _VERSION)
        if name is None and (version is None or version in HANDSHAKE_PROTOCOL_VERSIONS):
            await self._opened(reader, scope, receive, send)
        elif name and name in self._sessions and self._sessions[name].reader == reader:
            await self._used(name, reader, scope, receive, send)
        else:
            await self._serve(reader, scope, receive, send)

    async def _opened(self, reader: str, scope: Any, receive: Any, send: Any) -> None:
        name = f"opening {uuid4().hex}"
        session = _Session(reader, time.monotonic(), requests=1, is_open=False)

        async def noted(message: Any) -> None:
            nonlocal name
            is_good = message["type"] == "http.response.start" and message["status"] < 400
            if is_good and (given := _header(message, _NAME)):
                del self._sessions[name]
                name, session.is_open = given, True
                self._sessions[name] = session
            await send(message)

        try:
            async with self._making_room:
                self._sessions[name] = session
                await self._make_room()
            await self._serve(reader, scope, receive, noted)
        finally:
            session.requests, session.used = session.requests - 1, time.monotonic()
            if not session.is_open:
                self._sessions.pop(name, None)

    async def _used(self, name: str, reader: str, scope: Any, receive: Any, send: Any) -> None:
        session = self._sessions[name]
        session.requests, session.used = session.requests + 1, time.monotonic()
        status = 0

        async def noted(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._serve(reader, scope, receive, noted)
        finally:
            session.requests, session.used = session.requests - 1, time.monotonic()
            if status == 404 or (scope["method"] == "DELETE" and status == 200):
                self._sessions.pop(name, None)

    async def _make_room(self) -> None:
        """
        End sessions until no more are left than may be; to be called by one opening at a time.

        Where none can be ended for a while, the SDK refuses the new one.
        """
        until = time.monotonic() + _WAIT_S
        idle = time.monotonic() - self._idle_s - _LATER_S
        for name in [name for name, each in self._sessions.items() if not each.requests and each.used < idle]:
            del self._sessions[name]
        while len(self._sessions) > self._most:
            shares = Counter(each.reader for each in self._sessions.values())
            most = max(shares.values())
            ending = [
                (each.used, name)
                for name, each in self._sessions.items()
                if each.is_open and shares[each.reader] == most
            ]
            if ending:
                _, name = min(ending)
                await self._end(self._sessions.pop(name).reader, name)
            elif time.monotonic() < until:  # whoever has most is opening all of them
                await anyio.sleep(_LOOK_S)
            else:
                return


def _header(message: Mapping[str, Any], name: bytes) -> str | None:
    """A header of a request or a reply, whose name is in lower case."""
    return next((value.decode("latin-1") for key, value in message["headers"] if key.lower() == name), None)
