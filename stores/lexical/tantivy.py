"""
The lexical index: tantivy, title and abstract in one stemmed English field, ranked by BM25.

It stores no text: the catalog has it. Any number of threads may search; each search reads one state of the index.
Its fields are in `stores.lexical.layouts`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tantivy
from tantivy import Index, Occur, Query

from rag.errors import StoreDamaged, StoreError, disk_full
from rag.types import Paper
from rag.types.selection import Selection
from stores.lexical.counting import PhraseCounts
from stores.lexical.layouts import (
    ANALYSER,
    FILTERS_SINCE,
    LAYOUT,
    META,
    POSITIONS_SINCE,
    analyser,
    document_of,
    layout_of,
    schema_of,
    selected,
)

_HEAP_BYTES = 16_000_000
_MOST_TERMS = 200_000
TITLE_BOOST = 2.0
"""How much more a phrase counts in a title."""
_TRIES = 5
"""How often an index is opened that another process replaces meanwhile."""
_MANAGED = ".managed.json"  # names all files that tantivy may delete


class TantivyLexical:
    """
    A tantivy index in a folder, which the first write makes; until then the index is empty.

    Args:
        path: The folder.
        layout: The layout of an index that is made or rebuilt.
    """

    def __init__(self, path: Path, *, layout: int = LAYOUT) -> None:
        self._path, self.newest_layout = path, layout
        self._links: TemporaryDirectory[str] | None = None
        self._analyse = analyser().analyze
        self.reopen()

    @property
    def takes_filters(self) -> bool:
        """True if it knows what filters ask for; else it selects by ids alone."""
        return self.layout >= FILTERS_SINCE

    @property
    def exists(self) -> bool:
        """True if the folder holds an index."""
        return (self._path / META).exists()

    def reopen(self) -> None:
        """See what other processes wrote, even if they made the folder anew."""
        self.close()
        with self._translated():
            if self.exists:
                self._open()
            else:
                self._use(Index(schema_of(self.newest_layout)), self.newest_layout)  # in memory

    def _open(self) -> None:
        for _ in range(_TRIES):
            meta = (self._path / META).read_bytes()
            try:
                self._use(Index.open(self._readable()), layout_of(self._path))
                return
            except (OSError, ValueError):
                if (self._path / META).read_bytes() == meta:
                    raise
        raise ValueError("it is written all the time")

    def _use(self, index: Index, layout: int) -> None:
        index.register_tokenizer(ANALYSER, analyser())
        self.layout = layout
        self._index = index
        self._searcher = index.searcher()
        self._vocabulary: tuple[tantivy.Searcher | None, dict[str, int]] = (None, {})
        self._counts = PhraseCounts()

    def _readable(self) -> str:
        """The folder, or a temporary one with links to its files if it cannot be written: tantivy locks a file."""
        if os.access(self._path, os.W_OK):
            return str(self._path)
        self._links = TemporaryDirectory(prefix="refdesk-lexical-")
        for file in self._path.iterdir():
            if not file.name.endswith(".lock"):
                (Path(self._links.name) / file.name).symlink_to(file.resolve())
        return self._links.name

    def upsert(self, papers: Sequence[Paper], merged_ids: Sequence[str] = ()) -> None:
        """Write papers, and delete those that were merged into others; durable on return."""
        with self._writer() as writer:
            for paper_id in merged_ids:
                writer.delete_documents_by_term("paper_id", paper_id)
            for paper in papers:
                writer.delete_documents_by_term("paper_id", paper.paper_id)
                writer.add_document(document_of(paper, self.layout))

    def replace(self, path: Path) -> None:
        """
        Take the place of another index, which may be damaged or absent; to be called by the one writer.

        Readers of the old one go on with it until they reopen. A process killed anywhere leaves the old index or this
        one.
        """
        self.close()
        with self._translated():
            _replace(path, self._path)
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = path
            self.reopen()
            if self.exists:
                with self._writer() as writer:
                    writer.garbage_collect_files()

    def rebuild(self, batches: Iterable[Sequence[Paper]]) -> None:
        """
        Replace the whole index by one of the newest layout; to be called by the one writer.

        It is built beside the old one, which readers keep until it is complete. A process killed anywhere leaves the
        old index or the new one.
        """
        beside = self._path.with_name(f"{self._path.name}.new")
        with self._translated():
            shutil.rmtree(beside, ignore_errors=True)
            new = TantivyLexical(beside)
            new._create()
            for papers in batches:
                new.upsert(papers)
        new.replace(self._path)
        self.reopen()

    def search(self, terms: Sequence[str], *, limit: int, among: Selection | None = None) -> list[tuple[str, float]]:
        """
        Paper id and BM25 score of the papers that hold any of the terms, best first; ties by id among
        those that are returned.

        Args:
            terms: As `terms` gives them; a repeated term counts as often as it stands.
            limit: The most papers to return.
            among: Only these papers.
        """
        schema = self._index.schema  # these two fields are the same in every layout
        return self._found([Query.term_query(schema, "text", term) for term in terms], limit, among)

    def phrase_search(
        self, phrases: Sequence[Sequence[str]], *, limit: int, among: Selection | None = None
    ) -> list[tuple[str, float]]:
        """
        Paper id and score of the papers that hold any of the phrases, best first; none in a layout without positions.

        Args:
            phrases: Terms that must stand side by side, in title or abstract; in the title they count more.
            limit: The most papers to return.
            among: Only these papers.
        """
        if self.layout < POSITIONS_SINCE:
            return []
        titled = [Query.boost_query(self._phrase("title", terms), TITLE_BOOST) for terms in phrases]
        return self._found([*titled, *(self._phrase("text", terms) for terms in phrases)], limit, among)

    def phrase_frequency(self, terms: Sequence[str]) -> int:
        """The number of papers that hold these terms side by side; 0 in a layout without positions."""
        if self.layout < POSITIONS_SINCE:
            return 0
        with self._translated():
            return self._counts.of(self._searcher, tuple(terms), self._phrase("text", terms))

    def vocabulary(self) -> Mapping[str, int]:
        """The terms that occur most, and the number of papers that have each; at most 200,000."""
        searcher = self._searcher
        if self._vocabulary[0] is not searcher:
            with self._translated():
                self._vocabulary = (searcher, dict(searcher.terms_with_prefix("text", "", limit=_MOST_TERMS)))
        return self._vocabulary[1]

    def _phrase(self, field: str, terms: Sequence[str]) -> Query:
        schema, words = self._index.schema, list[str | tuple[int, str]](terms)
        return Query.phrase_query(schema, field, words) if len(words) > 1 else Query.term_query(schema, field, terms[0])

    def _found(self, alternatives: Sequence[Query], limit: int, among: Selection | None) -> list[tuple[str, float]]:
        """Paper id and score of the papers that match any of the queries, best first."""
        if not alternatives or limit < 1:
            return []
        searcher = self._searcher
        query = Query.boolean_query([(Occur.Should, alternative) for alternative in alternatives])
        if among is not None:
            unscored = Query.const_score_query(self._selected(among), 0.0)
            query = Query.boolean_query([(Occur.Must, query), (Occur.Must, unscored)])
        with self._translated():
            found = searcher.search(query, limit, count=False).hits
            hits = [(searcher.doc(address)["paper_id"][0], float(score)) for score, address in found]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def terms(self, text: str) -> list[str]:
        """
        The text's words as they are indexed, in order: lower case, without accents, stemmed.

        Nothing in a text is syntax: `title:"x AND (` is three words.
        """
        return list(self._analyse(text))

    def frequency(self, term: str) -> int:
        """The number of papers that have a term."""
        return int(self._searcher.doc_freq("text", term))

    def count(self, among: Selection | None = None) -> int:
        """The number of papers; of a selection, if one is given."""
        if among is None:
            return int(self._searcher.num_docs)
        query = self._selected(among)
        with self._translated():
            found: Any = self._searcher.search(query, 1, count=True)
            return int(found.count)

    def selected(self, among: Selection) -> list[str]:
        """The ids of the papers of a selection, in no order."""
        searcher, query = self._searcher, self._selected(among)
        with self._translated():
            found: Any = searcher.search(query, 1, count=True)
            hits = searcher.search(query, max(1, int(found.count)), count=False).hits
            return [searcher.doc(address)["paper_id"][0] for _, address in hits]

    def _selected(self, among: Selection) -> Query:
        if not self.takes_filters and not among.is_of_ids:
            raise ValueError(f"an index of layout {self.layout} selects by ids alone")
        return selected(self._index.schema, among)

    def hashes(self) -> dict[str, str]:
        """The hash of each paper's text as it was indexed, by paper id."""
        searcher = self._searcher
        with self._translated():
            found = searcher.search(Query.all_query(), max(1, int(searcher.num_docs)), count=False).hits
            documents = (searcher.doc(address) for _, address in found)
            return {document["paper_id"][0]: document["hash"][0] for document in documents}

    def close(self) -> None:
        """Remove the links. The mapped files are closed with the object."""
        if self._links:
            self._links.cleanup()
            self._links = None

    def _create(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        self._use(Index(schema_of(self.newest_layout), path=str(self._path)), self.newest_layout)

    @contextmanager
    def _writer(self) -> Iterator[tantivy.IndexWriter]:
        with self._translated():
            if not self.exists:
                self._create()
            writer = self._index.writer(_HEAP_BYTES, 1)
            try:
                # A commit that was killed leaves files under the names that this commit will give to its own.
                writer.garbage_collect_files()
                yield writer
                writer.commit()
            except BaseException:
                writer.rollback()
                raise
            finally:
                writer.wait_merging_threads()
            self._index.reload()
            self._searcher = self._index.searcher()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # tantivy-py raises ValueError for all of its own
            if "os error 28" in str(error).lower() or "no space" in str(error).lower():
                raise disk_full(self._path) from error
            if isinstance(error, OSError) or "permission denied" in str(error).lower():
                raise StoreError(
                    f"The lexical index {self._path} cannot be used: {error}.",
                    hint="Check that the folder can be written.",
                ) from error
            raise StoreDamaged(
                f"The lexical index {self._path} cannot be read: {error}.",
                hint="Run `refdesk reindex`, which rebuilds it from the catalog.",
            ) from error


def _replace(path: Path, new: Path) -> None:
    """
    Replace an index by another, in one step: tantivy reads what `meta.json` names, and that file is replaced last.

    The old segments stay until tantivy collects them, for readers may be opening them.
    """
    if not (new / META).exists():  # it holds no paper
        shutil.rmtree(path, ignore_errors=True)
        return
    path.mkdir(parents=True, exist_ok=True)
    managed = {
        file.name
        for folder in (path, new)
        for file in folder.iterdir()
        if not file.name.endswith((".json", ".lock"))  # neither tantivy's own two nor a position
    }
    (new / _MANAGED).write_text(json.dumps(sorted(managed)), encoding="utf-8")
    (new / _MANAGED).replace(path / _MANAGED)  # first, so that what a killed process moved is collected later
    for file in new.iterdir():
        if file.name != META and not file.name.endswith(".lock"):
            file.replace(path / file.name)
    (new / META).replace(path / META)
