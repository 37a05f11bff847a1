"""
Ports: what retrieval, answers and delivery need from the stores and from an embedder. Chat models are LangChain's.

Ids are paper ids, matrices are float32 with one unit row per text, similarities are cosines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.ports.outbox import Delivery as Delivery
from rag.ports.outbox import DeliveryState as DeliveryState
from rag.ports.outbox import Outbox as Outbox
from rag.types import Chunk, Filter, JsonDict, Paper, Roles
from rag.types.selection import Selection

Matrix = NDArray[np.float32]
Spans = tuple[tuple[int, int], ...]


class Embedder(Protocol):
    """
    LangChain's `Embeddings`, and what a library must know of one to be opened with it again.

    `max_tokens` is the most that one text may have, by `count`; longer ones are cut by the embedder. `is_static` is
    True for the static embedder: Python computes its vectors on this machine, and confidence is calibrated on them.
    """

    name: str
    max_tokens: int
    is_static: bool

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
        """Unit rows, one per text. Raises EmbedderUnavailable, also if it takes one of the texts in no form."""
        ...

    def embed_each(self, texts: Sequence[str]) -> tuple[Matrix, dict[int, str]]:
        """The rows, and by its number the reason why a text was refused, whose row is zero. Raises as `embed`."""
        ...

    def count(self, text: str) -> int:
        """Tokens in a text."""
        ...


class Reranker(Protocol):
    """Scores texts for a question by reading both together; only the order of the scores means something."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """A score for each text. Raises ConfigError if the model fails."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A prepared batch: a unit row per embedding text, and the offsets and roles of the sentences of each abstract.

    `refused` says by the number of an embedding text why the embedder took it in no form.
    """

    vectors: Matrix
    spans: Sequence[Spans]
    roles: Sequence[Roles]
    refused: Mapping[int, str]


Submit = Callable[[Sequence[str], Sequence[str]], "Future[Prepared]"]
"""Begins to embed embedding texts and to split abstracts, and returns at once."""
Prepare = Callable[[Embedder], AbstractContextManager[Submit]]
"""Makes a `Submit` for an embedder; `rag.embedders.worker` has two."""


class Vectors(Protocol):
    """The vector index: chunks by the nearness of their vectors."""

    @property
    def remote(self) -> bool:
        """True if it is on a server, False if it is in a folder."""
        ...

    @property
    def exists(self) -> bool:
        """True if there is an index. The first write makes it; until then every answer is empty."""
        ...

    @property
    def problem(self) -> str | None:
        """A sentence that says why it cannot be read; None if it can."""
        ...

    def look(self, *, to_write: bool = False) -> bool:
        """As `exists`; a server is asked anew: once, briefly, unless `to_write`. Raises VectorsUnavailable."""
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
        """Delete all chunks of these papers except those with the chunk ids `but`; ignore unknown ids."""
        ...

    def persist(self) -> None:
        """End writing: bring what is only in a log into a form that is read faster."""
        ...

    def clear(self) -> None:
        """Delete all chunks, so that vectors of any dimension can be written."""
        ...

    def replace(self, place: Path | str) -> None:
        """Take the place of other vectors, which readers keep until `remove_replaced`; this object is closed."""
        ...

    def remove_replaced(self) -> None:
        """Delete the vectors that `replace` left for readers."""
        ...

    def count(self) -> int:
        """How many chunks there are."""
        ...

    def documents(self) -> Iterable[tuple[str, str, int]]:
        """Chunk id, text and `identity.title_hash` of the paper's title of every chunk as they are stored."""
        ...

    def unfindable(self, chunk_ids: Sequence[str], *, probes: int) -> tuple[list[str], list[str]]:
        """
        Search for evenly spread chunks by their own vectors, at most `probes`.

        Returns:
            Those that have no vector, and those whose vector even a broad search does not find.
        """
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
        """True if there is an index. The first write makes it; until then every answer is empty."""
        ...

    @property
    def layout(self) -> int:
        """The number of its layout."""
        ...

    @property
    def takes_filters(self) -> bool:
        """True if it knows what filters ask for; else it selects by ids alone."""
        ...

    @property
    def newest_layout(self) -> int:
        """The layout that `rebuild` makes."""
        ...

    def upsert(self, papers: Sequence[Paper], merged_ids: Sequence[str] = ()) -> None:
        """Write papers, and delete those that were merged into others; durable on return."""
        ...

    def search(self, terms: Sequence[str], *, limit: int, among: Selection | None = None) -> list[tuple[str, float]]:
        """Paper id and BM25 score of those that hold any of the terms, best first; of a selection if one is given."""
        ...

    def terms(self, text: str) -> list[str]:
        """The text's words as they are indexed, in order: lower case, stemmed."""
        ...

    def frequency(self, term: str) -> int:
        """In how many papers a term occurs."""
        ...

    def phrase_frequency(self, terms: Sequence[str]) -> int:
        """In how many papers these terms stand side by side; 0 in a layout without positions."""
        ...

    def phrase_search(
        self, phrases: Sequence[Sequence[str]], *, limit: int, among: Selection | None = None
    ) -> list[tuple[str, float]]:
        """Paper id and score of those that hold any of the phrases, titles counting more; best first."""
        ...

    def vocabulary(self) -> Mapping[str, int]:
        """The terms that occur most and in how many papers each does."""
        ...

    def replace(self, path: Path) -> None:
        """Take the place of another index, which readers keep until they reopen."""
        ...

    def rebuild(self, batches: Iterable[Sequence[Paper]]) -> None:
        """Replace the index by one of the newest layout that holds these papers; readers keep the old one meanwhile."""
        ...

    def count(self, among: Selection | None = None) -> int:
        """How many papers there are; of a selection if one is given."""
        ...

    def selected(self, among: Selection) -> list[str]:
        """The ids of the papers of a selection, in no order."""
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
        """Hold it. Raises LibraryLocked if another writer does not finish in time, or LibraryReadOnly."""
        ...

    def own_indexes(self) -> AbstractContextManager[bool]:
        """Hold its part for the indexes of the folder alone, without waiting; gives False if another one holds it."""
        ...


