"""
Splitting and embedding ahead: the next batch is prepared while the last one is being written.

Chroma holds Python's global lock while it writes, so a thread would wait for it. With the static embedder, which
computes on this machine, the work is done by a helper process; the others wait for a server or release the lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from rag import roles
from rag.errors import EmbedderUnavailable
from rag.ports import Embedder, Prepared, Submit
from rag.text import split


@contextmanager
def ahead(embedder: Embedder) -> Iterator[Submit]:
    """
    Yield a function that begins to prepare a batch and returns the future at once.

    Batches are prepared one after the other, in order.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="prepare") as pool:
        if not embedder.is_static:
            yield lambda embedding_texts, abstracts: pool.submit(prepared, embedder, embedding_texts, abstracts)
            return
        with _Helper(embedder.dimension) as helper:
            yield lambda embedding_texts, abstracts: pool.submit(helper.prepare, embedding_texts, abstracts)


@contextmanager
def at_once(embedder: Embedder) -> Iterator[Submit]:
    """The same in this process, for a batch so small that starting a helper would take longer."""

    def submit(embedding_texts: Sequence[str], abstracts: Sequence[str]) -> Future[Prepared]:
        future: Future[Prepared] = Future()
        future.set_result(prepared(embedder, embedding_texts, abstracts))
        return future

    yield submit


def prepared(embedder: Embedder, embedding_texts: Sequence[str], abstracts: Sequence[str]) -> Prepared:
    """Embed embedding texts, and split abstracts into sentences with their roles."""
    spans = [split(abstract) for abstract in abstracts]
    sentences = [
        [abstract[start:end] for start, end in of_one] for abstract, of_one in zip(abstracts, spans, strict=True)
    ]
    vectors, refused = embedder.embed_each(embedding_texts)
    return Prepared(vectors, spans, roles.roles_of(sentences), refused)


class _Helper:
    """A child process. It reads a line of JSON for each batch, and answers with offsets and roles, then the vectors."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rag.embedders.worker"],  # -P: nothing in the user's folder stands in for ours
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # a Ctrl-C is for the parent, which decides
        )

    def prepare(self, embedding_texts: Sequence[str], abstracts: Sequence[str]) -> Prepared:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        size = len(embedding_texts) * self._dimension * 4
        try:
            stdin.write(json.dumps([list(embedding_texts), list(abstracts)]).encode() + b"\n")
            stdin.flush()
            answer = json.loads(stdout.readline() or b"null")
            data = stdout.read(size)
        except (OSError, ValueError) as error:
            raise _ended() from error
        if answer is None or len(data) != size:
            raise _ended()
        rows = np.frombuffer(data, dtype=np.float32).reshape(len(embedding_texts), self._dimension)
        spans, codes = answer
        offsets = [tuple((start, end) for start, end in pairs) for pairs in spans]
        return Prepared(rows, offsets, list(map(roles.decode, codes)), {})

    def __enter__(self) -> _Helper:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def _ended() -> EmbedderUnavailable:
    return EmbedderUnavailable(
        "The process that embeds has ended.", hint="Run the command again; what was imported is kept."
    )


def _serve() -> None:
    """Prepare batches in the child process."""
    from rag.embedders.static import StaticEmbedder

    embedder = StaticEmbedder()
    for line in sys.stdin.buffer:
        batch = prepared(embedder, *json.loads(line))
        sys.stdout.buffer.write(json.dumps([batch.spans, list(map(roles.encode, batch.roles))]).encode() + b"\n")
        sys.stdout.buffer.write(batch.vectors.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
