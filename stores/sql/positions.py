"""
The position of an index that a machine has for itself, beside that index.

Machines that share a catalog have a word index each. How far it has followed the change log stands in its own folder,
so that it is copied, restored and deleted with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from rag import files

NAME = "position.json"
"""The name of the file in the folder of its index."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last number of the change log that an index holds; `written` is another one after each write of it."""

    seq: int = 0
    written: str = ""


class PositionFile:
    """
    The position of an index in a folder. It is written after the index, and so is never ahead of what that holds.

    Args:
        folder: The folder of the index.
        library_id: The library whose change log it follows; the position of another one's index is 0.
    """

    def __init__(self, folder: Path, library_id: str) -> None:
        self._path, self._library_id = folder / NAME, library_id

    def read(self) -> Position:
        """The position; 0 where there is no index, or none of this library."""
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            found = Position(int(stored["seq"]), str(stored["written"]))
            is_own = stored["library"] == self._library_id
        except (OSError, ValueError, TypeError, KeyError):
            return Position()
        return found if is_own else Position()

    def write(self, seq: int) -> None:
        """
        Store that the index was written and holds the log up to a number.

        Raises:
            StoreFull, StoreError: The folder cannot be written.
        """
        stored = {"library": self._library_id, "seq": seq, "written": token_hex(8)}
        files.write(self._path, json.dumps(stored).encode())
