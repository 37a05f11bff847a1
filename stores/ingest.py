"""
Ingestion: imports records into a library in batches. Each batch is deduplicated, then written in full or not at all.

While one batch is written the next is embedded. So a batch that is deduplicated waits one round to be written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from rag.deduplication import Known, MergeResult, Outcome, join
from rag.errors import StoreFull
from rag.identity import content_hash
from rag.origins import OWNER, Origin
from rag.ports import Matrix, Prepare, Prepared, Submit
from rag.types import Chunk, ImportReport, Paper, Reject, Union
from stores.embedding import embedding_text, in_order, without_refused
from stores.store import BATCH, LibraryStore, Progress

if TYPE_CHECKING:
    from concurrent.futures import Future

_Item = TypeVar("_Item")
ROOM_BYTES = 64 << 20
"""Free space that a batch must find, for Chroma cannot take back half a write."""


@dataclass(slots=True)
class _Batch:
    """
    Papers that changed, their new texts and their chunks; the result of `prepared` is on its way.

    `merged_ids` has the id of each paper that was merged into another, and the id of that one, which may be merged
    itself. `records` has the places of the records of each paper, and what each one did.
    """

    changed: dict[str, Paper] = field(default_factory=dict)
    texts: list[tuple[str, Paper]] = field(default_factory=list)
    chunks: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)
    merged_ids: dict[str, str] = field(default_factory=dict)
    unions: list[Union] = field(default_factory=list)
    fresh: bool = True
    abstracts: tuple[str, ...] = ()
    records: dict[str, list[tuple[str, Outcome]]] = field(default_factory=dict)
    prepared: Future[Prepared] | None = None
    vectors: Matrix | None = None

    def take(self, joined: MergeResult, where: str) -> None:
        """Note what a record did; `where` is its place."""
        self.records.setdefault(joined.paper.paper_id, []).append((where, joined.outcome))
        self.unions += joined.unions
        for paper_id in joined.merged_ids:
            self.merged_ids[paper_id] = joined.paper.paper_id
            self.changed.pop(paper_id, None)
        if joined.outcome != "unchanged" or joined.noticed:
            self.changed[joined.paper.paper_id] = joined.paper
        if joined.text:
            self.texts.append((joined.paper.paper_id, joined.text))

    def canonical_id(self, paper_id: str) -> str:
        """The id of the paper that this one was merged into, or its own."""
        while paper_id in self.merged_ids:
            paper_id = self.merged_ids[paper_id]
        return paper_id

    def prepare(self, library: LibraryStore, submit: Submit) -> None:
        """Cut the papers into chunks; begin to embed these, and to split the abstracts that have no sentences yet."""
        self.chunks = {paper.paper_id: library.cut(paper) for paper in self.changed.values()}
        unsplit = [paper for paper in (*self.changed.values(), *(text for _, text in self.texts)) if not paper.spans]
        self.abstracts = tuple(dict.fromkeys(paper.abstract for paper in unsplit))
        embedding_texts = [embedding_text(self.changed[chunk.paper_id], chunk) for chunk in in_order(self.chunks)]
        self.prepared = submit(embedding_texts, self.abstracts)

    def settle(self) -> list[tuple[Reject, Outcome]]:
        """
        Wait for the vectors, and take out the new papers whose text the embedder takes in no form.

        A paper that the library had before stays, without vectors.

        Returns:
            The rejected records, with what each had done.
        """
        assert self.prepared is not None
        if self.vectors is not None:
            return []
        prepared, chunks = self.prepared.result(), in_order(self.chunks)
        reasons = {chunks[at].paper_id: reason for at, reason in prepared.refused.items()}
        self.chunks, self.vectors = without_refused(self.chunks, prepared.vectors, reasons.keys())
        rejected: list[tuple[Reject, Outcome]] = []
        for paper_id, reason in reasons.items():
            records = self.records.get(paper_id, [])
            if paper_id in self.merged_ids.values() or "added" not in {outcome for _, outcome in records}:
                continue
            title = self.changed.pop(paper_id).title
            self.texts = [(of, text) for of, text in self.texts if self.canonical_id(of) != paper_id]
            del self.chunks[paper_id]
            why = f"the embedder refused its text: {reason}"
            rejected += [(Reject(where=where, reason=why, title=title), outcome) for where, outcome in records]
        return rejected


def import_records(
    library: LibraryStore,
    records: Iterable[Paper | Reject],
    *,
    ahead: Prepare,
    at_once: Prepare,
    notes: Iterable[str] = (),
    origin: Origin = OWNER,
    progress: Progress = lambda _: None,
    most_rejects: int | None = None,
) -> ImportReport:
    """
    Import records, a batch at a time; what was imported before an error stays.

    Args:
        library: An open library.
        records: Papers and Rejects, any number, read as they are needed.
        ahead: Prepares the next batch while the last is written.
        at_once: The same in place, for an import of one small batch.
        notes: For the report, asked for after the last record; what records were not allowed to do is added.
        origin: Who brought the records.
        progress: Told how many records were read since it was last told.
        most_rejects: Name so many rejects, and as many notes on records, and count the others; None names all.

    Raises:
        StoreError: As `LibraryStore.writing`, or a store that fails; StoreFull before the disk is full.
    """
    counts: dict[Outcome, int] = {"added": 0, "updated": 0, "unchanged": 0}
    rejected, refused = _First[Reject](most_rejects), _First[str](most_rejects)
    merged = read = 0
    records = iter(records)

    def settle(batch: _Batch) -> None:
        for reject, outcome in batch.settle():
            rejected.add(reject)
            counts[outcome] -= 1

    with library.writing():
        library.catch_up()
        read_records = list(islice(records, BATCH))
        with (ahead if len(read_records) == BATCH else at_once)(library.embedder) as submit:
            waiting: _Batch | None = None
            while read_records:
                if waiting and not library.embedder.is_static:  # which papers are known depends on a server
                    settle(waiting)
                if waiting and waiting.merged_ids:  # rare; then the catalog's papers are not the known ones
                    settle(waiting)
                    _write(library, waiting, origin)
                    waiting = None
                batch = _Batch()
                known = _known(library, read_records, waiting)
                before = set(known.papers)
                for number, outcome in enumerate(_joined(read_records, known, library.now(), read, origin), read + 1):
                    if isinstance(outcome, Reject):
                        rejected.add(outcome)
                    else:
                        batch.take(outcome, f"record {number}")
                        counts[outcome.outcome] += 1
                        merged += outcome.merged
                        refused.add(*outcome.notes)
                batch.fresh = before.isdisjoint([*batch.changed, *batch.merged_ids])
                batch.prepare(library, submit)
                if waiting:
                    settle(waiting)
                    _write(library, waiting, origin)
                waiting = batch
                read += len(read_records)
                progress(len(read_records))
                read_records = list(islice(records, BATCH))
            if waiting:
                settle(waiting)
                _write(library, waiting, origin)
    return ImportReport(
        added=counts["added"],
        updated=counts["updated"],
        unchanged=counts["unchanged"],
        merged=merged,
        rejected=tuple(rejected.kept),
        notes=(*notes, *refused.kept),
        more_rejected=rejected.more,
        more_notes=refused.more,
    )


@dataclass(slots=True)
class _First(Generic[_Item]):
    """The first items, at most so many, and how many more there were."""

    most: int | None
    kept: list[_Item] = field(default_factory=list)
    more: int = 0

    def add(self, *items: _Item) -> None:
        room = len(items) if self.most is None else max(0, self.most - len(self.kept))
        self.kept += items[:room]
        self.more += len(items[room:])


def _known(library: LibraryStore, records: Sequence[Paper | Reject], waiting: _Batch | None) -> Known:
    """The papers that the records may be about: those of the catalog, and those that wait to be written to it."""
    known = library.catalog.known([record for record in records if isinstance(record, Paper)])
    if waiting:
        for paper in waiting.changed.values():
            known.put(paper, [])
        for paper_id, text in waiting.texts:
            known.put(known.papers[paper_id], [content_hash(text.title, text.abstract)])
    return known


def _joined(
    records: Sequence[Paper | Reject], known: Known, now: str, read: int, origin: Origin
) -> Iterator[MergeResult | Reject]:
    for number, record in enumerate(records, start=read + 1):
        if isinstance(record, Reject):
            yield record
        else:
            yield join(replace(record, imported=now[:10]), known, f"record {number}", origin)


def _write(library: LibraryStore, batch: _Batch, origin: Origin) -> None:
    """Write a settled batch."""
    assert batch.prepared is not None
    assert batch.vectors is not None
    prepared = batch.prepared.result()
    if not batch.changed:
        return
    _need_room(library)
    spans = dict(zip(batch.abstracts, prepared.spans, strict=True))
    roles = dict(zip(batch.abstracts, prepared.roles, strict=True))

    def with_spans(paper: Paper) -> Paper:
        if paper.spans:
            return paper
        return replace(paper, spans=spans[paper.abstract], roles=roles[paper.abstract])

    papers = {paper_id: with_spans(paper) for paper_id, paper in batch.changed.items()}
    texts = [(batch.canonical_id(paper_id), with_spans(revision)) for paper_id, revision in batch.texts]
    merged_ids = {paper_id: batch.canonical_id(paper_id) for paper_id in batch.merged_ids}
    span = library.catalog.write(
        list(papers.values()),
        texts,
        batch.chunks,
        seen=library.now(),
        merged_ids=merged_ids,
        unions=batch.unions,
        origin=origin,
    )
    library.index(papers, in_order(batch.chunks), batch.vectors, span, fresh=batch.fresh, merged_ids=list(merged_ids))


def _need_room(library: LibraryStore) -> None:
    folder = library.place.folder
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        raise StoreFull(
            f"The disk that holds {folder} has {free >> 20} MB left; an import needs {ROOM_BYTES >> 20} MB.",
            hint="Free some space and run the command again; nothing is lost.",
        )
