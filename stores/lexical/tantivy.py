"""
The lexical index: tantivy, title and abstract in one stemmed English field, ranked by BM25.

It stores no text: the catalog has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy
from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from rag import identity
from rag.errors import StoreDamaged, StoreError, StoreFull
from rag.types import Paper

_HEAP_BYTES = 16_000_000
_ANALYSER = "refdesk_en"
_LONGEST_TERM = 80


class TantivyLexical:
    """
    A tantivy index in a folder, which is made where it is absent.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()
        self._analyse = _analyser().analyze

    def _open(self) -> None:
        with self._translated():
            self._path.mkdir(parents=True, exist_ok=True)
            self._index = Index(_schema(), path=str(self._path))
            self._index.register_tokenizer(_ANALYSER, _analyser())
            self._searcher = self._index.searcher()

    def upsert(self, papers: Sequence[Paper], merged_ids: Sequence[str] = ()) -> None:
        """Write papers, and forget those that were merged into others; durable on return."""
        with self._writer() as writer:
            for paper_id in merged_ids:
                writer.delete_documents_by_term("paper_id", paper_id)
            for paper in papers:
                writer.delete_documents_by_term("paper_id", paper.paper_id)
                document = Document()
                document.add_text("paper_id", paper.paper_id)
                document.add_text("hash", identity.content_hash(paper.title, paper.abstract))
                document.add_text("text", f"{paper.title}\n{paper.abstract}")
                writer.add_document(document)

    def delete(self, paper_ids: Sequence[str]) -> None:
        """Forget these papers; unknown ids are no error."""
        with self._writer() as writer:
            for paper_id in paper_ids:
                writer.delete_documents_by_term("paper_id", paper_id)

    def search(
        self, terms: Sequence[str], *, limit: int, papers: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """
        Paper id and BM25 score of the papers that hold any of the terms, best first; ties by id among
        those that are returned.

        Args:
            terms: As `terms` gives them; a repeated term counts as often as it stands.
            limit: How many at most.
            papers: Only these.
        """
        if not terms or limit < 1 or (papers is not None and not papers):
            return []
        schema = self._index.schema
        query = Query.boolean_query([(Occur.Should, Query.term_query(schema, "text", term)) for term in terms])
        if papers is not None:
            among = Query.const_score_query(Query.term_set_query(schema, "paper_id", list(papers)), 0.0)
            query = Query.boolean_query([(Occur.Must, query), (Occur.Must, among)])
        with self._translated():
            found = self._searcher.search(query, limit, count=False).hits
            hits = [(self._searcher.doc(address)["paper_id"][0], float(score)) for score, address in found]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def terms(self, text: str) -> list[str]:
        """
        The text's words as they are indexed, in order: lower case, without accents, stemmed.

        Nothing in a text is syntax: `title:"x AND (` is three words.
        """
        return list(self._analyse(text))

    def frequency(self, term: str) -> int:
        """In how many papers a term occurs."""
        return int(self._searcher.doc_freq("text", term))

    def count(self) -> int:
        """How many papers there are."""
        return int(self._searcher.num_docs)

    def hashes(self) -> dict[str, str]:
        """The hash of each paper's text as it was indexed, by paper id."""
        with self._translated():
            found = self._searcher.search(Query.all_query(), max(1, self.count()), count=False).hits
            documents = (self._searcher.doc(address) for _, address in found)
            return {document["paper_id"][0]: document["hash"][0] for document in documents}

    def reopen(self) -> None:
        """See what other processes wrote, also to a folder that was made anew."""
        self._open()

    def close(self) -> None:
        """Nothing is held open between calls but the mapped files, which go with the object."""

    @contextmanager
    def _writer(self) -> Iterator[tantivy.IndexWriter]:
        with self._translated():
            writer = self._index.writer(_HEAP_BYTES, 1)
            try:
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
                raise StoreFull(
                    f"The disk that holds {self._path} is full.",
                    hint="Free some space and run the command again; nothing is lost.",
                ) from error
            if isinstance(error, OSError) or "permission denied" in str(error).lower():
                raise StoreError(
                    f"The lexical index {self._path} cannot be used: {error}.",
                    hint="Check that the folder can be written.",
                ) from error
            raise StoreDamaged(
                f"The lexical index {self._path} cannot be read: {error}.",
                hint="Run `refdesk reindex`, which rebuilds it from the catalog.",
            ) from error


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_text_field("paper_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("hash", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name=_ANALYSER, index_option="freq")
    return builder.build()


def _analyser() -> tantivy.TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (
        Filter.remove_long(_LONGEST_TERM),
        Filter.lowercase(),
        Filter.ascii_fold(),
        Filter.stemmer("english"),
    ):
        builder = builder.filter(step)
    return builder.build()
