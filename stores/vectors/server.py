"""
A collection on a Chroma server, or in Chroma Cloud. Opening it asks nothing: the first use does.

After a failure no reader asks the server for some seconds, so that a server that hangs does not hold up each question
(a circuit breaker). Writers ask, and wait for a server that is started again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any

from chromadb.api.models.Collection import Collection
from chromadb.errors import ChromaError, InvalidArgumentError, InvalidDimensionException, NotFoundError

from rag.errors import ConfigError, StoreError, VectorsUnavailable
from stores.urls import ChromaAddress, chroma_address, masked
from stores.vectors.cloud import LimitedClient, Limits
from stores.vectors.collection import EF_SEARCH, PAGE, of_another_library, own_metadata, owner
from stores.vectors.replacing import REPLACED, drop_collection, find_collection, replace_collection
from stores.vectors.requests import Requests, looking, unavailable

OPEN_S = 15.0
"""Seconds after a failure within which no reader asks the server."""
_UNASKED = object()
"""In the place of a collection before the server was asked for it."""


class ServerClient:
    """
    The collections of one database on a server.

    Args:
        address: The server.
        token: As in `Requests`.
    """

    def __init__(self, address: ChromaAddress, token: str) -> None:
        self._address, self._requests = address, Requests(address, token)
        self._where = {"tenant": address.tenant, "database": address.database}

    def get_collection(self, name: str, *, embedding_function: None = None) -> Any:
        """The collection of a name, which embeds nothing. Raises NotFoundError."""
        return self._collection(self._requests.get_collection(name, **self._where))

    def get_or_create_collection(self, name: str, metadata: Mapping[str, Any]) -> Any:
        """The collection of a name, made with this metadata if there is none."""
        try:
            model = self._requests.create_collection(
                name,
                configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}},
                metadata=dict(metadata),
                get_or_create=True,
                **self._where,
            )
        except (NotFoundError, InvalidArgumentError) as error:  # of the database, or of the name
            raise unavailable(
                self._address, _line(error), "Correct the setting `vectors`, or make that first."
            ) from error
        return self._collection(model)

    def delete_collection(self, name: str) -> None:
        """Delete a collection. Raises NotFoundError."""
        self._requests.delete_collection(name, **self._where)

    def get_max_batch_size(self) -> int:
        """Chunks that the server takes in one write."""
        return int(self._requests.get_max_batch_size())

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()

    def _collection(self, model: Any) -> Any:
        return Collection(client=self._requests, model=model, embedding_function=None)


def connect(address: ChromaAddress, token: str) -> ServerClient | LimitedClient:
    """A client for a server, or for Chroma Cloud. Raises ConfigError where that lacks its key."""
    if not address.is_cloud:
        return ServerClient(address, token)
    if not token:
        raise ConfigError(
            f"Chroma Cloud asks for a key, and {address.token_name} is not set.",
            hint=f"Make a key in its dashboard, and set {address.token_name} in the environment.",
        )
    return LimitedClient(ServerClient(address, token), Limits())


class Circuit:
    """Remembers for some seconds that a server failed, and lets one caller try it after that."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failure: VectorsUnavailable | None = None
        self._until = 0.0

    def failure(self) -> VectorsUnavailable | None:
        """The failure, if it happened just now."""
        with self._lock:
            return self._failure if time.monotonic() < self._until else None

    def enter(self) -> None:
        """Raise the failure if it happened just now; else the caller may try, and others wait for what it finds."""
        with self._lock:
            if self._failure and time.monotonic() < self._until:
                raise VectorsUnavailable(self._failure.message, hint=self._failure.hint)
            if self._failure:
                self._until = time.monotonic() + OPEN_S

    def fail(self, failure: VectorsUnavailable) -> None:
        """Note a failure."""
        with self._lock:
            self._failure, self._until = failure, time.monotonic() + OPEN_S

    def succeed(self) -> None:
        """Note that the server answered."""
        self._failure = None