class Catalog(Protocol):
    """The papers, as retrieval reads them."""

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers that exist among these ids."""
        ...

    def matching(self, filter_: Filter) -> list[str]:
        """The ids of all papers of a filter, sorted."""
        ...

    def selection(self, filter_: Filter) -> Selection:
        """A filter with its names resolved, as the indexes take it."""
        ...

    def count(self) -> int:
        """How many papers there are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """
    A model's reply with all that it answered: the prompt, the question and the sentences that the model was shown.

    Args:
        id: Twelve hex digits over prompt, model and input.
        created: When it was written, ISO 8601 in UTC.
        prompt: The prompt's id.
        model: The model's name.
        question: What was asked.
        evidence: Per sentence shown its id, paper, number and quote.
        reply: The first reply.
        repair: The reply to the request to repair claims; empty if there was none.
        tokens: Of all calls, both ways.
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
    """Stored replies of models, so that a repeated question costs nothing; and the tokens used each day."""

    def find(self, reply_id: str) -> StoredReply | None:
        """The reply with an id, or with the only id that begins so."""
        ...

    def keep(self, reply: StoredReply) -> None:
        """Store a reply; it replaces an older one with the same id."""
        ...

    def spend(self, day: str, tokens: int) -> None:
        """Add tokens to those of a day, ISO; a negative number gives back what was reserved and not used."""
        ...

    def spent(self, day: str) -> int:
        """The tokens of a day, with those that are reserved."""
        ...

    def reserve(self, day: str, tokens: int, *, limit: int) -> bool:
        """Add tokens to those of a day if the sum stays within the limit; False if it would not."""
        ...
