"""Import inputs into a library: files, the files of folders and archives, URLs. Formats are recognised by content."""

from __future__ import annotations

import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypedDict, Unpack

from rag import sources
from rag.errors import BadFilter, InputError, UnreadableInput
from rag.origins import Origin
from rag.sources.repetition import Repetition, without_notices
from rag.types import ImportReport, Reject
from refdesk.filters import day
from refdesk.ingest import archives, inputs
from refdesk.ingest.ways import HERE, Reading, Way
from stores.store import LibraryStore

Progress = Callable[[int, float], None]
MOST_REJECTS = 1_000
"""So many rejects of what somebody else sent are named; a hostile file could have millions."""


class ReadingOptions(TypedDict, total=False):
    """`Reading` as options of `Library.add` and `add_stream`."""

    format_name: str | None
    encoding: str | None
    listed: str | None
    tags: Sequence[str]
    keep_without_abstract: bool


def reading(**options: Unpack[ReadingOptions]) -> Reading:
    """Check how inputs are to be read. Raises UnknownFormat, BadFilter: the format, the date or a tag is not valid."""
    listed, tags, name = options.get("listed"), tuple(options.get("tags", ())), options.get("format_name")
    if name is not None:
        sources.named(name)
    if unprintable := [tag for tag in tags if not tag.isprintable()]:
        raise BadFilter(f"The tag {unprintable[0]!r} cannot be printed.", hint="Use letters, digits and signs.")
    return Reading(
        format_name=name,
        encoding=options.get("encoding"),
        listed=None if listed is None else day(listed, "listed"),
        tags=tags,
        keep_without_abstract=options.get("keep_without_abstract", False),
    )


def add(
    store: LibraryStore, names: Sequence[str], reading: Reading, progress: Progress, ray: str | None = None
) -> ImportReport:
    """
    Import inputs, one after the other. If there are several, one that cannot be read becomes a reject.

    Args:
        store: An open library.
        names: As in `Library.add`.
        reading: How to read them.
        progress: Called after each batch with the number of records read and the share of the input, 0 to 1.
        ray: The address of the Ray cluster whose workers parse and embed; None means this machine, without Ray.

    Raises:
        UnreadableInput, UnknownFormat: The only input cannot be read.
        RayUnavailable: As its name says.
    """
    total = ImportReport()
    files = inputs.expanded(names)
    if not files:
        raise UnreadableInput(f"{names[0] if names else 'The input'} holds no files.", hint="Give files of papers.")
    with _ways(store, files, reading, ray) as way:
        for number, (name, scope) in enumerate(files):
            try:
                report = _add_one(store, name, scope, reading, progress, way(number))
            except InputError as error:
                if len(files) == 1:
                    raise
                report = ImportReport(rejected=(Reject(where=name, reason=error.message),))
            total += _with_input_name(report, name) if len(files) > 1 else report
    return total


@contextmanager
def _ways(
    store: LibraryStore, files: Sequence[tuple[str, str | None]], reading: Reading, ray: str | None
) -> Iterator[Callable[[int], Way]]:
    """Yield a function that gives the way of the file of a number."""
    if ray is None:
        yield lambda _: HERE
        return
    from refdesk.ingest import ray_import

    today, embedder = store.now()[:10], store.embedder_name
    with ray_import.ways(ray, files, reading, today=today, embedder=embedder, notify=store.notify) as way:
        yield way


def add_file(
    store: LibraryStore,
    path: Path,
    scope: str,
    tags: tuple[str, ...],
    encoding: str | None,
    keep_without_abstract: bool,
) -> ImportReport:
    """Import one file of a folder feed; `scope` is its path within the folder. Raises as `add`."""
    reading = Reading(encoding=encoding, tags=tags, keep_without_abstract=keep_without_abstract)
    return _add_one(store, str(path), scope, reading, lambda *_: None, HERE)


def add_stream(
    store: LibraryStore, stream: BinaryIO, filename: str, reading: Reading, progress: Progress
) -> ImportReport:
    """Import one stream, which may be an archive, that somebody else sent, not the library's owner. Raises as `add`."""
    began = time.perf_counter()
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    report = _add_members(store, stream, filename, size, reading, progress, HERE, owner=False, most=MOST_REJECTS)
    return replace(report, took_ms=(time.perf_counter() - began) * 1000)


def _add_one(
    store: LibraryStore, name: str, scope: str | None, reading: Reading, progress: Progress, way: Way
) -> ImportReport:
    """
    Import one input. The files of an archive are imported one by one; one that cannot be read becomes a reject.

    Args:
        store, name, reading, progress: As in `add`.
        scope: The name that scopes ids of no known scheme; None means the file's own name.
        way: Who parses and embeds.

    Raises:
        UnreadableInput, UnknownFormat: The input cannot be read, or holds no records.
    """
    owner = not inputs.is_url(name)
    with inputs.opened(name) as (stream, filename, size):
        return _add_members(store, stream, scope or filename, size, reading, progress, way, owner=owner)


def _add_members(
    store: LibraryStore,
    stream: BinaryIO,
    filename: str,
    size: int,
    reading: Reading,
    progress: Progress,
    way: Way,
    *,
    owner: bool,
    most: int | None = None,
) -> ImportReport:
    """Import a stream, or the members of the archive that it is. `most` bounds the rejects that the report names."""
    total = ImportReport()
    several = False
    before = 0

    def tell(count: int, share: float) -> None:
        progress(before + count, share)

    for part, part_name, part_size in archives.members(stream, filename, size):
        several = several or part is not stream
        before = total.records
        try:
            how = replace(way, parse=HERE.parse) if several else way
            report = _add_stream(store, part, part_name, part_size, reading, tell, how, owner=owner, most=most)
        except InputError as error:
            if not several:
                raise
            report = ImportReport(rejected=(Reject(where=part_name, reason=error.message),))
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            if not total.added + total.updated + total.unchanged:
                raise UnreadableInput(f"{filename} is a damaged zip file: {error}.", hint="Fetch it again.") from error
            report = ImportReport(rejected=(Reject(where=part_name, reason=f"damaged: {error}"),))
        total += _with_input_name(report, part_name) if several else report
        total = total.shortened(most) if most else total
    return total


def _add_stream(
    store: LibraryStore,
    stream: BinaryIO,
    filename: str,
    size: int,
    reading: Reading,
    progress: Progress,
    way: Way,
    *,
    owner: bool,
    most: int | None,
) -> ImportReport:
    from stores.ingest import import_records

    parsed = way.parse(stream, filename, reading, store.now()[:10])
    read = 0

    def tell(count: int) -> None:
        nonlocal read
        read += count
        progress(read, min(1.0, parsed.position() / max(size, 1)))

    records = without_notices(parsed.records, Repetition(keep_without_abstract=reading.keep_without_abstract))
    origin = Origin(owner=owner, name=filename)
    report = import_records(
        store,
        records,
        ahead=way.ahead,
        at_once=way.at_once,
        notes=parsed.notes,
        origin=origin,
        progress=tell,
        most_rejects=most,
    )
    if not report.records:
        raise UnreadableInput(f"{filename} holds no records.", hint="`refdesk add --list-formats` lists what is read.")
    return report


def _with_input_name(report: ImportReport, name: str) -> ImportReport:
    """The report with the name of the input in the place of each reject."""
    rejected = (
        replace(reject, where=f"{name}: {reject.where}" if reject.where != name else name) for reject in report.rejected
    )
    return replace(report, rejected=tuple(rejected), notes=tuple(f"{name}: {note}" for note in report.notes))
