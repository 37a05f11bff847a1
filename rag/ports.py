"""
The seams: what retrieval, answers and delivery ask of the stores and of an embedder. Chat models are LangChain's own.

Ids are paper ids, matrices are float32 with one unit row per text, similarities are cosines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.types import Chunk, Filter, JsonDict, Paper

Matrix = NDArray[np.float32]
Spans = tuple[tuple[int, int], ...]


class Embedder(Protocol):
    """
    LangChain's `Embeddings`, and what a library must know of one to be opened with it again.

    `max_tokens` is the most that one text may have, by `count`; longer ones are cut by the embedder.
    """

    name: str
    max_tokens: int

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's form of `embed`."""
        ...

    def embed_query(self, text: str) -> list[float]:
        """LangChain's form of `embed` for one question."""
        ...

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit rows, one per text. Raises EmbedderUnavailable."""
        ...

    def count(self, text: str) -> int:
        """Tokens in a text."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a batch: a unit row per passage, and the sentence offsets of each abstract."""

    vectors: Matrix
    spans: Sequence[Spans]


Submit = Callable[[Sequence[str], Sequence[str]], "Future[Prepared]"]
"""Begins to embed passages and to split abstracts, and returns at once."""
Prepare = Callable[[Embedder], AbstractContextManager[Submit]]
"""Opens such a way for an embedder; `rag.embedders.worker` has two."""


class Vectors(Protocol):
    """The vector index: chunks by the nearness of their vectors."""

    @property
    def remote(self) -> bool:
        """True if it is on a server, False if it is in a folder."""
        ...

    @property
    def exists(self) -> bool:
        """True if there is an index; until the first write there is none, and all that is asked of it is empty."""
        ...

    @property
    def layout(self) -> int:
        """The number of its layout."""
        ...

    @property
    def problem(self) -> str | None:
        """Why it cannot be read where it is, in a sentence; None where it can."""
        ...

    def claim(self, knows: Callable[[Sequence[str]], int]) -> None:
        """Write the library's id into an index that has none, if `knows` counts most of its paper ids."""
        ...

    def upsert(self, chunks: Sequence[Chunk], vectors: Matrix, papers: Sequence[Paper]) -> None:
        """Write chunks with their vectors, and the papers they are of, one of each per row; durable on return."""
        ...

    def search(
        self, vector: Matrix, *, limit: int, papers: Sequence[str] | None = None
    ) -> list[tuple[str, int, float]]:
        """Paper id, chunk number and cosine similarity of the nearest chunks, best first; among `papers` if given."""
        ...

    def similarities(self, vector: Matrix, papers: Sequence[str]) -> dict[str, float]:
        """Cosine of the nearest of each paper's first chunks; unknown papers are left out."""
        ...

    def rows(self, papers: Sequence[str]) -> dict[str, Matrix]:
        """A unit row for each paper: the mean of its first chunks' vectors; unknown papers are left out."""
        ...

    def delete(self, paper_ids: Sequence[str], *, but: Collection[str] = ()) -> None:
        """Forget all chunks of these papers but those with these chunk ids; unknown ids are no error."""
        ...

    def clear(self) -> None:
        """Forget all chunks, so that vectors of any dimension can be written."""
        ...

    def count(self) -> int:
        """How many chunks there are."""
        ...

    def chunk_ids(self) -> Iterable[str]:
        """The ids of all chunks."""
        ...

    def documents(self) -> Iterable[tuple[str, str, str]]:
        """Chunk id, text and paper title of every chunk as they are stored."""
        ...

    def unfindable(self, chunk_ids: Sequence[str], *, probes: int) -> list[str]:
        """Of evenly spread chunks, `probes` of them at most, those that their own vectors do not find."""
        ...

    def reopen(self) -> None:
        """See what other processes wrote."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


class Lexical(Protocol):
    """The word index: papers by the words of their titles and abstracts."""

    @property
    def exists(self) -> bool:
        """True if there is an index; until the first write there is none, and all that is asked of it is empty."""
        ...

    @property
    def layout(self) -> int:
        """The number of its layout."""
        ...

    @property
    def newest_layout(self) -> int:
        """The layout that `rebuild` makes."""
        ...

    def upsert(self, papers: Sequence[Paper], merged_ids: Sequence[str] = ()) -> None:
        """Write papers, and forget those that were merged into others; durable on return."""
        ...

    def search(
        self, terms: Sequence[str], *, limit: int, papers: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Paper id and BM25 score of those that hold any of the terms, best first; among `papers` if given."""
        ...

    def terms(self, text: str) -> list[str]:
        """The text's words as they are indexed, in order: lower case, stemmed."""
        ...

    def frequency(self, term: str) -> int:
        """In how many papers a term occurs."""
        ...

    def delete(self, paper_ids: Sequence[str]) -> None:
        """Forget these papers; unknown ids are no error."""
        ...

    def clear(self) -> None:
        """Forget all papers."""
        ...

    def rebuild(self, batches: Iterable[Sequence[Paper]]) -> None:
        """Replace the index by one of the newest layout that holds these papers; readers keep the old one meanwhile."""
        ...

    def count(self) -> int:
        """How many papers there are."""
        ...

    def hashes(self) -> dict[str, str]:
        """The hash of each paper's text as it was indexed, by paper id."""
        ...

    def reopen(self) -> None:
        """See what other processes wrote."""
        ...

    def close(self) -> None:
        """Release files."""
        ...


