"""Builds everything once from the configuration and passes it in; nothing else sees the configuration."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rag.checking import Checker, similarity
from rag.embedders import DEFAULT, canonical, embedder
from rag.ports import Replies
from rag.retrieval.retriever import Retriever
from refdesk.settings import prompts
from refdesk.settings.config import Config
from stores.indexes import Indexes
from stores.locks import FileWriterLock
from stores.place import Place
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.answers.generated import Generator
    from stores.lexical.tantivy import TantivyLexical
    from stores.vectors.chroma import ChromaVectors


def store(
    folder: Path,
    config: Config,
    *,
    create: bool,
    read_only: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> LibraryStore:
    """The library in `folder`, opened."""
    return LibraryStore(
        Place(folder, config.catalog, config.vectors),
        embedder_name=canonical(config.embedder) if config.embedder else None,
        make_embedder=embedder,
        default_embedder=DEFAULT,
        indexes=indexes(folder, config.vectors),
        lock=FileWriterLock(folder, timeout_s=config.lock_timeout_s, notify=notify),
        create=create,
        read_only=read_only,
        notify=notify,
    )


def indexes(folder: Path, vectors_url: str | None = None) -> Indexes:
    """The word index and the vectors of the library in `folder`, opened when first needed."""
    return Indexes(folder, open_lexical=_open_lexical, open_vectors=_open_vectors, vectors_url=vectors_url)


def _open_lexical(path: Path) -> TantivyLexical:
    from stores.lexical.tantivy import TantivyLexical

    return TantivyLexical(path)


def _open_vectors(place: Path | str, library_id: str) -> ChromaVectors:
    from stores.vectors.chroma import ChromaVectors  # Chroma takes a second to import

    return ChromaVectors(place, library_id=library_id)


def retriever(library: LibraryStore) -> Retriever:
    """Retrieval over an open library; words are compared by the static embedder, whichever the library's own is."""
    from rag.embedders.static import StaticEmbedder

    own = library.embedder
    words = own if isinstance(own, StaticEmbedder) else StaticEmbedder()
    return Retriever(library.catalog, library.lexical, library.vectors, own, words.word_vectors)


def checker() -> Checker:
    """The verifier, with the static embedder's table of words."""
    from rag.embedders.static import StaticEmbedder

    return Checker(similarity(StaticEmbedder().word_vectors))


def generator(config: Config, *, checker: Checker, generations: Replies, now: Callable[[], str]) -> Generator:
    """The chain that writes answers with the model of the settings. Raises ConfigError."""
    from rag.answers.budget import MAX_OUTPUT_TOKENS
    from rag.answers.generated import Generator
    from rag.llm import chat
    from rag.llm.tokens import Counter

    name = config.model or ""
    openai = name.startswith("openai:") or ":" not in name
    base_url = os.environ.get("OPENAI_BASE_URL") if openai else None
    model = chat.make(
        name,
        base_url=base_url,
        api_key=os.environ.get("OPENAI_API_KEY") if openai else None,
        timeout_s=config.model_timeout_s,
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )
    counter = Counter(name.partition(":")[2] or name)
    return Generator(
        lambda: chat.Chat(model, counter),
        name=name,
        key=f"{name} {base_url}",
        checker=checker,
        prompts=prompts.load(Path(config.prompts).expanduser() if config.prompts else None),
        generations=generations,
        now=now,
    )
