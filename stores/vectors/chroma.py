"""
The vector index: a Chroma collection `chunks`, embedded in a folder or on a server by URL.

Documents and flat metadata are stored, so that `langchain_chroma.Chroma` can open the collection. Chroma answers with
distances; here they are cosine similarities.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count as numbers
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings
from chromadb.errors import ChromaError, NotFoundError

from rag.errors import ConfigError, StoreDamaged, StoreError, StoreFull
from rag.ports import Matrix
from rag.types import Chunk, Paper
from stores.sql.rows import day_number

COLLECTION = "chunks"
_PAGE = 2_000
_FIRST = 3  # chunks of a paper that are looked at: an abstract seldom has more, and asking for them costs time
_AMONG = 30_000  # ids in one $in; SQLite, on which Chroma rests, takes 32,766 variables
TIMEOUT_S = 60.0
"""How long a call to a server may take."""


class ChromaVectors:
    """
    The collection at a place, made where it is absent.

    Args:
        place: A folder, or a server's URL such as `http://localhost:8000`, with `/name` after it for another
            collection than `chunks`, where several libraries share a server.
    """

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self.remote = isinstance(place, str)
        self._name = (urlsplit(place).path.strip("/") or COLLECTION) if isinstance(place, str) else COLLECTION
        with self._translated():
            self._open()

    def _open(self) -> None:
        self._client = _client(self._place)
        self._collection = self._client.get_or_create_collection(
            self._name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self._batch = min(int(self._client.get_max_batch_size()), _PAGE)

    def upsert(self, chunks: Sequence[Chunk], vectors: Matrix, papers: Sequence[Paper]) -> None:
        """
        Write chunks; any number of them.

        Args:
            chunks: What to write.
            vectors: One unit row per chunk.
            papers: The paper of each chunk, for the metadata.
        """
        if not len(chunks) == len(vectors) == len(papers):
            raise ValueError(f"{len(chunks)} chunks, {len(vectors)} vectors and {len(papers)} papers do not match")
        with self._translated():
            for at in range(0, len(chunks), self._batch):
                some = slice(at, at + self._batch)
                self._collection.upsert(
                    ids=[chunk.chunk_id for chunk in chunks[some]],
                    embeddings=vectors[some],
                    documents=[chunk.text for chunk in chunks[some]],
                    metadatas=[
                        _metadata(chunk, paper) for chunk, paper in zip(chunks[some], papers[some], strict=True)
                    ],
                )

    def delete(self, paper_ids: Sequence[str], *, but: Collection[str] = ()) -> None:
        """
        Forget all chunks of these papers but those with these ids; unknown ids are no error.

        What is written again is better not deleted: of 200 papers that were, up to 12 were no longer found (measured).
        """
        with self._translated():
            for at in range(0, len(paper_ids), _PAGE):
                some = list(paper_ids[at : at + _PAGE])
                found = self._collection.get(where={"paper_id": {"$in": some}}, include=[])["ids"]
                gone = [chunk_id for chunk_id in found if chunk_id not in but]
                for first in range(0, len(gone), self._batch):
                    self._collection.delete(ids=gone[first : first + self._batch])

    def clear(self) -> None:
        """Drop the collection and make it anew, for vectors of any dimension."""
        with self._translated():
            self._client.delete_collection(self._name)
            _close(self._client)
            self._open()

    def search(
        self, vector: Matrix, *, limit: int, papers: Sequence[str] | None = None
    ) -> list[tuple[str, int, float]]:
        """
        The nearest chunks.

        Args:
            vector: One unit row of shape (dimension,).
            limit: How many at most.
            papers: Only chunks of these.

        Returns:
            Paper id, chunk number and cosine similarity (-1 to 1), best first, ties by id.
        """
        if limit < 1 or (papers is not None and not papers):
            return []
        ids = list(dict.fromkeys(papers or ()))
        wheres: list[Any] = [{"paper_id": {"$in": ids[at : at + _AMONG]}} for at in range(0, len(ids), _AMONG)]
        hits: list[tuple[str, int, float]] = []
        row = np.asarray(vector, dtype=np.float32)[None, :]
        for where in wheres or [None]:
            with self._translated():
                found = self._collection.query(
                    query_embeddings=row, n_results=limit, where=where, include=["distances"]
                )
            near = zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)
            hits += [(*_parts(chunk_id), 1.0 - float(distance)) for chunk_id, distance in near]
        return sorted(hits, key=lambda hit: (-hit[2], hit[0], hit[1]))[:limit]

    def similarities(self, vector: Matrix, papers: Sequence[str]) -> dict[str, float]:
        """
        How near given papers are: the cosine of the nearest of each one's first chunks.

        Args:
            vector: One unit row of shape (dimension,).
            papers: Their ids; unknown ones are left out.
        """
        if not papers:
            return {}
        ids = [f"{paper_id}#{number}" for paper_id in papers for number in range(_FIRST)]
        with self._translated():
            found = self._collection.get(ids=ids, include=["embeddings"])
        if not found["ids"]:
            return {}
        rows = np.asarray(found["embeddings"], dtype=np.float32)
        cosines = (rows @ np.asarray(vector, dtype=np.float32)) / np.maximum(np.linalg.norm(rows, axis=1), 1e-12)
        best: dict[str, float] = {}
        for chunk_id, cosine in zip(found["ids"], cosines.tolist(), strict=True):
            paper_id = _parts(chunk_id)[0]
            best[paper_id] = max(cosine, best.get(paper_id, -1.0))
        return best

    def rows(self, papers: Sequence[str]) -> dict[str, Matrix]:
        """A unit row for each paper: the mean of its first chunks' vectors; unknown papers are left out."""
        ids = [f"{paper_id}#{number}" for paper_id in papers for number in range(_FIRST)]
        found: dict[str, list[Matrix]] = {}
        for at in range(0, len(ids), _AMONG):
            with self._translated():
                page = self._collection.get(ids=ids[at : at + _AMONG], include=["embeddings"])
            for chunk_id, vector in zip(page["ids"], page["embeddings"], strict=True):
                found.setdefault(_parts(chunk_id)[0], []).append(np.asarray(vector, dtype=np.float32))
        means = {paper_id: np.mean(found[paper_id], axis=0) for paper_id in papers if paper_id in found}
        return {paper_id: mean / max(float(np.linalg.norm(mean)), 1e-12) for paper_id, mean in means.items()}

    def count(self) -> int:
        """How many chunks there are."""
        with self._translated():
            return int(self._collection.count())

    def chunk_ids(self) -> Iterator[str]:
        """The ids of all chunks."""
        return (chunk_id for chunk_id, _, _ in self._pages([]))

    def documents(self) -> Iterator[tuple[str, str, str]]:
        """Id, text and title of every chunk as they are stored."""
        return self._pages(["documents", "metadatas"])

    def unfindable(self, chunk_ids: Sequence[str], *, probes: int) -> list[str]:
        """Which of evenly spread chunks, `probes` of them at most, their own vectors do not find."""
        step = max(1, -(-len(chunk_ids) // probes))
        probed = list(chunk_ids[::step])
        lost: list[str] = []
        with self._translated():
            for at in range(0, len(probed), _PAGE):
                found = self._collection.get(ids=probed[at : at + _PAGE], include=["embeddings"])
                for chunk_id, vector in zip(found["ids"], found["embeddings"], strict=True):
                    near = self._collection.query(
                        query_embeddings=np.asarray(vector)[None, :], n_results=10, include=["distances"]
                    )
                    if chunk_id not in near["ids"][0] and min(near["distances"][0], default=1.0) > 1e-4:
                        lost.append(chunk_id)
        return lost

    def _pages(self, include: list[Any]) -> Iterator[tuple[str, str, str]]:
        for page in numbers():
            with self._translated():
                found = self._collection.get(limit=_PAGE, offset=page * _PAGE, include=include)
            if not found["ids"]:
                return
            blank = [None] * len(found["ids"])
            for chunk_id, text, metadata in zip(
                found["ids"], found["documents"] or blank, found["metadatas"] or blank, strict=True
            ):
                yield chunk_id, text or "", str((metadata or {}).get("title", ""))

    def reopen(self) -> None:
        """See what others wrote: an embedded client keeps what it once read, or a collection that went."""
        with self._translated():
            _close(self._client)
            self._open()

    def close(self) -> None:
        """Let go of the files or the connection."""
        _close(self._client)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except NotFoundError as error:  # the collection was rebuilt under an open client
            raise StoreError(
                f"The collection at {self._place} was rebuilt meanwhile.", hint="Run the command again."
            ) from error
        except (ChromaError, httpx.HTTPError, ValueError, OSError, RuntimeError) as error:
            raise _store_error(self._place, error) from error


def _client(place: Path | str) -> Any:
    quiet = Settings(anonymized_telemetry=False)
    if isinstance(place, Path):
        place.mkdir(parents=True, exist_ok=True)
        try:
            return chromadb.PersistentClient(path=str(place), settings=quiet)
        except Exception:  # Chroma would hand the half-opened system to whoever opens this folder next
            SharedSystemClient._identifier_to_system.pop(str(place), None)
            SharedSystemClient._identifier_to_refcount.pop(str(place), None)
            raise
    url = urlsplit(place)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ConfigError(f"“{place}” is not the URL of a Chroma server.", hint="Write it as `http://localhost:8000`.")
    port = url.port or (443 if url.scheme == "https" else 8000)
    client = chromadb.HttpClient(host=url.hostname, port=port, ssl=url.scheme == "https", settings=quiet)
    for session in _sessions(client):
        session.timeout = httpx.Timeout(TIMEOUT_S)
    return client


def _sessions(client: Any) -> list[httpx.Client]:
    """The connections of a client to a server, its own and its helper's; Chroma neither limits nor closes them."""
    servers = [getattr(each, "_server", None) for each in (client, getattr(client, "_admin_client", None))]
    found = [getattr(server, "_session", None) for server in servers]
    return [session for session in found if isinstance(session, httpx.Client)]


def _close(client: Any) -> None:
    sessions = _sessions(client)  # closing forgets them
    client.close()
    for session in sessions:
        session.close()


def _metadata(chunk: Chunk, paper: Paper) -> dict[str, str | int]:
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


def _parts(chunk_id: str) -> tuple[str, int]:
    paper_id, _, number = chunk_id.rpartition("#")
    return paper_id, int(number)


def _store_error(place: Path | str, error: Exception) -> StoreError:
    reason = " ".join(str(error).split())[:200]
    if isinstance(place, str):
        return StoreError(
            f"The Chroma server {place} cannot be used: {reason}.",
            hint="Is it running? `chroma run --path DIR --port N` starts one.",
        )
    if "full" in reason or "No space" in reason:
        return StoreFull(
            f"The disk that holds {place} is full.",
            hint="Free some space and run the command again; nothing is lost.",
        )
    if isinstance(error, OSError) or "readonly" in reason:
        return StoreError(
            f"The vectors in {place} cannot be written: {reason}.",
            hint="Check that the folder can be written.",
        )
    return StoreDamaged(
        f"The vectors in {place} cannot be used: {reason}.",
        hint="Run `refdesk reindex`, which rebuilds them from the catalog.",
    )
