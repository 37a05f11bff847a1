"""
A library made by an earlier version opens, is read as it is, and is brought up to date by the first writer.

`library-at-0006.tar.xz` was made by the version whose catalog is at migration 0006. Twelve papers and two more were
imported and two rated. Then an import was killed after it wrote the catalog and before it wrote the indexes: it added
a paper, revised one and merged two.
"""

from __future__ import annotations

import sqlite3
import tarfile
from pathlib import Path

import pytest

import refdesk
from refdesk import errors

HERE = Path(__file__).parent
LACKING = {"doi:10.1000/x", "file:old:old:99", "file:old:old:04"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(HERE / "library-at-0006.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "library"


def version(folder: Path) -> str:
    connection = sqlite3.connect(folder / "catalog.sqlite3")
    try:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    finally:
        connection.close()


def test_it_is_read_as_it_is_where_it_may_not_be_written(old: Path) -> None:
    told: list[str] = []
    with refdesk.open_library(old, read_only=True, notify=told.append) as library:
        assert library.search("subject5")[0].paper_id == "file:old:old:05"
        assert library.ask("What does the study of subject5 find?").answered
        assert {each.verdict.support for each in library.verify((old.parent / "answer.json").read_text())} == {
            "verbatim"
        }
        status = library.status()
        assert (status["papers"], status["to_index"]) == (14, 3)
        assert status["liked"] == ["file:old:old:03"]
        found = {(each.store, each.kind): set(each.examples) for each in library.check()}
        never_indexed = "file:old:old:99"
        assert found[("lexical", "stale")] == found[("vectors", "stale")] == LACKING - {never_indexed}
        assert found[("lexical", "missing")] == {never_indexed}
        assert found[("vectors", "missing")] == {f"{never_indexed}#0"}
        with pytest.raises(errors.LibraryReadOnly):
            library.add(old.parent / "answer.json")
    assert version(old) == "0006"
    assert len([each for each in told if each.startswith("3 papers cannot be found yet")]) == 1


def test_it_is_migrated_when_it_is_opened_for_writing_and_the_next_import_indexes_what_was_marked(
    old: Path, tmp_path: Path
) -> None:
    with refdesk.open_library(old) as library:
        assert version(old) == "0008"
        assert library.search("subject5")[0].paper_id == "file:old:old:05"
        assert library.status()["to_index"] == 4, "three papers, and a merged one that the indexes must forget"
        new = tmp_path / "new.csv"
        new.write_text("title,abstract\nA new paper,We study swifts with care.\n")
        assert library.add(new).added == 1
        assert library.check() == []
        assert library.status()["to_index"] == 0
        assert library.search("whales sing")[0].paper_id == "file:old:old:04"
        assert library.search("subject99")[0].paper_id == "file:old:old:99"
        assert library.show("pmid:77").paper_id == "doi:10.1000/x"
        assert not [each for each, _, _ in library._store.vectors.documents() if each.startswith("pmid:")]
        assert library.status()["disliked"] == ["doi:10.1000/x"]
        assert len(library.revisions("file:old:old:04")) == 2
        assert {each.verdict.support for each in library.verify((old.parent / "answer.json").read_text())} == {
            "verbatim"
        }
    with refdesk.open_library(old) as library:
        assert library.reindex() == 15
        assert library.check() == []


def stored_roles(folder: Path) -> list[str | None]:
    connection = sqlite3.connect(folder / "catalog.sqlite3")
    try:
        return [codes for (codes,) in connection.execute("SELECT roles FROM revisions ORDER BY paper_id, hash")]
    finally:
        connection.close()


def test_its_sentences_have_roles_before_and_after_the_next_writer_stores_them(old: Path, tmp_path: Path) -> None:
    def roles_of_all(library: refdesk.Library) -> dict[str, object]:
        catalog = library._store.catalog
        return {paper_id: paper.roles for paper_id, paper in catalog.papers(catalog.ids()).items()}

    with refdesk.open_library(old, read_only=True) as library:
        computed = roles_of_all(library)
        assert all(computed.values())
    with refdesk.open_library(old) as library:
        assert set(stored_roles(old)) == {None}
        assert roles_of_all(library) == computed
        new = tmp_path / "new.csv"
        new.write_text("title,abstract\nA new paper,We study swifts with care.\n")
        library.add(new)
        codes = stored_roles(old)
        assert all(codes) and len(codes) > len(computed), "the new text has roles, and every revision of the old"
        assert {
            paper_id: roles for paper_id, roles in roles_of_all(library).items() if paper_id in computed
        } == computed


def test_one_that_is_too_old_to_be_read_without_migrating_says_what_to_do(old: Path) -> None:
    connection = sqlite3.connect(old / "catalog.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = '0004'")
    connection.commit()
    connection.close()
    with pytest.raises(errors.StoreMismatch, match="0004") as caught:
        refdesk.open_library(old, read_only=True)
    assert "writing" in str(caught.value.hint)
