"""
What Ray's workers do for an import: read records of a file or a part of it, split and embed.

Both are stateless for whoever calls: the same call gives the same result on any worker, however often it is made.
Nothing here imports Ray.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from rag import embedders, sources
from rag.embedders.worker import prepared
from rag.errors import ConfigError, InputError, ModelError, RayUnavailable
from rag.ports import Embedder, Prepared
from rag.sources import Usage
from rag.sources.parts import Part
from rag.types import Paper, Reject
from refdesk._version import __version__
from refdesk.ingest.ways import Reading

RECORDS = 500
"""Records in one reply of a reader."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a part of it, and how to read it. `size` is the file's, as the driver sees it."""

    path: str
    filename: str
    size: int
    reading: Reading
    today: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """The name of an embedder, and the key and address of its server, which are never printed."""

    name: str
    environment: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(slots=True)
class Read:
    """
    Some records of a source.

    Attributes:
        records: In order.
        at: The position in the file up to which it was read.
        usage: What was used of the source; with the last records only.
        error: Why it cannot be read further.
    """

    records: list[Paper | Reject]
    at: int = 0
    usage: Usage | None = None
    error: InputError | None = None


class Reader:
    """Reads sources. What it keeps between calls only saves reading again: a new reader gives the same replies."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._replies: Iterator[Read] = iter(())
        self._next = 0

    def read(self, version: str, source: Source, number: int) -> Read:
        """
        The `number`-th reply about a source; empty behind the last one.

        Raises:
            RayUnavailable: This worker has another Refdesk or no such file.
        """
        _require(version)
        if source != self._source or number < self._next:
            self._replies, self._source, self._next = self._all(source), source, 0
        skipped = number - self._next
        self._next = number + 1
        return next(islice(self._replies, skipped, None), Read([]))

    def _all(self, source: Source) -> Iterator[Read]:
        with _opened(source) as stream:
            records: Iterator[Paper | Reject] = iter(())
            some: list[Paper | Reject] = []
            try:
                options = {**asdict(source.reading), "part": source.part}
                records, usage = sources.parse(stream, source.filename, today=source.today, **options)
                for record in records:
                    some.append(record)
                    if len(some) == RECORDS:
                        yield Read(some, stream.tell())
                        some = []
            except InputError as error:
                yield Read(some, stream.tell(), error=error)
                return
            yield Read(some, stream.tell(), usage)


def prepare(version: str, spec: EmbedderSpec, texts: Sequence[str], abstracts: Sequence[str]) -> Prepared:
    """
    Embed embedding texts and split abstracts.

    Raises:
        RayUnavailable: This worker has another Refdesk.
        ModelError, ConfigError: The embedder cannot be used on this worker.
    """
    _require(version)
    try:
        return prepared(_embedder(spec), texts, abstracts)
    except (ModelError, ConfigError) as error:
        raise type(error)(f"On the worker {platform.node()}: {error.message}", hint=error.hint) from None


@lru_cache(maxsize=1)
def _embedder(spec: EmbedderSpec) -> Embedder:
    """The process's embedder, made once. Ray runs a task for each core, so it has one thread."""
    return embedders.embedder(spec.name, environment=dict(spec.environment), threads=1)


def _require(version: str) -> None:
    if version != __version__:
        raise RayUnavailable(
            f"The worker {platform.node()} has Refdesk {__version__}, and here it is {version}.",
            hint="Install the same version on all machines of the cluster.",
        )


def _opened(source: Source) -> BinaryIO:
    """Open a source's file, which must be the one that the driver sees. Raises RayUnavailable."""
    path, size = Path(source.path), None
    with suppress(OSError):
        size = path.stat().st_size
        if size == source.size:
            return path.open("rb")
    what = "cannot read" if size is None else "sees another file at" if size != source.size else "may not read"
    raise RayUnavailable(
        f"The worker {platform.node()} {what} {path}.",
        hint="Put the files into a folder that all machines of the cluster share, under the same path.",
    )
