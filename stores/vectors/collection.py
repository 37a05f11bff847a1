"""Opens or makes a Chroma collection, whose metadata has the id of its library and the number of its layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import StoreDamaged, StoreMismatch
from rag.types import Chunk, Paper
from stores.folder_lock import FolderLock
from stores.sql.rows import day_number
from stores.urls import masked
from stores.vectors.clients import close_client, has_database, open_client
from stores.vectors.persisting import NEVER, load, load_to_write
from stores.vectors.replacing import REPLACED, find_collection, replaced

LAYOUT = 1
"""The newest layout of what is stored with a chunk."""
PAGE = 2_000
"""Chunks that are read or written at once, at most."""
_MOST_HALVES = 500
"""Calls for the vectors of one page of ids, at most."""
_LIBRARY, _LAYOUT = "refdesk:library", "refdesk:layout"


@dataclass(frozen=True, slots=True)
class Opened:
    """
    A client, its collection (None if there is none), and the number of chunks that the client takes at once.

    `may_write` is False if it is in a folder and was opened to be read, `loaded` if it may have no graph yet.
    """

    client: Any
    collection: Any
    batch: int
    may_write: bool = False
    loaded: bool = True


def open_collection(place: Path | str, name: str, library_id: str, *, create: bool) -> Opened:
    """
    Open a collection by a client of its own. One in a folder is loaded, while its files are locked.

    Args:
        place: A folder, or a server's URL.
        name: The collection's name.
        library_id: The id of the library that it should belong to.
        create: True opens the collection to write it, and makes it if it is absent.

    Raises:
        StoreMismatch: It belongs to another library.
        StoreDamaged: The files of its graph are damaged.
        LibraryLocked: They were in use by others for too long.
    """
    if isinstance(place, str):
        return _open(place, name, library_id, create=create)
    if create:
        place.parent.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(place)
    with lock.exclusive() if create else lock.shared():
        return _open(place, name, library_id, create=create)


def _open(place: Path | str, name: str, library_id: str, *, create: bool) -> Opened:
    if isinstance(place, Path) and not create and not has_database(place):
        place = replaced(place)
    client = open_client(place, create=create)
    if client is None:
        return Opened(None, None, PAGE)
    try:
        collection = find_collection(client, name)
        if collection is None and create:
            collection = _made(client, name, library_id, {} if isinstance(place, str) else {"sync_threshold": NEVER})
        elif collection is None and isinstance(place, str):
            collection = find_collection(client, f"{name}{REPLACED}")
        if collection is not None and owner(collection) not in ("", library_id):
            raise of_another_library(place, name)
        loaded = True
        if isinstance(place, Path) and create:
            loaded = load_to_write(collection, place)
        elif isinstance(place, Path) and collection is not None:
            load(collection, getattr(client, "refdesk_copy", place))
        batch = min(int(client.get_max_batch_size()), PAGE)
        return Opened(client, collection, batch, create or isinstance(place, str), loaded)
    except BaseException:
        close_client(client)
        raise


def _made(client: Any, name: str, library_id: str, hnsw: dict[str, Any]) -> Any:
    return client.get_or_create_collection(
        name,
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", **hnsw}},
        metadata=own_metadata(library_id),
    )


def own_metadata(library_id: str) -> dict[str, Any]:
    """The metadata of a library's collection."""
    return {_LAYOUT: LAYOUT} | ({_LIBRARY: library_id} if library_id else {})


def owner(collection: Any) -> str:
    """The id of the library that a collection belongs to; empty if it has none."""
    return str((collection.metadata or {}).get(_LIBRARY, ""))


def of_another_library(place: Path | str, name: str) -> StoreMismatch:
    """The error for a collection of another library, with the next step."""
    if isinstance(place, str):
        return StoreMismatch(
            f"The collection “{name}” at {masked(place)} belongs to another library.",
            hint="Put a name of its own after the URL in the setting `vectors`, such as "
            "`http://localhost:8000/my-papers`, and run `refdesk reindex`.",
        )
    return StoreMismatch(
        f"The vectors in {place} belong to another library.",
        hint="Remove that folder and run `refdesk reindex`, which makes it from the catalog.",
    )


def stored_metadata(chunk: Chunk, paper: Paper) -> dict[str, str | int]:
    """What is stored with a chunk."""
    return {
        "paper_id": chunk.paper_id,
        "chunk": chunk.number,
        "start": chunk.start,
        "end": chunk.end,
        "title": paper.title,
        "published": day_number(paper.published) if paper.published else 0,
        "listed": day_number(paper.day),
        "source": paper.source,
    }


def parts(chunk_id: str) -> tuple[str, int]:
    """Paper id and number of a chunk, by its id."""
    paper_id, _, number = chunk_id.rpartition("#")
    return paper_id, int(number)


def without_unfinished(get: Callable[[list[str]], dict[str, Any]], chunk_ids: list[str]) -> Iterator[dict[str, Any]]:
    """
    Get vectors by ids, without those that another process is just writing.

    Chroma reads the ids from its table and the vectors from its graph. Written is the table first; until the graph has
    an id too, Chroma refuses all that is asked for together with it. So the ids are halved until it alone fails.

    Args:
        get: A call to Chroma.
        chunk_ids: Their ids; unknown ones are left out.

    Raises:
        StoreDamaged: So many fail that the graph must be damaged.
    """
    waiting, calls = [chunk_ids], 0
    while waiting:
        some, calls = waiting.pop(), calls + 1
        try:
            found = get(some)
        except StoreDamaged:
            if calls >= _MOST_HALVES:
                raise
            if len(some) > 1:
                waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
            continue
        yield found
