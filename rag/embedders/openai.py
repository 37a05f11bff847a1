"""
Embeddings from OpenAI, or from any server that speaks its protocol (`OPENAI_BASE_URL`).

Requests are packed up to the protocol's limits and retried by the client, which honours Retry-After.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from rag.embedders.base import MatrixEmbeddings, unit_rows
from rag.errors import ConfigError, EmbedderUnavailable
from rag.llm import tokens
from rag.ports import Matrix

MAX_TEXTS_PER_CALL = 256
MAX_TOKENS_PER_CALL = 100_000
TIMEOUT_S = 60.0
RETRIES = 4


class OpenAIEmbedder(MatrixEmbeddings):
    """
    Vectors of the model `model`.

    Args:
        model: The model's name as the server knows it.
        environment: Has `OPENAI_API_KEY` and `OPENAI_BASE_URL`.
        timeout_s: How long one call may take.
        retries: The number of further attempts if the server is busy, fails or cannot be reached.

    Raises:
        ConfigError: There is neither a key nor another server, or the key is not valid.
    """

    max_tokens = 8191

    def __init__(
        self,
        model: str,
        *,
        environment: Mapping[str, str] = os.environ,
        timeout_s: float = TIMEOUT_S,
        retries: int = RETRIES,
    ) -> None:
        self.name = f"openai:{model}"
        self._model = model
        self._base_url = environment.get("OPENAI_BASE_URL") or None
        self._client = _client(environment, self._base_url, timeout_s, retries)
        self._dimension: int | None = None
        self._counter = tokens.Counter(model)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """The length of a vector; the first use makes a call."""
        if self._dimension is None:
            self._dimension = self.embed(["dimension"]).shape[1]
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit rows, one per text; as many calls as the protocol's limits ask for."""
        rows = [self._call(batch) for batch in self._batches(texts)]
        return unit_rows(np.concatenate(rows)) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def count(self, text: str) -> int:
        """Tokens by tiktoken, or the safe estimate where its vocabulary cannot be had."""
        return self._counter.count(text)

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        used = 0
        for text in texts:
            fitting = self._counter.cut(text or " ", self.max_tokens)
            length = self.count(fitting)
            if batch and (len(batch) == MAX_TEXTS_PER_CALL or used + length > MAX_TOKENS_PER_CALL):
                yield batch
                batch, used = [], 0
            batch.append(fitting)
            used += length
        if batch:
            yield batch

    def _call(self, batch: list[str]) -> Matrix:
        import openai

        try:
            reply = self._client.embeddings.create(model=self._model, input=batch, encoding_format="float")
            rows = sorted(reply.data, key=lambda entry: entry.index)
            matrix = np.asarray([row.embedding for row in rows], dtype=np.float32)
        except openai.OpenAIError as error:
            # the server's own words may repeat the key, and `-v` would show them
            raise self._unavailable(_reason(error)) from (None if isinstance(error, openai.APIStatusError) else error)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._unavailable("its answer is not a list of vectors") from error
        if matrix.ndim != 2 or len(matrix) != len(batch) or not np.isfinite(matrix).all():
            raise self._unavailable(f"it answered {len(matrix)} usable vectors to {len(batch)} texts")
        if self._dimension not in (None, matrix.shape[1]):
            raise self._unavailable(f"its vectors changed from {self._dimension} to {matrix.shape[1]} dimensions")
        self._dimension = matrix.shape[1]
        return matrix

    def _unavailable(self, reason: str) -> EmbedderUnavailable:
        where = _without_password(self._base_url) if self._base_url else "OpenAI"
        return EmbedderUnavailable(
            f"The embedder “{self.name}” at {where} could not be used: {reason}.",
            hint="Check OPENAI_API_KEY, OPENAI_BASE_URL and the model's name, or use `--embedder static`.",
        )


def _client(environment: Mapping[str, str], base_url: str | None, timeout_s: float, retries: int) -> Any:
    import openai

    key = environment.get("OPENAI_API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            "OPENAI_API_KEY has a character that is not allowed in a key.",
            hint="Copy the key anew; it is letters, digits, - and _.",
        )
    if not key and not base_url:
        raise ConfigError(
            "An `openai:` embedder needs OPENAI_API_KEY, which is not set.",
            hint="Set it, or OPENAI_BASE_URL for a server of your own, or use the embedder `static`.",
        )
    return openai.OpenAI(api_key=key or "none", base_url=base_url, timeout=timeout_s, max_retries=retries)


def _without_password(url: str) -> str:
    """
    A URL without its password and query.

    >>> _without_password("https://me:secret@example.org/v1")
    'https://example.org/v1'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def _reason(error: Exception) -> str:
    """The reason of a failure in a few words, without the server's text, which may repeat the key."""
    status = getattr(error, "status_code", None)
    known = {
        401: "the key was refused",
        403: "access was denied",
        404: "it has no such model",
        429: "rate limited",
    }
    if status:
        return f"{known.get(status, 'it failed')} (HTTP {status})"
    return {"APITimeoutError": "it did not answer in time", "APIConnectionError": "no connection"}.get(
        type(error).__name__, type(error).__name__
    )
