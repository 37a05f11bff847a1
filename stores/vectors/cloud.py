"""
Chroma Cloud, whose quotas are those of its documentation (docs.trychroma.com/cloud/quotas-limits).

A `LimitedCollection` has the methods of a collection that Refdesk uses. It parts what is read and written into pages,
hashes long ids, and goes on in a second collection, `<name>-2`, when the first is full. It asks for nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from chromadb.errors import NotFoundError

from rag.errors import StoreMismatch
from stores.vectors.collection import owner

_HASHED = "sha256:"
"""The beginning of a stored id that is the hash of a longer one; an id of a chunk has a `#`, and this has none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What a server takes.

    `page` is records in one write or one answer, `records` in a collection; `id_bytes`, `text_bytes` and `value_bytes`
    are the longest id, text and value beside it.
    """

    page: int = 300
    id_bytes: int = 128
    text_bytes: int = 16_384
    value_bytes: int = 4_096
    records: int = 5_000_000


class Client(Protocol):
    """What is used of a client of a server."""

    def get_collection(self, name: str) -> Any: ...
    def get_or_create_collection(self, name: str, metadata: Mapping[str, Any]) -> Any: ...
    def delete_collection(self, name: str) -> None: ...
    def close(self) -> None: ...


class LimitedClient:
    """
    A client of a server with limits.

    Args:
        client: The client without any.
        limits: The limits.
    """

    def __init__(self, client: Client, limits: Limits) -> None:
        self._client, self._limits = client, limits

    def get_collection(self, name: str, *, embedding_function: None = None) -> LimitedCollection:
        """The collection of a name, with those that go on with it. Raises NotFoundError."""
        parts = [self._client.get_collection(name)]
        with suppress(NotFoundError):
            for number in count(2):
                part = self._client.get_collection(_numbered(name, number))
                if owner(part) != owner(parts[0]):  # another library's, which has such a name
                    break
                parts.append(part)
        return LimitedCollection(self._client, parts, self._limits)

    def get_or_create_collection(self, name: str, metadata: Mapping[str, Any]) -> LimitedCollection:
        """The collection of a name, made with this metadata if there is none."""
        self._client.get_or_create_collection(name, metadata)
        return self.get_collection(name)

    def delete_collection(self, name: str) -> None:
        """Delete a collection and those that go on with it, the last one first. Raises NotFoundError."""
        for part in reversed(self.get_collection(name).parts):
            self._client.delete_collection(part.name)

    def get_max_batch_size(self) -> int:
        """Records that are taken in one write."""
        return self._limits.page

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class LimitedCollection:
    """
    Several collections that are used as one.

    Args:
        client: The client that makes the next one.
        parts: The collections, the first one first.
        limits: The limits of each.
    """

    def __init__(self, client: Client, parts: list[Any], limits: Limits) -> None:
        self._client, self.parts, self._limits = client, parts, limits
        self._in_last: int | None = None  # records in the last part, at most

    @property
    def id(self) -> Any:
        """Of the first part."""
        return self.parts[0].id

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """Of the first part."""
        return self.parts[0].metadata  # type: ignore[no-any-return]

    def modify(self, *, name: str | None = None, metadata: Mapping[str, Any] | None = None) -> None:
        """Give all parts another name or other metadata; the first one comes last, for readers look for that."""
        for number, part in reversed(list(enumerate(self.parts, 1))):
            part.modify(name=name and _numbered(name, number), metadata=metadata and dict(metadata))

    def count(self) -> int:
        """Records in all parts."""
        return sum(part.count() for part in self.parts)

    def get(
        self,
        ids: Sequence[str] | None = None,
        where: Any = None,
        limit: int | None = None,
        offset: int = 0,
        include: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Records by their ids, or all that `where` names, or a part of all of them."""
        found: dict[str, Any] = {key: [] for key in ("ids", *include)}
        for part, page in self._pages(ids, where, limit, offset, include):
            found["ids"] += self._real_ids(part, page["ids"])
            for key in include:
                found[key] += list(page[key])
        return found

    def _pages(
        self, ids: Sequence[str] | None, where: Any, limit: int | None, offset: int, include: Sequence[str]
    ) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Each part with a page of what was asked for."""
        if ids is not None:
            for part in self.parts:
                for some in self._paged(ids):
                    yield part, part.get(ids=list(map(self._stored_id, some)), include=list(include))
            return
        skip, left = offset, limit
        for part in self.parts:
            if len(self.parts) > 1 and skip and where is None and skip >= (size := part.count()):
                skip -= size
                continue
            while left is None or left:
                most = self._limits.page if left is None else min(left, self._limits.page)
                page = part.get(where=where, limit=most, offset=skip, include=list(include))
                yield part, page
                skip += len(page["ids"])
                left = left and left - len(page["ids"])
                if len(page["ids"]) < most:
                    break
            skip = 0

    def query(
        self, *, query_embeddings: Any, n_results: int, include: Sequence[str], **where: Any
    ) -> dict[str, list[list[Any]]]:
        """The nearest records of all parts, of `limits.page` at most from each."""
        near: list[tuple[float, str]] = []
        among = where.pop("ids", None)
        most = min(n_results, self._limits.page)
        for part in self.parts:
            if among is not None:  # Chroma fails where a part lacks one of them
                some = [part.get(ids=list(map(self._stored_id, page)), include=[]) for page in self._paged(among)]
                where["ids"] = [name for page in some for name in page["ids"]]
                if not where["ids"]:
                    continue
            found = part.query(query_embeddings=query_embeddings, n_results=most, include=list(include), **where)
            near += zip(found["distances"][0], self._real_ids(part, found["ids"][0]), strict=True)
        near.sort()
        return {"ids": [[name for _, name in near[:n_results]]], "distances": [[far for far, _ in near[:n_results]]]}

    def upsert(
        self, *, ids: Sequence[str], embeddings: Any, documents: Sequence[str], metadatas: Sequence[dict[str, Any]]
    ) -> None:
        """Write records: where they are already, and new ones into the last part, or the next one if that is full."""
        for page in self._paged(range(len(ids))):
            rows = {self._stored_id(ids[at]): at for at in page}
            for part in self._parts_to_write(rows):
                is_last = part is self.parts[-1]
                there = list(rows) if is_last or not rows else part.get(ids=list(rows), include=[])["ids"]
                if there:
                    some = [rows.pop(name) for name in there]
                    part.upsert(
                        ids=there,
                        embeddings=[embeddings[at] for at in some],
                        documents=[_cut(documents[at], self._limits.text_bytes) for at in some],
                        metadatas=[self._short(metadatas[at]) for at in some],
                    )

    def update(self, *, ids: Sequence[str], metadatas: Sequence[dict[str, Any]]) -> None:
        """Write metadata of records; Chroma leaves out those that a part has not."""
        for part in self.parts:
            for page in self._paged(range(len(ids))):
                part.update(
                    ids=[self._stored_id(ids[at]) for at in page], metadatas=[self._short(metadatas[at]) for at in page]
                )

    def _parts_to_write(self, rows: Mapping[str, int]) -> list[Any]:
        """The parts, with one more where the last has no room for these rows."""
        if self._in_last is None or self._in_last + len(rows) > self._limits.records:  # some were there, so count
            self._in_last = int(self.parts[-1].count())
        if self._in_last + len(rows) > self._limits.records:
            name, metadata = _numbered(self.parts[0].name, len(self.parts) + 1), dict(self.metadata or {})
            part = self._client.get_or_create_collection(name, metadata)
            if owner(part) != owner(self):
                raise StoreMismatch(
                    f"The collection “{name}”, which is to go on with “{self.parts[0].name}”, is another library's.",
                    hint="Give this library another name in the setting `vectors`, and run `refdesk reindex`.",
                )
            self.parts = [*self.parts, part]
            self._in_last = 0
        self._in_last += len(rows)
        return self.parts

    def delete(self, *, ids: Sequence[str]) -> None:
        """Delete records from all parts."""
        for part in self.parts:
            for some in self._paged(ids):
                part.delete(ids=list(map(self._stored_id, some)))

    # ---- what the limits ask for

    def _paged(self, items: Sequence[Any]) -> Iterator[Sequence[Any]]:
        for at in range(0, len(items), self._limits.page):
            yield items[at : at + self._limits.page]

    def _stored_id(self, chunk_id: str) -> str:
        text = chunk_id.encode()
        return chunk_id if len(text) <= self._limits.id_bytes else f"{_HASHED}{hashlib.sha256(text).hexdigest()}"

    def _real_ids(self, part: Any, stored: Sequence[str]) -> list[str]:
        """The ids of chunks; that of a hashed one stands in its metadata."""
        hashed = [name for name in stored if name.startswith(_HASHED) and "#" not in name]
        if not hashed:
            return list(stored)
        found = part.get(ids=hashed, include=["metadatas"])
        real = {
            name: f"{metadata['paper_id']}#{metadata['chunk']}"
            for name, metadata in zip(found["ids"], found["metadatas"], strict=True)
        }
        return [real.get(name, name) for name in stored]

    def _short(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        limit = self._limits.value_bytes
        return {key: _cut(value, limit) if isinstance(value, str) else value for key, value in metadata.items()}


def _numbered(name: str, number: int) -> str:
    """
    The name of a part.

    >>> _numbered("chunks", 1), _numbered("chunks", 2)
    ('chunks', 'chunks-2')
    """
    return name if number == 1 else f"{name}-{number}"


def _cut(text: str, most: int) -> str:
    """
    The beginning of a text, of so many bytes at most.

    >>> _cut("naïve", 3), _cut("naïve", 4)
    ('na', 'naï')
    """
    return text if len(text) * 4 <= most else text.encode()[:most].decode(errors="ignore")
