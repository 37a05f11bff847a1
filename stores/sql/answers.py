"""Answers of the served library, which a permalink opens again, in the catalog's database."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from rag.types import JsonDict
from stores.sql.schema import answers, reading, upsert, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """A question of a reader with its answer; `id` is that of the document, `created` is ISO 8601 in UTC."""

    id: str
    created: str
    question: str
    document: JsonDict


class SQLAnswers:
    """
    Answers beside the papers. A reader sees no other reader's.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def keep(self, reader: str, document: JsonDict, *, now: str, since: str) -> None:
        """
        Store an answer, in the place of an equal one, and delete those that are older than `since`.

        Args:
            reader: Who asked.
            document: As `ask --json` prints it.
            now, since: ISO 8601 in UTC.
        """
        row = {
            "reader": reader,
            "id": document["id"],
            "created": now,
            "question": document["question"],
            "document": document,
        }
        with writing(self._engine) as connection:
            upsert(connection, answers, [row])
            connection.execute(sa.delete(answers).where(answers.c.created < since))

    def find(self, reader: str, id_: str) -> StoredAnswer | None:
        """An answer of the reader."""
        return next(iter(self._where(answers.c.reader == reader, answers.c.id == id_, limit=1)), None)

    def last(self, reader: str, *, limit: int) -> list[StoredAnswer]:
        """The reader's last answers, the newest first."""
        return self._where(answers.c.reader == reader, limit=limit)

    def delete(self, reader: str, id_: str) -> bool:
        """Delete an answer of the reader; False if there is none."""
        which = (answers.c.reader == reader) & (answers.c.id == id_)
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.delete(answers).where(which)).rowcount)

    def _where(self, *conditions: sa.ColumnElement[bool], limit: int) -> list[StoredAnswer]:
        columns = (answers.c.id, answers.c.created, answers.c.question, answers.c.document)
        query = sa.select(*columns).where(*conditions).order_by(answers.c.created.desc(), answers.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [StoredAnswer(**row._mapping) for row in connection.execute(query)]
