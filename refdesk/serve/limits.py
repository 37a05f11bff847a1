"""
How much a reader may ask of the server: token buckets of searches, of questions to the model and of mails, for each.

A bucket holds some requests and fills again with time. `local`, the command line's reader, has no limits. It all
runs in the server's one event loop, so nothing is locked.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import RefdeskError
from rag.types.reader import LOCAL
from refdesk.library import Library

Cost = Literal["search", "question", "mail"]
COSTS: dict[tuple[str, str], Cost] = {
    ("GET", "/search"): "search",
    ("GET", "/api/v1/search"): "search",
    ("GET", "/api/v1/export"): "search",
    ("POST", "/api/v1/verify"): "search",
    ("POST", "/"): "question",
    ("POST", "/reviews"): "question",
    ("POST", "/api/v1/ask"): "question",
    ("POST", "/api/v1/review"): "question",
    ("POST", "/address"): "mail",
    ("POST", "/api/v1/address"): "mail",
}
"""What a request counts as; others are not counted."""
_BURST_S = 4
"""A reader may make the searches of so many seconds at once."""
_MAILS_AN_HOUR = 5
"""So many links that confirm an address are mailed for a reader, who may name a stranger's."""


class TooMany(RefdeskError):
    """A reader has asked for more than their share."""

    def __init__(self, message: str, wait_s: float) -> None:
        self.wait_s = max(1, math.ceil(wait_s))
        seconds = "a second" if self.wait_s == 1 else f"{self.wait_s} seconds"
        super().__init__(message, hint=f"Try again in {seconds}.")


class _Bucket:
    """Requests that a reader may make now."""

    def __init__(self) -> None:
        self._missing, self._at = 0.0, -math.inf

    def take(self, now: float, *, size: float, per_s: float) -> float:
        """Take one request, and return 0; or, where none is left, the seconds until there is one."""
        self._missing = max(0.0, self._missing - (now - self._at) * per_s)
        self._at = now
        if self._missing + 1 > size:
            return (self._missing + 1 - size) / per_s
        self._missing += 1
        return 0


class Limits:
    """
    The limits of all readers.

    Args:
        library: Has the settings, and may have a model.
        clock: Seconds.
    """

    def __init__(self, library: Library, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._library, self._clock = library, clock
        self._buckets: dict[tuple[Cost, str], _Bucket] = {}
        self._running: Counter[str] = Counter()

    @contextmanager
    def allowed(self, cost: Cost, reader: str) -> Iterator[None]:
        """
        Count a request of a reader, which runs within the block. A question counts as a search where no model answers.

        Raises:
            TooMany: The reader has made too many, or has too many running.
        """
        if reader == LOCAL:
            yield
            return
        if cost == "question" and self._library.model is None:
            cost = "search"
        at_once = self._library.serving.model_questions_at_once
        if cost == "question" and self._running[reader] >= at_once:
            raise TooMany(f"You may put {at_once} questions at a time to the model.", 5)
        self._take(cost, reader)
        runs = cost == "question"
        self._running[reader] += runs
        try:
            yield
        finally:
            self._running[reader] -= runs

    def _take(self, cost: Cost, reader: str) -> None:
        """Take one request out of a reader's bucket. Raises TooMany where none is left."""
        serving = self._library.serving
        rate, hourly = serving.searches_per_second, serving.model_questions_per_hour
        kinds: dict[Cost, tuple[float, float, str]] = {
            "search": (rate * _BURST_S, rate, f"You may make {rate} searches a second."),
            "question": (hourly, hourly / 3600, f"You may put {hourly} questions an hour to the model."),
            "mail": (
                _MAILS_AN_HOUR,
                _MAILS_AN_HOUR / 3600,
                f"You may have {_MAILS_AN_HOUR} mails an hour sent to confirm an address.",
            ),
        }
        size, per_s, refusal = kinds[cost]
        bucket = self._buckets.setdefault((cost, reader), _Bucket())
        if wait := bucket.take(self._clock(), size=size, per_s=per_s):
            raise TooMany(refusal, wait)


class Limited:
    """
    The middleware that keeps the limits; a request is running until its whole reply is sent.

    Args:
        app: What it is before.
        limits: The limits.
        refuse: Makes the reply to a request too many.
    """

    def __init__(self, app: ASGIApp, limits: Limits, refuse: Callable[[Request, TooMany], Awaitable[Response]]) -> None:
        self._app, self._limits, self._refuse = app, limits, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        method = str(scope.get("method"))
        cost = COSTS.get(("GET" if method == "HEAD" else method, str(scope.get("path"))))
        reader = scope["state"]["reader"] if cost else None
        if not (cost and reader):
            await self._app(scope, receive, send)
            return
        with ExitStack() as running:
            try:
                running.enter_context(self._limits.allowed(cost, reader.name))
            except TooMany as error:
                serve: ASGIApp = await self._refuse(Request(scope, receive), error)
            else:
                serve = self._app
            await serve(scope, receive, send)
