"""
Import on the machines of a Ray cluster: its workers parse, split and embed; this process deduplicates and writes.

Readers are actors that give the records of one file or part after the other, a few replies ahead of the import. Batches
are embedded by tasks, a piece each. All of it can be repeated, so Ray's retries change nothing. Ray is imported here
only.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import numpy as np

from rag import sources
from rag.embedders import canonical
from rag.errors import RayUnavailable, RefdeskError
from rag.ports import Embedder, Prepared, Submit
from rag.sources import Usage, parts
from rag.types import Paper, Reject
from refdesk._version import __version__
from refdesk.ingest.ray_connection import connected, first_line, of_worker
from refdesk.ingest.ray_tasks import EmbedderSpec, Read, Reader, Source, prepare
from refdesk.ingest.ways import Parsed, Reading, Way, parse_here

READERS = 2
"""Each parses faster than one process writes."""
REPLIES = 3
"""Replies that are asked of a reader ahead; they bound what is held in memory."""
PIECE = 64
"""Texts that one task embeds."""
RETRIES = 3
"""So often is repeated what a worker or a machine took down with it."""
_LOOK_S = 0.5


@contextmanager
def ways(
    address: str,
    files: Sequence[tuple[str, str | None]],
    reading: Reading,
    *,
    today: str,
    embedder: str,
    notify: Callable[[str], None],
) -> Iterator[Callable[[int], Way]]:
    """
    Connect to Ray for an import.

    Args:
        address: `local` starts Ray on this machine, `auto` finds the one that runs here; otherwise `ray://host:port` or
            `host:port`.
        files: The inputs in order, each with the name that scopes its ids.
        reading: How to read them.
        today: The day of the import, ISO.
        embedder: The embedder's name.
        notify: Called with a sentence when there is something to wait for.

    Yields:
        A function that gives the way of the file of a number.

    Raises:
        RayUnavailable: Ray is not installed, or not reached.
    """
    names = ("OPENAI_API_KEY", "OPENAI_BASE_URL") if embedder.startswith("openai:") else ()
    spec = EmbedderSpec(canonical(embedder), tuple((name, os.environ[name]) for name in names if name in os.environ))
    planned = [plan(name, scope, reading, today) for name, scope in files]
    with connected(address) as ray:
        if not ray.cluster_resources().get("CPU"):
            notify("The Ray cluster has no machine for tasks yet; the import waits for one.")
        workers = _Workers(ray, spec, planned)
        try:
            yield workers.way
        finally:
            workers.close()


def plan(name: str, scope: str | None, reading: Reading, today: str) -> Callable[[], tuple[list[Source], str]]:
    """A function that gives the sources of an input for readers, none if it is no file, and the decoder's note."""

    def cut() -> tuple[list[Source], str]:
        path = Path(name)
        if name == "-" or "://" in name or not path.is_file():
            return [], ""
        try:
            with path.open("rb") as stream:
                if stream.read(4) == b"PK\x03\x04":
                    return [], ""
                whole = Source(str(path.absolute()), scope or path.name, path.stat().st_size, reading, today)
                found, note, head = parts.parts(stream, whole.filename, reading.encoding, parts.PART_BYTES)
        except OSError:
            return [], ""
        if not found or (reading.format_name or sources.recognise(head, whole.filename).name) != "jsonl":
            return [whole], ""
        return [replace(whole, part=part) for part in found], note

    return cut


@dataclass(slots=True)
class _Open:
    """A source that a reader reads: the number of its file, and the replies that are on their way."""

    file: int
    source: Source
    reader: int
    replies: deque[Any] = field(default_factory=deque)
    asked: int = 0


