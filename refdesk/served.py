"""What a library has for being served: readers and what is theirs, their subscriptions, jobs, the settings."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rag.types.reader import LOCAL
from refdesk import issue_wiring
from refdesk.jobs import Jobs
from refdesk.looking import Looking
from refdesk.readers import Readers
from refdesk.settings.serving import Serving, serving
from refdesk.shelf import Shelf
from refdesk.subscribing import Subscribing
from stores import manifest

if TYPE_CHECKING:
    from refdesk.confirming import Confirming
    from refdesk.settings.config import Config
    from stores.sql.readers import ReaderRecord


class Served(Looking):
    """The part of `Library` that a server needs; a `Library` is the only use of it."""

    _checked: tuple[Config, Serving] | None = None
    """The settings whose `[serve]` was checked, and what it says."""

    @cached_property
    def readers(self) -> Readers:
        """The readers of the library, and how they sign in where it is served."""
        return Readers(self._store)

    @cached_property
    def jobs(self) -> Jobs:
        """What a served library has to do: imports of files that readers sent, syncs, deliveries to send again."""
        return Jobs(self._store, feeds=lambda: tuple(self._settings.feeds))

    @property
    def subscribing(self) -> Subscribing:
        """The subscriptions that readers make for themselves."""
        return Subscribing(self._store, self._settings)

    def confirming(self) -> Confirming:
        """Confirms mail addresses of readers. Raises InputError where no mails are sent, or no link can be."""
        return issue_wiring.confirming(self._store, self._settings)

    def confirmed(self, signed: str) -> tuple[ReaderRecord, str] | None:
        """The reader and the address of a mailed link; None if it is not ours, or older than two days."""
        from refdesk.confirming import confirmed

        return confirmed(self._store, signed)

    def require_catalog(self) -> None:
        """Raise StoreError if the catalog cannot be read, or was moved to another database."""
        manifest.require_here(self._store.catalog.settings())

    def shelf(self, reader: str = LOCAL, kind: Literal["answer", "review"] = "answer") -> Shelf:
        """What a served library keeps for a reader: answers or reviews, and ratings."""
        return Shelf(self._store, reader, kind, kept_days=self.serving.answers_days)

    @property
    def serving(self) -> Serving:
        """The settings `[serve]`, checked once after each reading. Raises ConfigError."""
        settings = self._settings
        if self._checked is None or self._checked[0] is not settings:
            self._checked = settings, serving(settings.serve, file=settings.file)
        return self._checked[1]