class ServerBackend:
    """
    The collection on a server, which the first write makes.

    Args:
        url: As `chroma_address` takes it.
        library_id: The id of the library that it should belong to.
        environment: Where the token is.
        former_id: Another id of this library.

    Raises:
        ConfigError: The URL is not valid, or the token is missing or cannot be sent.
    """

    remote = True

    def __init__(self, url: str, library_id: str, environment: Mapping[str, str], former_id: str) -> None:
        try:
            self._address = chroma_address(url)
        except ValueError as error:
            raise ConfigError(
                f"“{masked(url)}” is not the URL of a Chroma server.", hint="Write it as `http://localhost:8000`."
            ) from error
        self.place, self.name, self._library_id = self._address.shown, self._address.collection, library_id
        self._own_ids = ("", library_id, former_id)
        self._client: Any = connect(self._address, environment.get(self._address.token_name, "").strip())
        self._collection: Any = _UNASKED
        self._is_gone = False
        self._batch = PAGE
        self._circuit = Circuit()

    # ---- the collection

    def _open(self, *, create: bool = False) -> None:
        """Ask the server for the collection."""
        collection = self._found(create=create)
        self._batch = min(self._client.get_max_batch_size(), PAGE)
        self._collection, self._is_gone = collection, False

    def _found(self, *, create: bool = False) -> Any:
        collection = find_collection(self._client, self.name)
        if collection is None and create:
            collection = self._client.get_or_create_collection(self.name, own_metadata(self._library_id))
        elif collection is None:  # `replace` may be between its two renamings, or have ended since the line above
            names = (f"{self.name}{REPLACED}", self.name)
            collection = next(filter(None, (find_collection(self._client, name) for name in names)), None)
        if collection is not None and owner(collection) not in self._own_ids:
            raise of_another_library(self.place, self.name)
        return collection

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        if self._is_gone:  # no failure of the server, so the circuit does not hear of it
            raise self._gone()
        with self._translated():
            if self._collection is _UNASKED:
                self._open()
            yield self._collection

    def _gone(self) -> VectorsUnavailable:
        return unavailable(
            self._address,
            f"its collection “{self.name}” was deleted or rebuilt meanwhile",
            "Run the command again.",
        )

    @property
    def problem(self) -> str | None:
        """Why the collection cannot be read; a collection that was deleted under this process is looked for again."""
        failure = self._circuit.failure()
        if failure is None and (self._is_gone or self._collection is _UNASKED):
            self.reopen()
            try:
                with self.using():
                    pass
            except VectorsUnavailable as error:
                failure = error
        return f"{failure.message} {failure.hint or ''}".rstrip() if failure else None

    def look(self, *, to_write: bool = False) -> bool:
        """Ask the server anew, once and for seconds only; readers go on asking it, whatever comes of this."""
        if to_write:
            with self._translated():
                return self._found() is not None
        if failure := self._circuit.failure():
            raise VectorsUnavailable(failure.message, hint=failure.hint)
        with looking(), self._translated(Circuit()):
            return self._found() is not None

    @property
    def page(self) -> int:
        """How many chunks to write at once."""
        return self._batch

    def searching(self) -> None:
        """Nothing: the server does not mind."""

    @contextmanager
    def using(self) -> Iterator[Any]:
        """The collection for one call, or None if there is none."""
        self._circuit.enter()
        with self._asked() as collection:
            yield collection

    def writing(self, entries: int) -> AbstractContextManager[Any]:
        """The collection for one write."""
        return self._asked()

    def open_to_write(self) -> None:
        """Make the collection if there was none when it was last looked for."""
        with self._asked() as collection:
            if collection is None:
                self._open(create=True)

    def persist(self) -> None:
        """Nothing: the server does it."""

    def persist_many(self) -> None:
        """Nothing: the server does it."""

    def clear(self) -> None:
        """Drop the collection."""
        with self._translated():
            drop_collection(self._client, self.name)
            self._open()

    def replace(self, place: str) -> None:
        """Give the collection the name of another one of the server, and close."""
        with self._translated():
            replace_collection(self._client, chroma_address(place).collection, self.name)
        self.close()

    def remove_replaced(self) -> None:
        """Delete the collection that `replace` left for readers."""
        with self._translated():
            drop_collection(self._client, f"{self.name}{REPLACED}")

    def reopen(self) -> None:
        """Look for the collection again when it is next used; this asks nothing, for the server may be away."""
        self._collection, self._is_gone = _UNASKED, False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _translated(self, circuit: Circuit | None = None) -> Iterator[None]:
        """Raise Chroma's errors as ours, and note in the circuit whether the server answered."""
        circuit = circuit or self._circuit
        try:
            yield
        except NotFoundError as error:
            self._is_gone = True
            raise self._gone() from error
        except (InvalidArgumentError, InvalidDimensionException) as error:  # our request is wrong, not the server
            raise StoreError(
                f"The Chroma server {self.place} refused a request: {_line(error)}.", hint="Run `refdesk check`."
            ) from error
        except ChromaError as error:
            if self._was_replaced():
                self._is_gone = True
                raise self._gone() from error
            raise self._failed(_line(error), circuit) from error
        except VectorsUnavailable as error:
            circuit.fail(error)
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._failed("its answer is not one of Chroma's", circuit) from error
        circuit.succeed()

    def _was_replaced(self) -> bool:
        """True if the open collection is no longer the one of its name: a server that deletes it fails in many ways."""
        if self._collection is None or self._collection is _UNASKED:
            return False
        try:
            with looking():
                return bool(getattr(self._found(), "id", None) != self._collection.id)
        except (ChromaError, StoreError):
            return False

    def _failed(self, reason: str, circuit: Circuit) -> VectorsUnavailable:
        failure = unavailable(self._address, reason, "Look at its log.")
        circuit.fail(failure)
        return failure


def _line(error: ChromaError) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