class WriterLock(Protocol):
    """The lock of the one writer of papers."""

    def held(self) -> AbstractContextManager[None]:
        """Hold it. Raises LibraryLocked where another writer does not finish in time, or LibraryReadOnly."""
        ...


class Catalog(Protocol):
    """The papers themselves, as retrieval reads them."""

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers that exist among these ids."""
        ...

    def matching(self, filter_: Filter) -> list[str]:
        """The ids of all papers that pass a filter, sorted."""
        ...

    def count(self) -> int:
        """How many papers there are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """
    A model's reply as it is kept: what it was asked and shown, and what it wrote, the repair included.

    `id` is twelve hex digits over prompt, model and input; `evidence` has id, paper, sentence and quote of each
    sentence shown; `tokens` are those of all calls.
    """

    id: str
    created: str
    prompt: str
    model: str
    question: str
    evidence: Sequence[JsonDict]
    reply: str
    repair: str
    tokens: int


class Replies(Protocol):
    """Replies of models, kept so that a repeated question costs nothing, and what was spent."""

    def find(self, generation_id: str) -> StoredReply | None:
        """The one of an id, or of the beginning of one that is unambiguous."""
        ...

    def keep(self, generation: StoredReply) -> None:
        """Keep one, in the place of an older one of its id."""
        ...

    def spend(self, day: str, tokens: int) -> None:
        """Note tokens used on a day, ISO."""
        ...

    def spent(self, day: str) -> int:
        """Tokens used on a day."""
        ...


DeliveryState = Literal["planned", "sending", "sent", "failed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    An issue on its way to one place.

    `channel` and `target` say where, such as `email` and an address. `attempts` were begun so far. Instants are ISO,
    UTC, to the second: `planned` when it was (again) wanted, `changed` when the state became what it is, `due` when it
    may be tried (None: not by itself), `handed` when the attempt came to where the receiver may have it. `detail` says
    why.
    """

    subscription: str
    period: str
    channel: str
    target: str
    state: DeliveryState
    attempts: int
    planned: str
    changed: str
    due: str | None
    handed: str | None = None
    detail: str = ""

    @property
    def id(self) -> str:
        """Twelve hex digits over what is delivered and where: the same however often it is planned."""
        whole = "\0".join((self.subscription, self.period, self.channel, self.target))
        return sha256(whole.encode("utf-8", "replace")).hexdigest()[:12]


class Outbox(Protocol):
    """Deliveries, each of them once."""

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Keep those that are not there yet, in one transaction, and say how many."""
        ...

    def unsent(self) -> list[Delivery]:
        """All that are not `sent`, the longest planned first."""
        ...

    def find(self, delivery_id: str) -> Delivery | None:
        """The one of an id, or of the beginning of one that is unambiguous."""
        ...

    def change(self, before: Delivery, after: Delivery) -> bool:
        """Durably put `after` in the place of `before`, if that is what is there: compare and set, in one statement."""
        ...
