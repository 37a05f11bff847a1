"""
Embeddings from OpenAI, or from any server that speaks its protocol (`OPENAI_BASE_URL`).

Requests are packed up to the protocol's limits and retried by the client, which honours Retry-After. A server may have
lower limits: a batch that it refuses is halved, a text that it refuses alone is cut, and what it takes is remembered.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
SHORTEST_CUT = 16
"""Tokens to which a text is cut at least: a server that refuses so few does not refuse the length."""
LONG = 256
"""Tokens from which on a text is cut also where the server does not say that it refuses the length."""
_PROBE = "dimension"
FAILED = 500
"""The status of a server that failed; some fail at one text, such as one that gives no finite vector."""
_REFUSALS = (400, 413, 422, FAILED)
_LENGTH = re.compile(
    r"too (?:long|large|many|big)|exceed|maximum|max_|context|limit|length|tokens|physical|batch", re.IGNORECASE
)
"""What a refusal of a length says."""
_NUMBER = re.compile(r"(?<![\d.])\d{2,6}(?![\d.])")


class _RequestRefused(Exception):
    """The server refused these texts; it may take fewer, or shorter ones."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{said} (HTTP {status})" if said else f"HTTP {status}")
        self.status, self.said = status, said


@dataclass(slots=True)
class _Part:
    """
    Texts with their numbers.

    `whole` counts how many halves of the refused batch that they were a part of passed. With `once` the server failed
    at that batch, and is not asked again and again about its parts.
    """

    texts: list[tuple[int, str]]
    whole: list[int] | None = None
    once: bool = False


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
        self._most_texts = MAX_TEXTS_PER_CALL
        self._too_long, self._fits = self.max_tokens + 1, self.max_tokens

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """The length of a vector; the first use makes a call."""
        if self._dimension is None:
            self._dimension = self.embed([_PROBE]).shape[1]
        return self._dimension

    def limits(self) -> tuple[int, int]:
        """The most texts of a request, and the most tokens of a text, as far as the server has refused more."""
        return self._most_texts, self._fits

    def embed(self, texts: Sequence[str]) -> Matrix:
        """
        Unit rows, one per text; as many calls as the limits of the protocol and of the server ask for.

        Raises:
            EmbedderUnavailable: The server cannot be used, or takes one of the texts in no form.
        """
        rows, refused = self.embed_each(texts)
        if refused:
            raise self._unavailable(f"it refused a text: {next(iter(refused.values()))}")
        return rows

    def embed_each(self, texts: Sequence[str]) -> tuple[Matrix, dict[int, str]]:
        """
        Unit rows, one per text, and by number why the server takes a text in no form; the row of such a one is zero.

        Raises:
            EmbedderUnavailable: The server cannot be used, or takes no text at all.
        """
        rows: dict[int, Matrix] = {}
        refused: dict[int, str] = {}
        waiting = [_Part(list(enumerate(texts)))]
        while waiting:
            part = waiting.pop()
            batch, rest = self._fitting(part.texts)
            if rest:
                waiting.append(_Part(rest, once=part.once))
                part = _Part(batch, once=part.once)
            if not batch:
                continue
            try:
                found = self._call([text for _, text in batch], once=part.once)
            except _RequestRefused as error:
                self._require_any_text(error)
                if len(batch) > 1:
                    half, whole, once = len(batch) // 2, [0], error.status == FAILED
                    waiting += [_Part(batch[half:], whole, once), _Part(batch[:half], whole, once)]
                    continue
                number, text = batch[0]
                if (row := self._shortened(text, error)) is None:
                    refused[number] = str(error)
                else:
                    rows[number] = row[0]
                continue
            for (number, _), row in zip(batch, found, strict=True):
                if np.isfinite(row).all():
                    rows[number] = row
                else:
                    refused[number] = "its vector has a value that is no number"
            if part.whole:
                part.whole[0] += 1
                if part.whole[0] == 2:  # both halves are taken, and together they were not: they were too many
                    self._most_texts = min(self._most_texts, len(batch))
        matrix = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if rows:
            matrix[list(rows)] = unit_rows(np.stack(list(rows.values())))
        return matrix, refused

    def count(self, text: str) -> int:
        """Tokens by tiktoken, or the safe estimate where its vocabulary cannot be had."""
        return self._counter.count(text)

    def _fitting(self, texts: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """The longest beginning of numbered texts that fits into one request, each text cut to its limit; the rest."""
        batch: list[tuple[int, str]] = []
        used = 0
        for at, (number, text) in enumerate(texts):
            fitting = self._counter.cut(text or " ", self.max_tokens)
            length = self.count(fitting)
            if length >= self._too_long:
                fitting = self._counter.cut(fitting, self._fits)
                length = self.count(fitting)
            if batch and (len(batch) == self._most_texts or used + length > MAX_TOKENS_PER_CALL):
                return batch, texts[at:]
            batch.append((number, fitting))
            used += length
        return batch, []

    def _shortened(self, text: str, error: _RequestRefused) -> Matrix | None:
        """One row, of the longest beginning of the text that the server takes of some; None if it takes none."""
        count, about_length = self.count(text), _LENGTH.search(error.said)
        if not about_length and count <= LONG:
            return None
        named = {9 * int(number) // 10 for number in _NUMBER.findall(error.said) if int(number) < count}
        lengths = sorted(named, reverse=True)[:3]
        length = min([count, *lengths]) // 2
        while length >= SHORTEST_CUT:
            lengths.append(length)
            length //= 2
        for length in lengths:
            try:
                row = self._call([self._counter.cut(text, length)], once=True)
            except _RequestRefused:
                continue
            if about_length:  # otherwise the fault may be in the end of this one text
                self._too_long, self._fits = min(self._too_long, count), length
            return row
        return None

    def _require_any_text(self, refusal: _RequestRefused) -> None:
        """Raise EmbedderUnavailable if the server now refuses every text: then the fault is in no text."""
        if self._dimension is None or refusal.status == FAILED:
            try:
                self._call([_PROBE], once=True)
            except _RequestRefused as error:
                if error.status == FAILED:
                    raise self._unavailable(f"it failed (HTTP {FAILED})") from None
                raise self._unavailable(f"it refuses every text: {error}") from None

    def _call(self, batch: list[str], *, once: bool = False) -> Matrix:
        """
        A row per text, of any length, with NaN where the server gave no number.

        Args:
            batch: The texts.
            once: Do not ask a server again that fails.

        Raises:
            _RequestRefused, EmbedderUnavailable: As their names say.
        """
        import openai

        client = self._client.with_options(max_retries=0) if once else self._client
        try:
            reply = client.embeddings.create(model=self._model, input=batch, encoding_format="float")
            rows = list(reply.data)
            if all(getattr(row, "index", None) is not None for row in rows):
                rows.sort(key=lambda entry: entry.index)
            matrix = np.asarray([_decoded(row.embedding) for row in rows], dtype=np.float32)
        except openai.OpenAIError as error:
            status = getattr(error, "status_code", None)
            if status in _REFUSALS:
                raise _RequestRefused(status, self._said(error)) from None
            # the server's own words may repeat the key, and `-v` would show them
            raise self._unavailable(_reason(error)) from (None if isinstance(error, openai.APIStatusError) else error)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._unavailable("its answer is not a list of vectors") from error
        if matrix.ndim != 2 or len(matrix) != len(batch):
            raise self._unavailable(f"it answered {len(matrix)} usable vectors to {len(batch)} texts")
        if self._dimension not in (None, matrix.shape[1]):
            raise self._unavailable(f"its vectors changed from {self._dimension} to {matrix.shape[1]} dimensions")
        self._dimension = matrix.shape[1]
        return matrix

    def _said(self, error: Exception) -> str:
        """The beginning of the server's message in one line, without anything that looks like a key."""
        body = getattr(error, "body", None)
        said = (body.get("message") or body.get("detail")) if isinstance(body, dict) else body
        text = " ".join((said if isinstance(said, str) else json.dumps(said) if said else "").split())[:200]
        text = text.replace(self._client.api_key, "***") if len(self._client.api_key) > 4 else text
        text = re.sub(r"\b(?:sk|pk|key|gsk|hf)[-_][\w*-]{8,}", "***", text)
        return "".join(char for char in text if char.isprintable())

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


def _decoded(embedding: Any) -> Any:
    """A vector as numbers; some servers send base64 though they are asked for numbers."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    return embedding


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
