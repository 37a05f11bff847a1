"""The catalog over SQLite and PostgreSQL: what is written comes back, filters choose, migrations make the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import chunk, paper

from rag import identity
from rag.errors import StoreDamaged, StoreError, StoreMismatch
from rag.types import Chunk, Filter, Paper
from stores.migrations import script
from stores.sql.catalog import SQLCatalog
from stores.sql.changes import Span
from stores.sql.schema import HEAD, reading, writing
from stores.sql.tables import metadata, ratings

SEEN = "2026-07-01T00:00:00+00:00"
pytestmark = pytest.mark.catalogs("sqlite", "postgres")


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[SQLCatalog]:
    opened = SQLCatalog(catalog_url)
    opened.migrate()
    yield opened
    opened.close()


def lacking(catalog: SQLCatalog) -> dict[str, list[str]]:
    """By index, the papers whose changes it lacks, the oldest change first."""
    states = catalog.changes.indexes().items()
    return {name: [paper_id for _, paper_id in catalog.changes.after(state.position)] for name, state in states}


def put(catalog: SQLCatalog, *papers: Paper, seen: str = SEEN) -> Span:
    cut = {each.paper_id: [chunk(each)] for each in papers}
    known = {each.paper_id: {row.hash for row in catalog.revisions(each.paper_id)} for each in papers}
    new = [
        (each.paper_id, each)
        for each in papers
        if identity.content_hash(each.title, each.abstract) not in known[each.paper_id]
    ]
    return catalog.write(papers, new, cut, seen=seen)


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
names = st.lists(words, max_size=4, unique=True).map(tuple)
dates = st.none() | st.from_regex(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|1\d|2[0-8]))?)?", fullmatch=True)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    abstract = draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=2, max_size=200))
    middle = draw(st.integers(1, len(abstract) - 1))
    paper_id = f"file:{draw(words)}"
    return Paper(
        paper_id=paper_id,
        title=draw(words),
        abstract=abstract,
        authors=draw(names),
        published=draw(dates),
        updated=draw(dates),
        listed=draw(dates),
        imported="2026-07-01",
        url=draw(st.none() | words),
        venue=draw(st.none() | words),
        categories=draw(names),
        tags=draw(names),
        source=draw(words),
        aliases=tuple(sorted({paper_id, *(f"doi:{name}" for name in draw(names))}, key=identity.rank)),
        version=draw(st.none() | st.integers(0, 999)),
        flags=draw(names),
        spans=((0, middle), (middle, len(abstract))),
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(given_=papers())
def test_every_field_of_a_paper_comes_back_as_it_was(catalog: SQLCatalog, given_: Paper) -> None:
    with writing(catalog._engine) as connection:
        for table in (metadata.tables[name] for name in ("papers", "revisions", "aliases", "labels")):
            connection.execute(sa.delete(table))
    put(catalog, given_)
    assert catalog.papers([given_.paper_id]) == {given_.paper_id: given_}
    revision = catalog.revisions(given_.paper_id)[0]
    assert (revision.title, revision.abstract, revision.spans, revision.seen) == (
        given_.title,
        given_.abstract,
        given_.spans,
        SEEN,
    )
    assert catalog.resolve(given_.aliases) == dict.fromkeys(given_.aliases, given_.paper_id)
    [(stored, title)] = list(catalog.chunks())
    assert (stored, title) == (chunk(given_), given_.title)


def test_papers_come_in_the_order_asked_for_and_unknown_ones_are_left_out(catalog: SQLCatalog) -> None:
    put(catalog, *(paper(number) for number in range(1_200)))
    asked = [f"p:{number}" for number in range(1_300, 0, -1)]
    assert list(catalog.papers(asked)) == [f"p:{number}" for number in range(1_199, 0, -1)]
    assert list(catalog.papers(["p:3", "p:3", "p:1"])) == ["p:3", "p:1"]
    assert catalog.papers([]) == {}
    assert catalog.count() == 1_200
    assert len(catalog.ids()) == 1_200


def test_ids_come_in_the_order_of_their_bytes(catalog: SQLCatalog) -> None:
    ids = ["doi:10.1/A", "doi:10.1/_", "doi:10.1/a", "doi:10.1/b", "doi:10.1/é", "p:1", "p:10", "p:9"]
    put(catalog, *(replace(paper(1, title=name), paper_id=name, aliases=(name,)) for name in reversed(ids)))
    assert catalog.ids() == ids == sorted(ids)
    assert catalog.label_names("source") == {"jsonl": "doi:10.1/A"}


def test_a_name_with_a_nul_is_looked_up_and_not_found(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, tags=("read",)))
    assert catalog.resolve(["p:\0", "p:1"]) == {"p:1": "p:1"}
    assert catalog.matching(Filter(tags=("re\0ad",))) == []
    catalog.ratings().rate("p:\0", 1, now=SEEN)
    assert len(catalog.ratings().all()) == 1


DATED = {
    "1": "2023",
    "2": "2024",
    "3": "2024-05-31",
    "4": "2024-06",
    "5": "2024-06-17",
    "6": "2024-06-30",
    "7": "2024-07-01",
    "8": "2025",
}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, "12345678"),
        ("2024", None, "2345678"),
        ("2024-06", None, "45678"),
        ("2024-06-17", None, "5678"),
        (None, "2024", "1234567"),
        (None, "2024-06", "123456"),
        (None, "2024-06-17", "12345"),
        ("2024-06", "2024-06", "456"),
        ("2024", "2024", "234567"),
        ("2024-06-17", "2024-06-17", "5"),
        ("2026", None, ""),
    ],
)
def test_since_and_until_are_inclusive_and_take_dates_of_any_exactness(
    catalog: SQLCatalog, since: str, until: str, expected: str
) -> None:
    put(catalog, *(paper(int(number), published=day) for number, day in DATED.items()))
    assert catalog.matching(Filter(since=since, until=until)) == [f"p:{number}" for number in expected]


def test_the_listed_date_goes_before_the_published_one_and_the_import_after_both(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, published="2020", listed="2024-06-17"), paper(2, published="2020"), paper(3))
    assert catalog.matching(Filter(since="2024")) == ["p:1", "p:3"]
    assert catalog.days() == ("2020-01-01", "2026-07-01")


def test_within_a_field_any_value_will_do_and_all_fields_must_agree(catalog: SQLCatalog) -> None:
    put(
        catalog,
        paper(1, categories=("cs.CL", "cs.LG"), tags=("Read Me",)),
        paper(2, categories=("cs.CV",), tags=("read me", "later")),
        replace(paper(3, categories=("cs.CL",)), source="csv", aliases=("p:3", "doi:10.1/three")),
    )
    ids = lambda **chosen: [each[2:] for each in catalog.matching(Filter(**chosen))]  # noqa: E731 - four words a line below
    assert ids(categories=("CS.cl",)) == ["1", "3"]
    assert ids(categories=("cs.cl", "cs.cv")) == ["1", "2", "3"]
    assert ids(categories=("cs",)) == []
    assert ids(tags=("READ ME",)) == ["1", "2"]
    assert ids(tags=("later",), categories=("cs.CL",)) == []
    assert ids(sources=("csv",)) == ["3"]
    assert ids(sources=("csv", "jsonl"), categories=("cs.CL",)) == ["1", "3"]
    assert ids(papers=("doi:10.1/three", "p:1", "p:unknown")) == ["1", "3"]
    assert ids(papers=("p:unknown",)) == []


def test_a_paper_that_lost_a_category_is_no_longer_found_by_it(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, categories=("cs.CL", "cs.LG")))
    put(catalog, paper(1, categories=("cs.CL",)))
    assert catalog.matching(Filter(categories=("cs.LG",))) == []
    assert catalog.categories(limit=10) == {"cs.CL": 1}


def test_a_percent_or_an_underscore_in_a_name_is_no_wildcard(catalog: SQLCatalog) -> None:
    put(catalog, replace(paper(1), aliases=("p:1", "file:a:x_1")), replace(paper(2), aliases=("p:2", "file:a:xy1")))
    assert catalog.ending("x_1") == ["p:1"]
    assert catalog.ending("%") == []


def test_all_texts_of_a_paper_are_kept_and_the_last_one_counts(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, text="The first text."), seen="2026-07-01T00:00:00+00:00")
    put(catalog, paper(1, text="The second text."), seen="2026-07-02T00:00:00+00:00")
    assert [row.abstract for row in catalog.revisions("p:1")] == ["The first text.", "The second text."]
    assert catalog.papers(["p:1"])["p:1"].abstract == "The second text."
    assert catalog.hashes() == {"p:1": identity.content_hash("Title 1", "The second text.")}
    assert catalog.revisions("p:unknown") == []


def test_an_alias_stays_with_the_paper_that_had_it_first(catalog: SQLCatalog) -> None:
    put(catalog, replace(paper(1), aliases=("p:1", "doi:10.1/x")))
    put(catalog, replace(paper(2), aliases=("p:2", "doi:10.1/x")))
    assert catalog.resolve(["doi:10.1/x", "p:2", "p:unknown"]) == {"doi:10.1/x": "p:1", "p:2": "p:2"}


def test_known_gives_all_that_a_record_may_be_about(catalog: SQLCatalog) -> None:
    put(
        catalog,
        replace(paper(1, title="The Title: of One"), aliases=("p:1", "doi:10.1/one")),
        paper(2, title="the title of ONE", text="Another abstract of the same title."),
        paper(3),
    )
    put(
        catalog,
        replace(paper(1, title="The Title: of One", text="A revised abstract."), aliases=("p:1", "doi:10.1/one")),
    )
    by_alias = catalog.known([replace(paper(9, title="Unlike"), aliases=("doi:10.1/one",))])
    assert sorted(by_alias.papers) == ["p:1"]
    assert len(by_alias.hashes["p:1"]) == 2
    assert by_alias.owners["doi:10.1/one"] == "p:1"
    by_title = catalog.known([paper(9, title="THE TITLE OF ONE!")])
    assert sorted(by_title.papers) == ["p:1", "p:2"]
    assert catalog.known([paper(9, title="Unlike")]).papers == {}


def test_an_index_lacks_what_was_written_after_its_position(catalog: SQLCatalog) -> None:
    span = put(catalog, paper(2), paper(1))
    assert lacking(catalog) == {"lexical": ["p:2", "p:1"], "vectors": ["p:2", "p:1"]}
    before = catalog.change_counter()
    catalog.changes.advance(["lexical"], span)
    assert lacking(catalog) == {"lexical": [], "vectors": ["p:2", "p:1"]}
    assert catalog.change_counter() != before
    catalog.changes.advance(["vectors"], span)
    put(catalog, paper(1, tags=("new",)))
    assert lacking(catalog) == {"lexical": ["p:1"], "vectors": ["p:1"]}
    catalog.changes.reset(["vectors"])
    assert lacking(catalog) == {"lexical": ["p:1"], "vectors": ["p:2", "p:1"]}


def test_a_position_never_passes_over_changes_that_the_index_lacks(catalog: SQLCatalog) -> None:
    put(catalog, paper(1))
    later = put(catalog, paper(2))
    catalog.changes.advance(["lexical", "vectors"], later)
    assert lacking(catalog)["lexical"] == ["p:1", "p:2"]


def test_the_change_counter_moves_with_every_write_of_papers_and_of_indexes(catalog: SQLCatalog) -> None:
    counters = [catalog.change_counter()]
    span = put(catalog, paper(1))
    counters.append(catalog.change_counter())
    catalog.changes.advance(["lexical"], span)
    counters.append(catalog.change_counter())
    catalog.cut_anew({"p:1": [chunk(paper(1))]})
    counters.append(catalog.change_counter())
    assert len(set(counters)) == 4
    assert catalog.setting("generation") == counters[-1]


def test_the_change_counter_goes_on_by_one_from_the_value_of_an_earlier_version(catalog: SQLCatalog) -> None:
    catalog.set({"generation": "1782000000000000000"})
    catalog.cut_anew({"p:1": [chunk(paper(1))]})
    assert catalog.change_counter() == "1782000000000000001"


def test_cutting_anew_changes_the_chunks_of_a_paper(catalog: SQLCatalog) -> None:
    put(catalog, paper(1, text="One two. Three."))
    parts = [
        Chunk(paper_id="p:1", number=0, start=0, end=8, text="One two."),
        Chunk(paper_id="p:1", number=1, start=9, end=15, text="Three."),
    ]
    catalog.cut_anew({"p:1": parts})
    catalog.cut_anew({})
    assert [part for part, _ in catalog.chunks()] == parts


def test_settings_are_kept_and_replaced(catalog: SQLCatalog) -> None:
    assert catalog.setting("embedder") is None
    catalog.set({"embedder": "static-256", "dimension": "256"})
    catalog.set({"embedder": "minilm"})
    assert (catalog.setting("embedder"), catalog.setting("dimension")) == ("minilm", "256")


def test_a_write_that_fails_half_way_writes_nothing(catalog: SQLCatalog) -> None:
    put(catalog, paper(1))
    twice = (paper(1).paper_id, paper(1))  # a revision that is there already
    with pytest.raises(StoreError):
        catalog.write(
            [paper(1, tags=("t",)), paper(2)], [twice], {f"p:{n}": [chunk(paper(n))] for n in (1, 2)}, seen=SEEN
        )
    assert catalog.ids() == ["p:1"]
    assert catalog.papers(["p:1"])["p:1"].tags == ()


def test_what_a_paper_had_passes_to_the_one_that_takes_its_place(catalog: SQLCatalog) -> None:
    one, two = replace(paper(1, text="The same."), title="T"), replace(paper(2, text="The same."), title="T")
    put(catalog, one, paper(2, text="Another one."), seen="2026-07-02T00:00:00+00:00")
    put(catalog, two, seen="2026-07-01T00:00:00+00:00")
    with writing(catalog._engine) as connection:
        connection.execute(sa.insert(ratings), {"reader": "local", "paper_id": "p:2", "rating": 1, "rated": SEEN})
    both = replace(one, aliases=("p:1", "p:2"))
    catalog.write([both], [("p:1", two)], {"p:1": [chunk(both)]}, seen=SEEN, merged_ids={"p:2": "p:1"})
    assert catalog.ids() == ["p:1"]
    assert lacking(catalog)["lexical"] == ["p:2", "p:1"], "the index is told to forget the merged one"
    assert catalog.resolve(["p:1", "p:2"]) == {"p:1": "p:1", "p:2": "p:1"}
    assert [(each.seen[:10], each.abstract) for each in catalog.revisions("p:1")] == [
        ("2026-07-01", "The same."),
        ("2026-07-02", "Another one."),
    ]
    assert catalog.problems() == catalog.revisions("p:2") == []
    with reading(catalog._engine) as connection:
        assert connection.execute(sa.select(ratings.c.paper_id)).scalars().all() == ["p:1"]


def test_two_connections_see_each_others_writes(catalog_url: str, catalog: SQLCatalog) -> None:
    other = SQLCatalog(catalog_url)
    assert other.count() == 0
    put(catalog, paper(1))
    assert other.count() == other.count() == 1
    put(catalog, paper(1), paper(2))
    assert other.count() == 2
    other.close()


# ---- schema


def test_head_is_alembics_head() -> None:
    assert script()[1].get_current_head() == HEAD


def test_migrations_make_exactly_the_tables_that_the_code_uses(catalog: SQLCatalog) -> None:
    with reading(catalog._engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_nothing_is_migrated_from_nothing_to_head_and_twice_is_once(empty_url: str) -> None:
    catalog = SQLCatalog(empty_url)
    assert catalog.schema() is None
    catalog.migrate()
    assert catalog.schema() == HEAD
    catalog.migrate()
    assert catalog.schema() == HEAD
    catalog.close()


def test_a_migration_that_is_cut_off_leaves_nothing_behind(empty_url: str) -> None:
    catalog = SQLCatalog(empty_url)
    with writing(catalog._engine, new=True) as connection:  # so that the first migration fails in its middle
        connection.execute(sa.text("CREATE TABLE labels (kind TEXT)"))
    with pytest.raises(StoreError):
        catalog.migrate()
    assert catalog.schema() is None
    with reading(catalog._engine) as connection:
        assert sa.inspect(connection).get_table_names() == ["labels"]
    catalog.close()


def test_a_schema_newer_than_this_refdesk_says_so(catalog: SQLCatalog) -> None:
    with writing(catalog._engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreMismatch, match="9999") as caught:
        catalog.migrate()
    assert "Upgrade Refdesk" in str(caught.value.hint)


# ---- what is damaged


@pytest.mark.catalogs("sqlite")
def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite3").write_bytes(b"no database at all, only words " * 500)
    catalog = SQLCatalog(f"sqlite:///{tmp_path / 'bad.sqlite3'}")
    with pytest.raises(StoreDamaged, match=r"bad\.sqlite3"):
        catalog.count()
    catalog.close()


@pytest.mark.catalogs("sqlite")
def test_a_page_of_rubbish_is_found_by_problems(catalog: SQLCatalog, tmp_path: Path) -> None:
    put(catalog, *(paper(number, text=f"Number {number}. " * 50) for number in range(200)))
    assert catalog.problems() == []
    catalog.close()
    path = tmp_path / "catalog.sqlite3"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(data)
    with suppress(StoreDamaged):
        assert catalog.problems()


def test_a_paper_without_its_text_is_a_problem(catalog: SQLCatalog) -> None:
    put(catalog, paper(1), paper(2))
    with writing(catalog._engine) as connection:
        connection.execute(sa.text("DELETE FROM revisions WHERE paper_id = 'p:2'"))
    assert catalog.problems() == ["p:2"]
