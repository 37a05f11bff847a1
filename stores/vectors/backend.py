"""What a vector index asks of the place of its collection: a folder (`folder`) or a server (`server`)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol


class Backend(Protocol):
    """Opens one collection, translates Chroma's errors, and replaces the collection as a whole."""

    remote: bool
    name: str
    """Of the collection."""

    @property
    def place(self) -> Any:
        """The folder, or the server's URL without secrets."""
        ...

    @property
    def problem(self) -> str | None:
        """A sentence that says why the collection cannot be read; None if it can."""
        ...

    def look(self, *, to_write: bool = False) -> bool:
        """As `ChromaVectors.look`."""
        ...

    @property
    def page(self) -> int:
        """How many chunks to write at once."""
        ...

    def searching(self) -> None:
        """Note that somebody searches."""
        ...

    def using(self) -> AbstractContextManager[Any]:
        """The collection for one call, or None if there is none; a generator must not yield inside."""
        ...

    def writing(self, entries: int) -> AbstractContextManager[Any]:
        """The collection for one write of so many chunks, of `page` at most."""
        ...

    def open_to_write(self) -> None:
        """Open the collection to write it, and make it if there is none."""
        ...

    def persist(self) -> None:
        """Write what a folder keeps in its log into the files of the graph."""
        ...

    def persist_many(self) -> None:
        """The same, if it is much."""
        ...

    def clear(self) -> None:
        """Drop the collection, for vectors of any dimension."""
        ...

    def replace(self, place: Any) -> None:
        """Take the place of another collection, which readers keep until `remove_replaced`; then close."""
        ...

    def remove_replaced(self) -> None:
        """Delete what `replace` left for readers."""
        ...

    def reopen(self) -> None:
        """See what others wrote."""
        ...

    def close(self) -> None:
        """Close files or connections."""
        ...
