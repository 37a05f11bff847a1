"""The way from bytes to prepared batches: how inputs are read, and who parses and embeds them, this process or Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO, NamedTuple

from rag import sources
from rag.embedders.worker import ahead, at_once
from rag.ports import Prepare
from rag.types import Paper, Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How inputs are read: the arguments of `rag.sources.parse` by their names."""

    format_name: str | None = None
    encoding: str | None = None
    listed: str | None = None
    tags: tuple[str, ...] = ()
    keep_without_abstract: bool = False


class Parsed(NamedTuple):
    """An input's records, the notes on it, which are whole after the last record, and how many bytes were read."""

    records: Iterator[Paper | Reject]
    notes: Iterable[str]
    position: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """
    Who parses and who embeds.

    Args:
        parse: Takes an input's bytes, its name, how to read it, and today's date. Raises as `rag.sources.parse`.
        ahead: Prepares the next batch while the last one is written.
        at_once: The same for an import of one small batch.
    """

    parse: Callable[[BinaryIO, str, Reading, str], Parsed]
    ahead: Prepare
    at_once: Prepare


def parse_here(stream: BinaryIO, filename: str, reading: Reading, today: str) -> Parsed:
    """Parse in this process."""
    records, usage = sources.parse(stream, filename, today=today, **asdict(reading))
    return Parsed(records, usage, stream.tell)


HERE = Way(parse=parse_here, ahead=ahead, at_once=at_once)