class _Workers:
    """The readers, the tasks that embed, and what is on its way from them."""

    def __init__(self, ray: Any, spec: EmbedderSpec, planned: Sequence[Callable[[], tuple[list[Source], str]]]) -> None:
        self._ray, self._stop = ray, Event()
        actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=RETRIES, scheduling_strategy="SPREAD")(Reader)
        self._readers = [actor.remote() for _ in range(READERS)]
        self._prepare = ray.remote(num_cpus=1, max_retries=RETRIES)(prepare)
        self._spec = ray.put(spec)
        self._notes: dict[int, str] = {}
        self._coming = self._sources(planned)
        self._open: deque[_Open] = deque()
        self._opened = 0

    def close(self) -> None:
        """Stop waiting, and let the readers go."""
        self._stop.set()
        for reader in self._readers:
            self._ray.kill(reader)

    def way(self, number: int) -> Way:
        """The way of one file."""
        return Way(parse=partial(self._parse, number), ahead=self._preparing, at_once=self._preparing)

    # ---- reading

    def _sources(self, planned: Sequence[Callable[[], tuple[list[Source], str]]]) -> Iterator[tuple[int, Source]]:
        for number, cut in enumerate(planned):
            found, self._notes[number] = cut()
            for source in found:
                yield number, source

    def _parse(self, number: int, stream: BinaryIO, filename: str, reading: Reading, today: str) -> Parsed:
        """The records of a file from the readers; what they have no source of is parsed here."""
        self._fill()
        while self._open and self._open[0].file < number:  # a file that could not be read to its end
            self._open.popleft()
            self._fill()
        if not self._open or self._open[0].file != number:
            return parse_here(stream, filename, reading, today)
        usage = Usage(decoding=self._notes[number] or None)
        position = [0]
        return Parsed(self._records(number, usage, position), usage, lambda: position[0])

    def _records(self, number: int, usage: Usage, position: list[int]) -> Iterator[Paper | Reject]:
        while self._open and self._open[0].file == number:
            source = self._open[0]
            for reply in self._replies(source):
                yield from reply.records
                position[0] = reply.at
                if reply.error:
                    raise reply.error
                if reply.usage:
                    usage.decoding = usage.decoding or reply.usage.decoding
                    usage.absorb(reply.usage)
            self._open.popleft()
            self._fill()

    def _replies(self, source: _Open) -> Iterator[Read]:
        """All replies about a source."""
        number = 0
        while True:
            reply: Read = self._get(source.replies.popleft(), partial(self._ask_for, source, number))
            if reply.usage or reply.error:
                yield reply
                return
            self._ask(source)
            yield reply
            number += 1

    def _fill(self) -> None:
        """Let each reader have a source to read."""
        while len(self._open) < READERS and (found := next(self._coming, None)):
            opened = _Open(*found, reader=self._opened % READERS)
            self._opened += 1
            self._open.append(opened)
            for _ in range(REPLIES):
                self._ask(opened)

    def _ask(self, source: _Open) -> None:
        source.replies.append(self._ask_for(source, source.asked))
        source.asked += 1

    def _ask_for(self, source: _Open, number: int) -> Any:
        return self._readers[source.reader].read.remote(__version__, source.source, number)

    # ---- splitting and embedding

    @contextmanager
    def _preparing(self, _: Embedder) -> Iterator[Submit]:
        """As `rag.embedders.worker.ahead`, by Ray's workers."""
        stop = Event()
        with ThreadPoolExecutor(1, thread_name_prefix="prepare") as pool:

            def submit(texts: Sequence[str], abstracts: Sequence[str]) -> Future[Prepared]:
                count = max(1, math.ceil(max(len(texts), len(abstracts)) / PIECE))
                pieces = list(zip(_cut(texts, count), _cut(abstracts, count), strict=True))
                asks = [partial(self._prepare.remote, __version__, self._spec, *piece) for piece in pieces]
                return pool.submit(
                    self._joined, [ask() for ask in asks], asks, [len(piece[0]) for piece in pieces], stop
                )

            try:
                yield submit
            finally:
                stop.set()

    def _joined(
        self, refs: Sequence[Any], asks: Sequence[Callable[[], Any]], sizes: Sequence[int], stop: Event
    ) -> Prepared:
        found = [self._get(ref, ask, stop) for ref, ask in zip(refs, asks, strict=True)]
        refused: dict[int, str] = {}
        at = 0
        for piece, size in zip(found, sizes, strict=True):
            refused |= {at + number: reason for number, reason in piece.refused.items()}
            at += size
        return Prepared(
            np.concatenate([piece.vectors for piece in found]),
            [spans for piece in found for spans in piece.spans],
            [roles for piece in found for roles in piece.roles],
            refused,
        )

    def _get(self, ref: Any, again: Callable[[], Any], stop: Event | None = None) -> Any:
        """
        Wait for a result; ask again for one that was lost with its machine.

        Raises:
            RefdeskError: What the worker raised, or RayUnavailable.
            CancelledError: The import has ended.
        """
        from ray.exceptions import RayError, RayTaskError

        lost = 0
        while True:
            if (stop or self._stop).is_set():
                raise CancelledError
            try:
                if self._ray.wait([ref], timeout=_LOOK_S)[0]:
                    return self._ray.get(ref)
            except RayTaskError as error:
                raise of_worker(error) from (None if isinstance(error.cause, RefdeskError) else error)
            except RayError as error:
                lost += 1
                if lost > RETRIES:
                    raise RayUnavailable(
                        f"Ray gave up: {first_line(error)}.", hint="Run the command again; what was imported is kept."
                    ) from error
                ref = again()
            except ConnectionError as error:
                raise RayUnavailable(
                    f"The connection to Ray was lost: {first_line(error)}.",
                    hint="Run the command again; what was imported is kept.",
                ) from error


def _cut(items: Sequence[str], count: int) -> Iterable[Sequence[str]]:
    """
    Cut a sequence into so many pieces of about the same size.

    >>> list(_cut(["a", "b", "c"], 2))
    [['a'], ['b', 'c']]
    """
    bounds = [len(items) * at // count for at in range(count + 1)]
    return [items[start:end] for start, end in pairwise(bounds)]
