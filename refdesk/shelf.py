"""The shelf of a reader: the answers and reviews that a served library keeps for them, and their ratings."""

from __future__ import annotations

from datetime import datetime, timedelta

from rag.errors import NotThere
from rag.types import JsonDict, Paper
from rag.types.reader import LOCAL
from stores.sql.answers import Kind, StoredAnswer
from stores.store import LibraryStore


class Shelf:
    """
    What is a reader's own in an open library.

    Args:
        store: The library.
        reader: Whose shelf it is; no reader sees another's.
        kind: Whether it holds answers or reviews.
        kept_days: How many days an answer is kept after it was last given; 0 keeps none.
    """

    def __init__(self, store: LibraryStore, reader: str = LOCAL, kind: Kind = "answer", *, kept_days: int = 90) -> None:
        self._store, self._reader, self._kept = store, reader, timedelta(days=kept_days)
        self._answers = store.catalog.answers(reader, kind)

    @property
    def keeps(self) -> bool:
        """False if nothing is kept: by the settings, or because the library was opened read-only."""
        return bool(self._kept) and not self._store.read_only

    def keep(self, document: JsonDict, *, question: str | None = None) -> None:
        """Keep an answer, as `ask --json` prints it. `question` is what it is listed by; None is the document's."""
        listed = document["question"] if question is None else question
        self._answers.keep(document, id_=document["id"], question=listed, now=self._store.now())

    def expire(self) -> None:
        """Delete the answers and reviews of all readers that were kept for their days; all, if none are kept."""
        self._store.require_writable()
        self._answers.expire((datetime.fromisoformat(self._store.now()) - self._kept).isoformat(timespec="seconds"))

    def answer(self, id_: str) -> StoredAnswer | None:
        """An answer that was kept."""
        return self._answers.find(id_)

    def answers(self, *, limit: int) -> list[StoredAnswer]:
        """The last answers, the newest first."""
        return self._answers.last(limit=limit)

    def citing(self, paper: Paper) -> list[StoredAnswer]:
        """The last answers that cite a paper, the newest first."""
        return self._answers.citing((paper.paper_id, *paper.aliases))

    def delete(self, id_: str) -> bool:
        """Delete an answer; False if there is none."""
        self._store.require_writable()
        return self._answers.delete(id_)

    def share(self, id_: str) -> str:
        """Let other readers open an answer by a link; returns the link's secret. Raises NotThere."""
        self._store.require_writable()
        if not (secret := self._answers.share(id_)):
            raise NotThere(f"No answer {id_[:80]} is kept.", hint="Ask the question again.")
        return secret

    def unshare(self, id_: str) -> bool:
        """End the link of an answer; False if it has none."""
        self._store.require_writable()
        return self._answers.unshare(id_)

    def shared(self, secret: str) -> StoredAnswer | None:
        """An answer of any reader, by the secret of its link."""
        return self._answers.find_shared(secret)

    def ratings(self) -> dict[str, int]:
        """1 for each paper that the reader likes, -1 for each disliked one, by id."""
        return self._store.catalog.ratings(self._reader).all()
