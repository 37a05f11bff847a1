"""One pull of one feed, as its provider sees it: settings, the way to the pages, where they must end."""

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
"""Times that a page is asked for which is empty and should not be."""


@dataclass(frozen=True, slots=True)
class Document:
    """
    A page as the importers take it.

    Args:
        name: A file name, for ids that need a scope.
        body: Its bytes.
        format_name: Force this importer; None recognises.
        path: A file, in place of the bytes.
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
        fetcher: The way to its provider.
        since: The day from which on to ask, overlap included.
        today: The day.
        state: What the last whole pull left, such as an ETag; what this one leaves is written there.
        now: The time of the clock that files are dated by, in seconds.
    """

    settings: Mapping[str, Any]
    fetcher: Fetcher
    since: date
    today: date
    state: dict[str, str]
    now: Callable[[], float] = time.time
    _seen: set[str] = field(default_factory=set)

    def text(self, name: str, default: str = "") -> str:
        """A setting that is text."""
        return str(self.settings.get(name, default))

    def pages(self) -> Iterator[int]:
        """Numbers of pages, of which no provider has so many."""
        yield from range(MAX_PAGES)
        raise FeedUnavailable(f"The provider gives more than {MAX_PAGES} pages.", hint="Ask for less in one feed.")

    def once(self, ids: object) -> None:
        """Raise FeedUnavailable where a page with the same entries came before."""
        if (mark := repr(ids)) in self._seen:
            raise FeedUnavailable("The provider gives the same page again and again.", hint="Try again later.")
        self._seen.add(mark)

    def incomplete(self, had: int, of: int) -> FeedUnavailable:
        """What to raise where pages end before all is had; the watermark then stays."""
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
        A page, its document and its entries; asked for again where it is empty before all that counts was had.

        Args:
            url, params, headers: Of the request.
            key: Where in the document the entries are; a document that is a list has them under `items`.
            had: How many came before.
            count: How many there are in all, of a page and its document.
            given: The entries in what is under the key.

        Raises:
            FeedUnavailable: It is no JSON, an error, or has nothing under the key.
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
        raise FeedUnavailable("The provider answered with a page that is no JSON.", hint="Try again later.") from error
    if isinstance(document, list):
        document = {"items": document}
    if not isinstance(document, dict) or document.get("error") or key not in document:
        raise FeedUnavailable(
            "The provider answered with something else in place of results.", hint="Check the feed's settings."
        )
    return document


def whole(value: Any) -> int:
    """A count as providers write it; 0 where they do not."""
    return int(value) if str(value).isdecimal() else 0
