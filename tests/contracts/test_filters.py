"""Filters in the word index mean what they mean in the catalog; and the nearest papers of a filter are exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import chunk, paper

from rag.retrieval import filtered
from rag.retrieval.filtered import nearest, selection_of
from rag.types import Filter, Paper
from rag.types.selection import Selection
from refdesk.filters import checked_filter
from stores.lexical.tantivy import TantivyLexical
from stores.sql.catalog import SQLCatalog
from stores.vectors.chroma import ChromaVectors

SEEN = "2026-07-01T00:00:00+00:00"
DAYS = ("2024", "2024-06", "2024-06-01", "2024-06-30", "2024-07-01", "2023-12-31", "2025-01")
CATEGORIES = ("cs.CL", "CS.cl", "cs.LG", "q-bio.NC", "68T05, 62H30")
TAGS = ("Reading", "reading", "Straße", "straße", "STRASSE", "İ", "論文", "a b", 'x" OR y', "")
SOURCES = ("jsonl", "JSONL", "ris")
AUTHORS = (
    *("Graham Neubig", "G. Neubig", "Neubig, Graham W.", "Neubig", "Wei Li", "Wen Li", "Li", "W. Li"),
    *("Gabriel García Márquez", "Aäron van den Oord, Jr.", "Fei-Fei Li", "Yang Liu", "Liu Yang", "Liu"),
)
ASKED = (*AUTHORS, "neubig", "García Márquez", "Neubig Graham", "Li Fei-Fei", "nobody", "…", "oord")


def some(values: tuple[str, ...], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most).map(tuple)


papers = st.builds(
    lambda number, source, **rest: replace(paper(number, **rest), source=source),
    st.integers(0, 15),
    st.sampled_from(SOURCES),
    listed=st.none() | st.sampled_from(DAYS),
    published=st.none() | st.sampled_from(DAYS),
    categories=some(CATEGORIES),
    tags=some(tuple(filter(None, TAGS))),
    authors=some(AUTHORS),
)
filters = st.builds(
    Filter,
    since=st.none() | st.sampled_from(DAYS),
    until=st.none() | st.sampled_from(DAYS),
    categories=some(CATEGORIES, 2),
    tags=some(TAGS, 2),
    sources=some(SOURCES, 2),
    authors=some(ASKED, 2),
    papers=some(("p:1", "p:2", "p:3", "p:4", "P:1", "unknown"), 3),
)


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[SQLCatalog]:
    opened = SQLCatalog(catalog_url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def lexical(tmp_path: Path) -> TantivyLexical:
    return TantivyLexical(tmp_path / "lexical")


@pytest.mark.catalogs("sqlite", "postgres")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(written=st.lists(papers, min_size=1, max_size=6), asked=st.lists(filters, min_size=8))
def test_a_filter_means_the_same_papers_in_the_word_index_as_in_the_catalog(
    catalog: SQLCatalog, lexical: TantivyLexical, written: list[Paper], asked: list[Filter]
) -> None:
    changed = {each.paper_id: each for each in written}  # papers of earlier examples stay, or change
    catalog.write(
        list(changed.values()),
        [(paper_id, each) for paper_id, each in changed.items() if not catalog.revisions(paper_id)],
        {paper_id: [chunk(each)] for paper_id, each in changed.items()},
        seen=SEEN,
    )
    lexical.upsert(list(changed.values()))
    for filter_ in asked:
        selection = catalog.selection(filter_)
        matching = catalog.matching(filter_)
        assert sorted(lexical.selected(selection)) == matching, filter_
        assert lexical.count(selection) == len(matching), filter_
        among = dict(lexical.search(lexical.terms("abstract"), limit=20, among=selection))
        assert among == {each: score for each, score in lexical.search(["abstract"], limit=20) if each in matching}


@pytest.mark.catalogs("sqlite", "postgres")
def test_names_that_are_given_often_are_looked_up_once(catalog: SQLCatalog) -> None:
    some = [paper(number, categories=("cs.CL",)) for number in range(2)]
    chunks = {each.paper_id: [chunk(each)] for each in some}
    catalog.write(some, [(each.paper_id, each) for each in some], chunks, seen=SEEN)
    asked = Filter(papers=("p:1", "p:0", "p:1"), categories=("cs.CL", "cs.CL"))
    checked = checked_filter(catalog, asked)
    assert (checked.papers, checked.categories) == (("p:1", "p:0"), ("cs.CL",))


# ---- the nearest papers of a filter


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TantivyLexical, ChromaVectors]]:
    """2,000 papers with random vectors; those with a greater number are farther from the first axis."""
    folder = tmp_path_factory.mktemp("indexed")
    some = [
        paper(
            number,
            categories=("even",) * (number % 2 == 0),
            tags=("far",) * (number >= 1_900) + ("most",) * (number >= 500),
            listed="2024-06-01",
        )
        for number in range(2_000)
    ]
    random = np.random.default_rng(0)
    rows = random.normal(size=(len(some), 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows[np.argsort(-rows[:, 0])]
    lexical, vectors = TantivyLexical(folder / "lexical"), ChromaVectors(folder / "chroma")
    lexical.upsert(some)
    vectors.upsert([chunk(each) for each in some], rows, some)
    yield lexical, vectors
    vectors.close()


@pytest.mark.parametrize(
    ("among", "own"),
    [
        (None, range(2_000)),
        (Selection(categories=("even",)), range(0, 2_000, 2)),
        (Selection(tags=("far",)), range(1_900, 2_000)),
        (Selection(tags=("far",), categories=("even",)), range(1_900, 2_000, 2)),
        (Selection(papers=("p:3", "p:1999", "p:unknown")), (3, 1_999)),
        (Selection(categories=("none",)), ()),
        (Selection(since=20240602), ()),
    ],
)
@pytest.mark.parametrize("limit", [1, 30, 300])
def test_the_nearest_papers_of_a_filter_are_those_of_an_exact_search(
    indexed: tuple[TantivyLexical, ChromaVectors], among: Selection | None, own: range, limit: int
) -> None:
    lexical, vectors = indexed
    asked = np.eye(16, dtype=np.float32)[0]
    found = nearest(asked, among, lexical, vectors, limit=limit)
    expected = sorted(own)[:limit]  # by number, they are sorted by their nearness
    assert len({paper_id for paper_id, _, _ in found} & {f"p:{number}" for number in expected}) >= 0.97 * len(expected)
    assert len(found) == len(expected)
    assert [cosine for _, _, cosine in found] == sorted((cosine for _, _, cosine in found), reverse=True)
    assert {paper_id for paper_id, _, _ in found} <= {f"p:{number}" for number in own}


@pytest.mark.parametrize("most_compared", [2_000, 1_000])
def test_many_papers_that_pass_and_are_far_are_not_compared_one_by_one(
    indexed: tuple[TantivyLexical, ChromaVectors], monkeypatch: pytest.MonkeyPatch, most_compared: int
) -> None:
    monkeypatch.setattr(filtered, "MOST_FETCHED", 300)
    monkeypatch.setattr(filtered, "MOST_COMPARED", most_compared)
    lexical, vectors = indexed
    vectors._compared.clear()
    found = nearest(np.eye(16, dtype=np.float32)[0], Selection(tags=("most",)), lexical, vectors, limit=1)
    assert [paper_id for paper_id, _, _ in found] == ["p:500"]
    assert bool(vectors._compared._rows) == (most_compared == 2_000)


def test_an_index_of_an_older_layout_takes_filters_as_ids(tmp_path: Path) -> None:
    lexical = TantivyLexical(tmp_path / "lexical", layout=2)
    lexical.upsert([paper(number, tags=("odd",) * (number % 2)) for number in range(4)])
    catalog = SQLCatalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}")
    catalog.migrate()
    try:
        assert selection_of(Filter(tags=("odd",)), catalog, lexical) == Selection(papers=())
    finally:
        catalog.close()
    assert sorted(lexical.selected(Selection(papers=("p:1", "p:3")))) == ["p:1", "p:3"]
    with pytest.raises(ValueError, match="ids alone"):
        lexical.count(Selection(tags=("odd",)))
