"""One pull of one feed: its settings, state and pages, with the limits on paging."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rag.errors import FeedUnavailable
from refdesk.feeds.fetching import Fetcher, Page

MAX_PAGES = 400
ASKED_FOR = 4
"""How often a page is requested that is empty and should not be."""


@dataclass(frozen=True, slots=True)
class Document:
    """
    A page for the importers.

    Args:
        name: A file name, which scopes ids of no known scheme.
        body: The bytes.
        format_name: The format; None means that it is recognised.
        path: A file to read in place of `body`.
    """

    name: str
    body: bytes = b""
    format_name: str | None = None
    path: Path | None = None


@dataclass(slots=True)
class Pull:
    """
    One pull of one feed.

    Args:
        settings: The feed's table of `refdesk.toml`, checked.
        fetcher: The HTTP client.
        since: The first day to ask for, overlap included.
        today: The current day.
        state: What the last complete pull left, such as an ETag. This pull writes its own values there.
        now: The current time in seconds, by the clock of the file system.
        keys: The providers' keys, by the environment variable of each.
    """

    settings: Mapping[str, Any]
    fetcher: Fetcher
    since: date
    today: date
    state: dict[str, str]
    now: Callable[[], float] = time.time
    keys: Mapping[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def text(self, name: str, default: str = "") -> str:
        """A setting as text."""
        return str(self.settings.get(name, default))

    def pages(self) -> Iterator[int]:
        """Count pages. Raises FeedUnavailable after `MAX_PAGES`, more than any provider has."""
        yield from range(MAX_PAGES)
        raise FeedUnavailable(f"The provider gives more than {MAX_PAGES} pages.", hint="Ask for less in one feed.")

    def once(self, ids: object) -> None:
        """Raise FeedUnavailable if an earlier page had the same entries."""
        if (mark := repr(ids)) in self._seen:
            raise FeedUnavailable("The provider gives the same page again and again.", hint="Try again later.")
        self._seen.add(mark)

    def incomplete(self, had: int, of: int) -> FeedUnavailable:
        """The error to raise if the pages end too early; the watermark then stays."""
        return FeedUnavailable(f"The provider gave {had:,} of {of:,} entries and then none.", hint="Try again later.")

    def json(
        self,
        url: str,
        params: Mapping[str, Any] | None,
        key: str,
        had: int,
        *,
        count: Callable[[Page, Any], int],
        given: Callable[[Any], list[Any]] = lambda found: found,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Page, dict[str, Any], list[Any]]:
        """
        Fetch a JSON page and return it with its document and entries. Retry an empty page if entries are missing.

        Args:
            url, params, headers: Of the request.
            key: The key of the entries in the document; a document that is a list has them under `items`.
            had: The number of entries on the pages before.
            count: Gets the total number of entries from a page and its document.
            given: Gets the entries from the value of the key.

        Raises:
            FeedUnavailable: The page is not JSON, is an error, or lacks the key.
        """
        for _ in range(ASKED_FOR):
            page = self.fetcher.get(url, params, headers)
            document = _document(page, key)
            entries = given(document[key] or [])
            if entries or had >= count(page, document):
                break
        return page, document, entries


def _document(page: Page, key: str) -> dict[str, Any]:
    try:
        document = json.loads(page.body)
    except ValueError as error:
        raise FeedUnavailable("The provider answered with a page that is not JSON.", hint="Try again later.") from error
    if isinstance(document, list):
        document = {"items": document}
    if not isinstance(document, dict) or document.get("error") or key not in document:
        raise FeedUnavailable("The provider's answer has no results in it.", hint="Check the feed's settings.")
    return document


def integer(value: Any) -> int:
    """An integer as providers write it; 0 for other values."""
    return int(value) if str(value).isdecimal() else 0
