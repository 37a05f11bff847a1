"""Builds everything once from the configuration and passes it in; nothing else sees the configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rag.embedders import DEFAULT, canonical, embedder
from rag.retrieval import Retriever
from refdesk.config import Config
from stores.library import LibraryStore, Place


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
        create=create,
        read_only=read_only,
        lock_timeout_s=config.lock_timeout_s,
        notify=notify,
    )


def retriever(library: LibraryStore) -> Retriever:
    """Retrieval over an open library; words are compared by the static embedder, whichever the library's own is."""
    from rag.embedders.static import StaticEmbedder

    own = library.embedder
    words = own if isinstance(own, StaticEmbedder) else StaticEmbedder()
    return Retriever(library.catalog, library.lexical, library.vectors, own, words.word_vectors)
