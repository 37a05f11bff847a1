"""The papers of a reader's own library: those of the library with a tag, or those of a file that is not imported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rag import sources
from rag.errors import InputError
from rag.types import Filter, Paper, Reject
from refdesk.ingest import inputs
from stores.store import LibraryStore

MOST = 300
"""The newest papers are read, so many of them."""


def own_papers(store: LibraryStore, profile: str) -> list[Paper]:
    """
    The papers of a profile, the newest first: by the day on which they came into the library, or else by their date.

    A file may be of any format that `refdesk add` reads. Its papers have the ids of the library where it knows them,
    and one without an abstract stands for its title. What cannot be read is told, and leaves no paper.
    """
    if profile.startswith("tag:"):
        ids = store.catalog.matching(Filter(tags=(profile.removeprefix("tag:").strip(),)))
        found = list(store.catalog.papers(ids).values())
    else:
        found = _of_file(store, Path(profile))
    if not found:
        store.notify(f"The profile “{profile}” has no papers; the issue is made without it.")
    return sorted(found, key=_newest, reverse=True)[:MOST]


def _newest(paper: Paper) -> tuple[str, str, str]:
    return paper.imported or "", paper.day, paper.paper_id


def _of_file(store: LibraryStore, path: Path) -> list[Paper]:
    found: dict[str, Paper] = {}
    try:
        with inputs.opened(str(path)) as (stream, filename, _):
            records, _ = sources.parse(stream, filename, today=store.now()[:10])
            for number, record in enumerate(records):
                if isinstance(record, Reject):
                    if not record.title or record.reason != "no abstract":
                        continue
                    record = Paper(paper_id=f"profile:{number}", title=record.title, abstract="")
                known = store.catalog.resolve([record.paper_id, *record.aliases])
                paper_id = min(known.values(), default=record.paper_id)
                found[paper_id] = replace(record, paper_id=paper_id, imported=None)
    except (InputError, OSError) as error:
        store.notify(f"The profile {path} cannot be read: {error}")
    return list(found.values())
