"""Import inputs into a library: files, the files of folders and archives, URLs. Formats are recognised by content."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from rag import sources
from rag.errors import InputError, UnreadableInput
from rag.origins import Origin
from rag.sources.repetition import Repetition, without_notices
from rag.types import ImportReport, Reject
from refdesk.ingest import archives, inputs
from stores.store import LibraryStore

Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How inputs are read: the arguments of `rag.sources.parse` by their names."""

    format_name: str | None = None
    encoding: str | None = None
    listed: str | None = None
    tags: tuple[str, ...] = ()
    keep_without_abstract: bool = False


def add(store: LibraryStore, names: Sequence[str], reading: Reading, progress: Progress) -> ImportReport:
    """
    Import inputs, one after the other. If there are several, one that cannot be read becomes a reject.

    Args:
        store: An open library.
        names: As in `Library.add`.
        reading: How to read them.
        progress: Called after each batch with the number of records read and the share of the input, 0 to 1.

    Raises:
        UnreadableInput, UnknownFormat: The only input cannot be read.
    """
    total = ImportReport()
    files = inputs.expanded(names)
    if not files:
        raise UnreadableInput(f"{names[0] if names else 'The input'} holds no files.", hint="Give files of papers.")
    for name, scope in files:
        try:
            report = _add_one(store, name, scope, reading, progress)
        except InputError as error:
            if len(files) == 1:
                raise
            report = ImportReport(rejected=(Reject(where=name, reason=error.message),))
        total += _with_input_name(report, name) if len(files) > 1 else report
    return total


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
    return _add_one(store, str(path), scope, reading, lambda *_: None)


def add_stream(
    store: LibraryStore, stream: BinaryIO, filename: str, format_name: str | None, tags: tuple[str, ...]
) -> ImportReport:
    """Import one stream that somebody else sent, not the library's owner. Raises as `add`."""
    reading = Reading(format_name=format_name, tags=tags)
    return _add_stream(store, stream, filename, 0, reading, lambda *_: None, owner=False)


def _add_one(store: LibraryStore, name: str, scope: str | None, reading: Reading, progress: Progress) -> ImportReport:
    """
    Import one input. The files of an archive are imported one by one; one that cannot be read becomes a reject.

    Args:
        store, name, reading, progress: As in `add`.
        scope: The name that scopes ids of no known scheme; None means the file's own name.

    Raises:
        UnreadableInput, UnknownFormat: The input cannot be read, or holds no records.
    """
    owner = not inputs.is_url(name)
    with inputs.opened(name) as (stream, filename, size):
        total = ImportReport()
        several = False
        for part, part_name, part_size in archives.members(stream, scope or filename, size):
            several = several or part is not stream
            try:
                report = _add_stream(store, part, part_name, part_size, reading, progress, owner=owner)
            except InputError as error:
                if not several:
                    raise
                report = ImportReport(rejected=(Reject(where=part_name, reason=error.message),))
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                if not total.added + total.updated + total.unchanged:
                    raise UnreadableInput(
                        f"{filename} is a damaged zip file: {error}.", hint="Fetch it again."
                    ) from error
                report = ImportReport(rejected=(Reject(where=part_name, reason=f"damaged: {error}"),))
            total += _with_input_name(report, part_name) if several else report
        return total


def _add_stream(
    store: LibraryStore,
    stream: BinaryIO,
    filename: str,
    size: int,
    reading: Reading,
    progress: Progress,
    *,
    owner: bool,
) -> ImportReport:
    from rag.embedders.worker import ahead, at_once
    from stores.ingest import import_records

    records, usage = sources.parse(stream, filename, today=store.now()[:10], **asdict(reading))
    read = 0

    def tell(count: int) -> None:
        nonlocal read
        read += count
        progress(read, min(1.0, stream.tell() / max(size, 1)))

    records = without_notices(records, Repetition(keep_without_abstract=reading.keep_without_abstract))
    origin = Origin(owner=owner, name=filename)
    report = import_records(store, records, ahead=ahead, at_once=at_once, notes=usage, origin=origin, progress=tell)
    if not report.added + report.updated + report.unchanged + len(report.rejected):
        raise UnreadableInput(f"{filename} holds no records.", hint="`refdesk add --list-formats` lists what is read.")
    return report


def _with_input_name(report: ImportReport, name: str) -> ImportReport:
    """The report with the name of the input in the place of each reject."""
    rejected = (
        replace(reject, where=f"{name}: {reject.where}" if reject.where != name else name) for reject in report.rejected
    )
    return replace(report, rejected=tuple(rejected), notes=tuple(f"{name}: {note}" for note in report.notes))
