"""
Signing in: a link with a code for one use becomes a cookie with a session; programs send a token.

Codes and sessions are random, compared by their hashes, and live in memory: a server that starts anew prints a new
link. A session of 30 days is a cookie that no script can read and no other site can send.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

COOKIE = "refdesk"
CODE_S = 600.0
SESSION_S = 30 * 24 * 3600.0


class Sessions:
    """
    The codes and sessions of one server.

    Args:
        now: A clock in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._codes: dict[str, float] = {}
        self._sessions: dict[str, float] = {}

    def code(self) -> str:
        """A code for one use within ten minutes."""
        return self._made(self._codes, CODE_S)

    def begin(self, code: str) -> str | None:
        """Take a code, and begin a session; None if the code is not valid, or no longer."""
        until = self._codes.pop(_hash(code), None)
        return self._made(self._sessions, SESSION_S) if until is not None and until > self._now() else None

    def is_valid(self, session: str) -> bool:
        """True if a session is there and has not ended."""
        return self._sessions.get(_hash(session), 0.0) > self._now()

    def end(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(_hash(session), None)

    def _made(self, kept: dict[str, float], seconds: float) -> str:
        now = self._now()
        for old in [key for key, until in kept.items() if until <= now]:
            del kept[old]
        secret = secrets.token_urlsafe(32)
        kept[_hash(secret)] = now + seconds
        return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
