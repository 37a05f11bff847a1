"""
Embedders, chosen by name: `static` (the default), `minilm`, `openai:<model>`.

All are LangChain `Embeddings` and fulfil `rag.ports.Embedder`. Each vendor is imported when its embedder is made.
"""

from __future__ import annotations

from rag.errors import ConfigError
from rag.ports import Embedder

DEFAULT = "static-256"

_SHORT = {"static": DEFAULT}


def canonical(name: str) -> str:
    """The name that a library keeps: `static` is `static-256`."""
    return _SHORT.get(name, name)


def embedder(name: str) -> Embedder:
    """
    The embedder of a name.

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

        return MiniLMEmbedder()
    if kind == "openai" and model:
        from rag.embedders.openai import OpenAIEmbedder

        return OpenAIEmbedder(model)
    raise ConfigError(
        f"There is no embedder “{name}”.",
        hint="Choose `static`, `minilm` or `openai:<model>`, such as `openai:text-embedding-3-small`.",
    )
