"""
Embedders, chosen by name: `static` (the default), `minilm`, `openai:<model>`.

All are LangChain `Embeddings` and fulfil `rag.ports.Embedder`. Each vendor is imported when its embedder is made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rag.errors import ConfigError
from rag.ports import Embedder

DEFAULT = "static-256"

_SHORT = {"static": DEFAULT}


def canonical(name: str) -> str:
    """The name that a library keeps: `static` is `static-256`."""
    return _SHORT.get(name, name)


def embedder(name: str, *, environment: Mapping[str, str] = os.environ, threads: int = 0) -> Embedder:
    """
    The embedder of a name.

    Args:
        name: As a library keeps it, or short.
        environment: Has the key and the address of a server.
        threads: Threads of a model on this machine; 0 is one for each core.

    Raises:
        ConfigError: No embedder has the name.
        EmbedderUnavailable: Its weights cannot be had, or its server not be reached.
    """
    kind, _, model = name.partition(":")
    if canonical(name) == DEFAULT:
        from rag.embedders.static import StaticEmbedder

        return StaticEmbedder()
    if name == "minilm":
        from rag.embedders.minilm import MiniLMEmbedder

        return MiniLMEmbedder(threads=threads)
    if kind == "openai" and model:
        from rag.embedders.openai import OpenAIEmbedder

        return OpenAIEmbedder(model, environment=environment)
    raise ConfigError(
        f"There is no embedder “{name}”.",
        hint="Choose `static`, `minilm` or `openai:<model>`, such as `openai:text-embedding-3-small`.",
    )
