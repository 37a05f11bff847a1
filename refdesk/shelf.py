"""The shelf: what a served library keeps for its readers, their answers and the tokens of their programs."""

from __future__ import annotations

from datetime import datetime, timedelta

from rag.types import JsonDict
from stores.sql.answers import StoredAnswer
from stores.sql.tokens import TokenRecord
from stores.store import LibraryStore

LOCAL = "local"
"""The reader of the command line, whose library it is."""
KEPT_DAYS = 90
"""How long an answer is kept after it was last given."""


class Shelf:
    """
    Answers and tokens of an open library.

    Args:
        store: The library.
        reader: Whose answers these are; no reader sees another's.
    """

    def __init__(self, store: LibraryStore, reader: str = LOCAL) -> None:
        self._store, self._reader = store, reader

    @property
    def keeps(self) -> bool:
        """False if the library cannot be written, or was opened read-only: nothing is kept then."""
        return not self._store.read_only

    def keep(self, document: JsonDict) -> None:
        """Keep an answer, as `ask --json` prints it, for 90 days."""
        now = datetime.fromisoformat(self._store.now())
        since = (now - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
        self._store.catalog.answers().keep(self._reader, document, now=self._store.now(), since=since)

    def answer(self, id_: str) -> StoredAnswer | None:
        """An answer that was kept."""
        return self._store.catalog.answers().find(self._reader, id_)

    def answers(self, *, limit: int) -> list[StoredAnswer]:
        """The last answers, the newest first."""
        return self._store.catalog.answers().last(self._reader, limit=limit)

    def delete(self, id_: str) -> bool:
        """Delete an answer; False if there is none."""
        self._store.require_writable()
        return self._store.catalog.answers().delete(self._reader, id_)

    def add_token(self) -> tuple[TokenRecord, str]:
        """Make a token, by which a program signs in. Returns its record and its secret, which is shown this once."""
        self._store.require_writable()
        return self._store.catalog.tokens().add(self._reader, now=self._store.now())

    def tokens(self) -> list[TokenRecord]:
        """All tokens, the oldest first."""
        return self._store.catalog.tokens().all()

    def revoke(self, id_: str) -> bool:
        """End a token; False if there is none with this id."""
        self._store.require_writable()
        return self._store.catalog.tokens().revoke(id_)

    def reader_of(self, secret: str) -> str | None:
        """Whose token this is; None if it is nobody's. Only the first use of a day is written."""
        tokens, day = self._store.catalog.tokens(), self._store.now()[:10]
        found = tokens.find(secret)
        if found and self.keeps and (found.used or "") < day:
            tokens.use(found.id, day=day)
        return found.reader if found else None
