"""
HTTP client for feeds: rate limits, Retry-After, conditional requests, bounded retries, limits of size and time.

Requests do not reach the reader's own network (`refdesk.safe_http`).
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from rag.errors import FeedUnavailable
from refdesk._version import __version__
from refdesk.safe_http import Address, Guarded, PrivateAddress, TooLarge, blocks, is_public, streamed

MAX_RESPONSE_BYTES = 64 << 20
MAX_REDIRECTS = 5
ATTEMPTS = 4
LONGEST_WAIT_S = 120.0
TIMEOUT_S = 30.0
PACES = {"arxiv.org": 3.0}
"""By domain: the minimum seconds between two requests of all feeds, to any host of the domain."""
_TEMPORARY = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Page:
    """The reply of a provider: the body, decoded of gzip, and the headers. An unchanged page (304) has no body."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    unchanged: bool = False


@dataclass(slots=True)
class Fetcher:
    """
    The HTTP client of one feed.

    Args:
        pause_s: The minimum time between two requests.
        contact: A mail address or page that the user agent names.
        allow_private: Allow addresses of this machine and its network.
        timeout_s: The longest wait for the connection and for a single read.
        longest_s: The longest time for a reply, as in `refdesk.safe_http`.
        sleep, clock, now, draw: The waits, the clock that measures them, the time of the day, and a random number.
        requests: The number of requests so far.
        kind: Feeds of one kind share one pause.
        clocks: By kind, or by domain of `PACES`, the time of the last request; the feeds of one sync share it.
        public: Tells whether an address is public.
    """

    pause_s: float
    contact: str | None = None
    allow_private: bool = False
    timeout_s: float = TIMEOUT_S
    longest_s: float | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    draw: Callable[[], float] = random.random
    requests: int = 0
    kind: str = ""
    clocks: dict[str, float] = field(default_factory=dict)
    public: Callable[[Address], bool] = is_public

    def get(self, url: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Page:
        """
        Fetch a page. Waits as the provider's rate limit and its Retry-After ask.

        Raises:
            FeedUnavailable: The page is refused, fails, is too large or too slow, or has a private address.
        """
        try:
            target = str(httpx.URL(url, params=params)) if params else url
        except (httpx.InvalidURL, ValueError) as error:
            raise FeedUnavailable(f"{_shown(url)} is not a valid URL.", hint="Check the feed's address.") from error
        for attempt in range(ATTEMPTS):
            last = attempt + 1 == ATTEMPTS
            try:
                reply = self._followed(target, headers or {})
            except PrivateAddress as error:
                raise FeedUnavailable(
                    f"{_shown(target)} leads to {error}.",
                    hint="If that is intended, set `allow_private = true` in the feed.",
                ) from error
            except (httpx.InvalidURL, ValueError) as error:
                raise FeedUnavailable(
                    f"{_shown(target)} redirects to an invalid URL.", hint="Check the feed's address."
                ) from error
            except (httpx.TimeoutException, httpx.TransportError, httpx.DecodingError) as error:
                if last:
                    raise FeedUnavailable(
                        f"{_shown(target)} cannot be fetched: {str(error) or type(error).__name__}.",
                        hint="Check the network, and try again later.",
                    ) from error
                self.sleep(self._backoff(attempt))
                continue
            if isinstance(reply, Page):
                return reply
            status, wait = reply
            if last or status not in _TEMPORARY or wait > LONGEST_WAIT_S:
                raise FeedUnavailable(
                    f"{_shown(target)} answered {status}" + (f", asking to wait {wait:,.0f} s." if wait > 0 else "."),
                    hint="Try again later." if status in _TEMPORARY else "Check the feed's settings.",
                )
            self.sleep(max(wait, self._backoff(attempt)))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, url: str) -> str:
        """Wait as the pause of the URL's domain, or of the feed's kind, asks. Returns the key in `clocks`."""
        host = f".{urlsplit(url).hostname}"
        domain = next((name for name in PACES if host.endswith(f".{name}")), None)
        clock, pause_s = domain or self.kind, max(self.pause_s, PACES[domain] if domain else 0.0)
        early = pause_s - (self.clock() - self.clocks.get(clock, float("-inf")))
        if early > 0:
            self.sleep(early)
        self.clocks[clock] = self.clock()
        return clock

    def _backoff(self, attempt: int) -> float:
        return float(2**attempt) * (0.5 + self.draw() / 2)

    def _followed(self, url: str, headers: Mapping[str, str]) -> Page | tuple[int, float]:
        """Follow redirects to a page; or return the status of a failure and the seconds to wait."""
        contact = (self.contact or "").encode("ascii", "replace").decode()
        agent = f"refdesk/{__version__}" + (f" ({contact})" if contact else "")
        first = urlsplit(url).netloc
        guarded = Guarded(allow_private=self.allow_private, public=self.public)
        with httpx.Client(transport=guarded, timeout=self.timeout_s, headers={"user-agent": agent}) as client:
            for _ in range(MAX_REDIRECTS + 1):
                _refuse_scheme(url)
                clock = self._wait(url)
                self.requests += 1
                sent = headers if urlsplit(url).netloc == first else {}  # a key is for one host
                with streamed(client, url, headers=sent, longest_s=self.longest_s) as reply:
                    self.clocks[clock] += min(_seconds(reply.headers.get("backoff"), self.now), LONGEST_WAIT_S)
                    if reply.status_code == 304:
                        return Page(url, b"", dict(reply.headers), unchanged=True)
                    if reply.is_redirect:
                        url = urljoin(url, reply.headers.get("location", ""))
                        continue
                    if reply.status_code != 200:
                        return reply.status_code, _seconds(reply.headers.get("retry-after"), self.now)
                    if "," in reply.headers.get("content-encoding", ""):
                        raise FeedUnavailable(f"{_shown(url)} is packed more than once.", hint="Check the feed.")
                    try:
                        body = b"".join(blocks(reply, max_bytes=MAX_RESPONSE_BYTES, longest_s=self.longest_s))
                    except TooLarge as error:
                        raise FeedUnavailable(
                            f"{_shown(url)} answered with more than {MAX_RESPONSE_BYTES >> 20} MB.",
                            hint="Ask for less in one feed.",
                        ) from error
                    return Page(url, body, dict(reply.headers))
        raise FeedUnavailable(f"{_shown(url)} redirects without end.", hint="Check the feed's address.")


def _refuse_scheme(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FeedUnavailable(f"{_shown(url)} is not an http(s) address.", hint="Check the feed's address.")


def _seconds(value: str | None, now: Callable[[], datetime]) -> float:
    """The seconds to wait, given as a number or a date; 0 if neither."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now()).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _shown(url: str) -> str:
    """A URL without its query and password, which may be secrets."""
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])[:200]
