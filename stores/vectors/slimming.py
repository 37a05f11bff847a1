"""
Slimming: takes from the database of embedded Chroma what repeats the documents, and is never searched here.

Chroma keeps each document three times: as a value of the metadata, in a table for searches of any three letters
(`where_document`) with an index of them, and in the index of all string values, where each takes a page of its own.
The first is kept. The table becomes a view of it, so that `where_document` finds the same, only slower. The index
keeps the values by which a collection of ours is filtered.

The database is changed while it is empty. One that was made otherwise, by an earlier version or on a server, works in
the same way.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

_SCRIPT = """
    BEGIN IMMEDIATE;
    DROP TABLE embedding_fulltext_search;
    CREATE VIEW embedding_fulltext_search (rowid, string_value) AS
        SELECT id, string_value FROM embedding_metadata WHERE key = 'chroma:document';
    CREATE TRIGGER embedding_fulltext_search_insert INSTEAD OF INSERT ON embedding_fulltext_search
        BEGIN SELECT 1; END;
    CREATE TRIGGER embedding_fulltext_search_update INSTEAD OF UPDATE ON embedding_fulltext_search
        BEGIN SELECT 1; END;
    CREATE TRIGGER embedding_fulltext_search_delete INSTEAD OF DELETE ON embedding_fulltext_search
        BEGIN SELECT 1; END;
    DROP INDEX embedding_metadata_string_value;
    CREATE INDEX embedding_metadata_string_value ON embedding_metadata (key, string_value)
        WHERE string_value IS NOT NULL AND key = 'paper_id';
    COMMIT;
"""


def slim(database: Path) -> None:
    """
    Slim a database of Chroma that holds no collection; a client may have it open, but nobody may write.

    One that is not as Chroma 1.5 makes it, or for whose tables this Python has no module, is left as it is.

    Another process does it: Chroma has an SQLite of its own, and of two in one process either releases, when it closes
    the file, what the other has locked.
    """
    command = [sys.executable, "-I", "-S", __file__, str(database)]
    subprocess.run(  # noqa: S603 - our own
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


if __name__ == "__main__":
    with closing(sqlite3.connect(sys.argv[1], isolation_level=None)) as connection:
        connection.executescript(_SCRIPT)
