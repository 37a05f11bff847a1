"""
The layouts of the word index: the fields of each, what is indexed of a paper, and the query of a selection.

    layout 1   paper_id, hash, text
    layout 2   text with the positions of its words, and title, so that phrases can be searched for
    layout 3   day, category, tag, source, author, so that filters are queries
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Document, FieldType, Filter, Occur, Query, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from rag import identity
from rag.errors import StoreMismatch
from rag.types import Paper
from rag.types.selection import Selection, day_number, labels

LAYOUT = 3
"""The newest layout."""
POSITIONS_SINCE, FILTERS_SINCE = 2, 3
"""The layouts from which on the index knows where words stand, and what filters ask for."""
ANALYSER = "refdesk_en"
META = "meta.json"
"""The file of an index that names its segments and its schema."""
_LONGEST_TERM = 80
_LABELS = ("category", "tag", "source", "author")


def schema_of(layout: int) -> tantivy.Schema:
    """The schema of a layout."""
    builder = SchemaBuilder()
    builder.add_text_field("paper_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("hash", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name=ANALYSER, index_option="freq" if layout == 1 else "position")
    if layout >= POSITIONS_SINCE:
        builder.add_text_field("title", tokenizer_name=ANALYSER, index_option="position")
    if layout >= FILTERS_SINCE:
        builder.add_unsigned_field("day", fast=True)
        for name in _LABELS:
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


_LAYOUTS = {
    (("paper_id", "basic"), ("hash", "basic"), ("text", "freq")): 1,
    (("paper_id", "basic"), ("hash", "basic"), ("text", "position"), ("title", "position")): 2,
    (
        *(("paper_id", "basic"), ("hash", "basic"), ("text", "position"), ("title", "position"), ("day", "u64")),
        *((name, "basic") for name in _LABELS),
    ): 3,
}
"""By the fields of a schema, in order, and what is recorded of their words."""


def layout_of(path: Path) -> int:
    """The layout of an index, by its schema. Raises StoreMismatch for one of a newer Refdesk."""
    meta = json.loads((path / META).read_text(encoding="utf-8"))
    try:
        fields = tuple((field["name"], _recorded(field)) for field in meta["schema"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{META} has no schema") from error
    if fields not in _LAYOUTS:
        raise StoreMismatch(
            f"The lexical index {path} has a layout that this Refdesk does not know.",
            hint="Upgrade Refdesk: `pip install -U refdesk`; or run `refdesk reindex`, which rebuilds it.",
        )
    return _LAYOUTS[fields]


def _recorded(field: dict[str, Any]) -> str:
    return str(field["options"]["indexing"]["record"] if field["type"] == "text" else field["type"])


def document_of(paper: Paper, layout: int) -> Document:
    """A paper as it is indexed."""
    document = Document()
    document.add_text("paper_id", paper.paper_id)
    document.add_text("hash", identity.content_hash(paper.title, paper.abstract))
    document.add_text("text", f"{paper.title}\n{paper.abstract}")
    if layout >= POSITIONS_SINCE:
        document.add_text("title", paper.title)
    if layout >= FILTERS_SINCE:
        document.add_unsigned("day", day_number(paper.day))
        document.add_text("source", paper.source)
        for kind, name in labels(paper):
            document.add_text(kind, name)
    return document


def selected(schema: tantivy.Schema, selection: Selection) -> Query:
    """The papers of a selection; below `FILTERS_SINCE`, of one of ids alone."""
    queries = []
    if selection.since is not None or selection.until is not None:
        queries.append(Query.range_query(schema, "day", FieldType.Unsigned, selection.since, selection.until))
    fields = (selection.categories, selection.tags, selection.sources, selection.authors, selection.papers)
    for name, values in zip((*_LABELS, "paper_id"), fields, strict=True):
        if values is not None and len(values) == 1:
            queries.append(Query.term_query(schema, name, values[0]))
        elif values is not None:
            queries.append(Query.term_set_query(schema, name, list(values)))
    return Query.boolean_query([(Occur.Must, query) for query in queries]) if queries else Query.all_query()


def analyser() -> tantivy.TextAnalyzer:
    """Lower case, without accents, stemmed."""
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (
        Filter.remove_long(_LONGEST_TERM),
        Filter.lowercase(),
        Filter.ascii_fold(),
        Filter.stemmer("english"),
    ):
        builder = builder.filter(step)
    return builder.build()
