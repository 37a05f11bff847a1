"""Papers by an author: found by every spelling, kept through revisions and merges, read in a catalog of old schema."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from small import chunk, paper

from rag import identity
from rag.types import Filter, Paper
from stores.migrations import upgrade
from stores.sql.catalog import SQLCatalog
from stores.sql.schema import HEAD, reading, writing
from stores.sql.tables import labels

SEEN = "2026-07-01T00:00:00+00:00"


pytestmark = pytest.mark.catalogs("sqlite", "postgres")


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[SQLCatalog]:
    opened = SQLCatalog(catalog_url)
    opened.migrate()
    yield opened
    opened.close()


def put(catalog: SQLCatalog, *papers: Paper, merged: dict[str, str] | None = None) -> None:
    known = {each.paper_id: {row.hash for row in catalog.revisions(each.paper_id)} for each in papers}
    new = [
        (each.paper_id, each)
        for each in papers
        if identity.content_hash(each.title, each.abstract) not in known[each.paper_id]
    ]
    cut = {each.paper_id: [chunk(each)] for each in papers}
    catalog.write(papers, new, cut, seen=SEEN, merged_ids=merged or {})


def by(catalog: SQLCatalog, *names: str, **rest: object) -> list[str]:
    return catalog.matching(Filter(authors=names, **rest))  # type: ignore[arg-type]


PAPERS = (
    paper(1, authors=("Graham Neubig", "Wei Li")),
    paper(2, authors=("Wen Li", "G. Neubig"), listed="2025-06"),
    paper(3, authors=("Li, Wei", "María Cocom-Pech")),
    paper(4, authors=("Chen",)),
)


def test_papers_are_found_by_any_of_their_authors_in_any_spelling(catalog: SQLCatalog) -> None:
    put(catalog, *PAPERS)
    for name in ("Graham Neubig", "neubig", "Neubig, Graham", "Neubig G", "Neubig Graham"):
        assert by(catalog, name) == ["p:1", "p:2"], name
    assert by(catalog, "Wei Li") == by(catalog, "Li Wei") == ["p:1", "p:3"]
    assert by(catalog, "W. Li") == ["p:1", "p:2", "p:3"]
    assert by(catalog, "cocom pech") == ["p:3"]
    assert by(catalog, "Chen") == ["p:4"]
    assert by(catalog, "Danqi Chen") == by(catalog, "Graham") == by(catalog, "!") == []


def test_any_author_will_do_and_the_other_fields_must_agree(catalog: SQLCatalog) -> None:
    put(catalog, *PAPERS)
    assert by(catalog, "Chen", "Wen Li") == ["p:2", "p:4"]
    assert by(catalog, "neubig", until="2025") == ["p:2"]
    assert by(catalog, "neubig", papers=("p:3",)) == []


def test_the_order_as_it_is_written_goes_before_the_other(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, authors=("Wei Li",)), paper(2, authors=("Li Wei",)))
    assert by(catalog, "Wei Li") == ["p:1"]
    assert by(catalog, "Li, Wei") == ["p:1"]
    assert by(catalog, "Li Wei") == ["p:2"]


def test_an_author_that_a_paper_lost_or_gained_is_known_at_once(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, authors=("Ada Lovelace",)))
    put(catalog, paper(1, authors=("Grace Hopper",), text="Another text."))
    assert (by(catalog, "Lovelace"), by(catalog, "Hopper")) == ([], ["p:1"])


def test_a_merged_paper_is_found_by_the_authors_of_the_surviving_one_only(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, authors=("Ada Lovelace",)), paper(2, authors=("Grace Hopper",)))
    surviving = replace(paper(1, authors=("Ada Lovelace", "Alan Turing")), aliases=("p:1", "p:2"))
    put(catalog, surviving, merged={"p:2": "p:1"})
    assert (by(catalog, "Hopper"), by(catalog, "Turing"), by(catalog, "Lovelace")) == ([], ["p:1"], ["p:1"])


def test_a_family_name_that_begins_another_one_is_not_taken_for_it(catalog: SQLCatalog) -> None:
    named = ("Na Li", "A. Lin", "Li", "Lee", "Ben Li", "Ali Li-Po")
    put(catalog, *(paper(number, authors=(name,)) for number, name in enumerate(named)))
    assert by(catalog, "Li") == ["p:0", "p:2", "p:4"]


SINCE = (
    "unions apart notices answers tokens readers ratings sign_ins subscriptions feed_links jobs uploads "
    "unsubscribed".split()
)
"""The tables that migrations after 0008 made, or made anew."""


def test_a_catalog_of_an_earlier_schema_is_read_as_it_is_and_filled_when_it_is_migrated(catalog_url: str) -> None:
    old = SQLCatalog(catalog_url)
    old.migrate()
    put(old, *PAPERS)
    with writing(old._engine) as connection:  # as migration 0008 left it
        written = set(connection.execute(sa.select(labels).where(labels.c.kind == "author")).all())
        connection.execute(sa.delete(labels).where(labels.c.kind == "author"))
        for undo in (
            "ALTER TABLE revisions DROP COLUMN brought",
            *(f"DROP TABLE {name}" for name in SINCE),
            "CREATE TABLE ratings (paper_id TEXT PRIMARY KEY, rating INTEGER, rated TEXT)",
        ):
            connection.execute(sa.text(undo))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0008'"))
    assert by(old, "Graham Neubig") == ["p:1", "p:2"]
    assert by(old, "Cocom-Pech") == ["p:3"]
    assert old.author_keys()["neubig graham"] == "p:1"
    with writing(old._engine) as connection:
        upgrade(connection, HEAD)
    with reading(old._engine) as connection:
        assert set(connection.execute(sa.select(labels).where(labels.c.kind == "author")).all()) == written
    assert by(old, "Graham Neubig") == ["p:1", "p:2"]
    old.close()


def test_an_author_of_twenty_thousand_papers_is_found_in_milliseconds(catalog: SQLCatalog) -> None:
    given, family = 400, 500
    rows = [
        {"kind": "author", "label": f"family{at % family} given{at % given}x", "paper_id": f"p:{at // 5}"}
        for at in range(100_000)
    ]
    papers_ = [paper(number) for number in range(40)]
    put(catalog, *papers_)
    with writing(catalog._engine) as connection:
        connection.execute(sa.insert(labels), [dict(pairs) for pairs in {tuple(row.items()) for row in rows}])
    took = []
    for at in range(20):
        began = time.perf_counter()
        by(catalog, f"Given{at % given}x Family{at}")
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.03  # 2 ms on a machine that does nothing else


def test_a_name_with_more_papers_than_a_statement_takes_parameters(catalog: SQLCatalog) -> None:
    put(catalog, *PAPERS)
    many = [{"kind": "author", "label": "li a", "paper_id": f"many:{number}"} for number in range(70_000)]
    with writing(catalog.engine) as connection:
        connection.execute(sa.insert(labels), many)
    assert len(by(catalog, "Li")) == len(many) + 3
    assert by(catalog, "Li", until="2025") == ["p:2"]
    facets = catalog.facets(Filter(authors=("Li",)))
    assert facets.sources == {"jsonl": 3}
