"""Answers and reviews of the served library, which a permalink opens again, in the catalog's database."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from rag.types import JsonDict
from stores.sql.documents import cites, holding
from stores.sql.schema import reading, upsert, writing
from stores.sql.tables import answers

Kind = Literal["answer", "review"]
MOST_CITING = 20
"""So many documents are read to find those that cite a paper, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """
    A question, or the topic of a review, with its document.

    Args:
        id: Of the document.
        created: ISO 8601 in UTC.
        question: The question or the topic.
        document: As `ask --json` or `review --json` prints it.
        shared: The secret of a link by which other readers may open it; None if they may not.
    """

    id: str
    created: str
    question: str
    document: JsonDict
    shared: str | None = None

    def listed(self, key: Literal["question", "topic"]) -> JsonDict:
        """It in a list, without its document."""
        return {"id": self.id, "created": self.created, key: self.question, "shared": self.shared}


class SQLAnswers:
    """
    What a reader keeps beside the papers. A reader sees no other reader's, but what they shared.

    Args:
        engine: The catalog's engine.
        reader: Whose answers these are.
        kind: Answers or reviews.
    """

    def __init__(self, engine: sa.Engine, reader: str, kind: Kind = "answer") -> None:
        self._engine, self._reader, self._kind = engine, reader, kind

    def keep(self, document: JsonDict, *, id_: str, question: str, now: str) -> None:
        """
        Store a document, in the place of an equal one.

        Args:
            document: What is stored.
            id_: Its id.
            question: The question or the topic.
            now: ISO 8601 in UTC.
        """
        row = {
            "reader": self._reader,
            "id": id_,
            "created": now,
            "question": question,
            "document": document,
            "kind": self._kind,
        }
        with writing(self._engine) as connection:
            upsert(connection, answers, [row])

    def expire(self, since: str) -> None:
        """Delete the documents of all readers, of both kinds, that are older than this time."""
        old = answers.c.created < since
        with reading(self._engine) as connection:  # a look, which no writer waits for
            if connection.execute(sa.select(answers.c.id).where(old).limit(1)).first() is None:
                return
        with writing(self._engine) as connection:
            connection.execute(sa.delete(answers).where(old))

    def find(self, id_: str) -> StoredAnswer | None:
        """A document of the reader."""
        return next(iter(self._where(*self._own(id_), limit=1)), None)

    def find_shared(self, secret: str) -> StoredAnswer | None:
        """A document of any reader, by the secret of its link."""
        return next(iter(self._where(answers.c.shared == secret, answers.c.kind == self._kind, limit=1)), None)

    def last(self, *, limit: int) -> list[StoredAnswer]:
        """The reader's last ones, the newest first."""
        return self._where(*self._own(), limit=limit)

    def citing(self, paper_ids: Sequence[str]) -> list[StoredAnswer]:
        """The reader's documents that have one of these papers among their sources, the newest first."""
        found = self._where(*self._own(), holding(answers.c.document, paper_ids), limit=MOST_CITING)
        return [each for each in found if cites(each.document["sources"], paper_ids)]

    def delete(self, id_: str) -> bool:
        """Delete a document of the reader; False if there is none."""
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.delete(answers).where(*self._own(id_))).rowcount)

    def share(self, id_: str) -> str | None:
        """Make a link's secret of 128 random bits, or find that of before; None if there is no such document."""
        made, fresh = secrets.token_urlsafe(16), answers.c.shared.is_(None)
        with writing(self._engine) as connection:
            connection.execute(sa.update(answers).where(*self._own(id_), fresh).values(shared=made))
            found: str | None = connection.execute(sa.select(answers.c.shared).where(*self._own(id_))).scalar()
            return found

    def unshare(self, id_: str) -> bool:
        """End the link of a document; False if there is none."""
        with writing(self._engine) as connection:
            which = (*self._own(id_), answers.c.shared.is_not(None))
            return bool(connection.execute(sa.update(answers).where(*which).values(shared=None)).rowcount)

    def _own(self, id_: str | None = None) -> list[sa.ColumnElement[bool]]:
        which = [answers.c.reader == self._reader, answers.c.kind == self._kind]
        return which if id_ is None else [*which, answers.c.id == id_]

    def _where(self, *conditions: sa.ColumnElement[bool], limit: int) -> list[StoredAnswer]:
        columns = (answers.c.id, answers.c.created, answers.c.question, answers.c.document, answers.c.shared)
        query = sa.select(*columns).where(*conditions).order_by(answers.c.created.desc(), answers.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [StoredAnswer(**row._mapping) for row in connection.execute(query)]
