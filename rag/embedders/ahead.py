"""
Embedding ahead: the next batch is embedded while the last one is being written.

Chroma holds Python's global lock while it writes, so a thread would wait for it. The static embedder, which computes
in this process, therefore runs in a helper process of its own; the others wait for a server or release the lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from rag.errors import EmbedderUnavailable
from rag.ports import Embedder, Matrix

Submit = Callable[[Sequence[str]], "Future[Matrix]"]


@contextmanager
def ahead(embedder: Embedder) -> Iterator[Submit]:
    """
    A function that begins to embed texts and returns at once with the future matrix.

    Batches are embedded one after the other, in order.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="embed") as pool:
        if embedder.name != "static-256":
            yield lambda texts: pool.submit(embedder.embed, texts)
            return
        with _Helper(embedder.dimension) as helper:
            yield lambda texts: pool.submit(helper.embed, texts)


class _Helper:
    """A child that reads a line of JSON texts and answers with their vectors, until its input ends."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rag.embedders.ahead"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # a Ctrl-C is for the parent, which decides
        )

    def embed(self, texts: Sequence[str]) -> Matrix:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        size = len(texts) * self._dimension * 4
        try:
            stdin.write(json.dumps(list(texts)).encode() + b"\n")
            stdin.flush()
            data = stdout.read(size)
        except OSError as error:
            raise _ended() from error
        if len(data) != size:
            raise _ended()
        return np.frombuffer(data, dtype=np.float32).reshape(len(texts), self._dimension)

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
    """The child's side."""
    from rag.embedders.static import StaticEmbedder

    embedder = StaticEmbedder()
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(embedder.embed(json.loads(line)).tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
