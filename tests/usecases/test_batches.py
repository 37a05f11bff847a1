"""Imports of any size, of the same again and of revised papers, and libraries rebuilt with another embedder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import refdesk
from refdesk import errors
from tests.embedding_server import EmbeddingServer

Records = list[dict[str, object]]


@pytest.mark.parametrize("count", [1, 999, 1_000, 1_001, 2_500])
def test_batches_of_any_size_keep_their_counts(
    library: refdesk.Library, tmp_path: Path, records: Callable[..., Records], jsonl: Callable[..., Path], count: int
) -> None:
    path = jsonl(tmp_path / "papers.jsonl", records(count))
    told: list[int] = []
    report = library.add(path, progress=lambda read, _share: told.append(read))
    assert (report.added, report.updated, report.unchanged, report.rejected) == (count, 0, 0, ())
    assert told[-1] == count
    assert library.status()["papers"] == count
    assert sum(1 for _ in library._store.vectors.documents()) == library._store.lexical.count() == count
    if count in (1, 1_001):
        again = library.add(path)
        assert (again.added, again.updated, again.unchanged) == (0, 0, count)
        assert library.check() == []


def test_a_record_that_comes_again_in_another_batch_is_the_same_paper(
    library: refdesk.Library, tmp_path: Path, records: Callable[..., Records], jsonl: Callable[..., Path]
) -> None:
    some = records(1_100)
    doubled = [*some, *some[:50], *records(20, edition="second")]
    report = library.add(jsonl(tmp_path / "papers.jsonl", doubled))
    assert (report.added, report.unchanged, report.updated) == (1_100, 50, 20)
    assert library.status()["papers"] == 1_100
    assert len(library.revisions("sample:00003")) == 2
    assert "second edition" in library.show("sample:00003").abstract
    assert library.check() == []


def test_a_revised_paper_leaves_no_chunk_and_no_word_of_its_old_text(
    library: refdesk.Library, write: Callable[[str, str], Path]
) -> None:
    long = " ".join(
        f"Sentence {number} is about zymurgy and the brewing of beer in {number} vessels." for number in range(400)
    )
    old = {"id": "a", "title": "A paper", "abstract": long}
    library.add(write("papers.jsonl", json.dumps(old) + "\n"))
    before = library._store.vectors.count()
    assert before > 1
    new = {**old, "abstract": "We measure the flight of swifts. They sleep on the wing."}
    assert library.add(write("papers.jsonl", json.dumps(new) + "\n")).updated == 1
    assert [chunk_id for chunk_id, _, _ in library._store.vectors.documents()] == ["file:papers:a#0"]
    assert library._store.lexical.search(library._store.lexical.terms("zymurgy"), limit=5) == []
    assert library.check() == []
    assert not library.ask("What is said about zymurgy and brewing?").answered


def test_counts_add_up_to_the_records_whatever_they_are(
    library: refdesk.Library, write: Callable[[str, str], Path]
) -> None:
    good = {"id": "1", "title": "Good", "abstract": "We study something with care."}
    lines = [
        json.dumps(good),
        json.dumps(good),
        json.dumps({**good, "abstract": "We study something else with care."}),
        json.dumps({"id": "2", "title": "No abstract"}),
        "{ broken",
        json.dumps([1]),
        json.dumps({"id": "3", "title": "\x1b[31mred\x1b[0m", "abstract": "We study something with care."}),
    ]
    report = library.add(write("papers.jsonl", "\n".join(lines) + "\n"))
    assert (report.added, report.updated, report.unchanged, len(report.rejected)) == (1, 1, 1, 4)
    assert [reject.where for reject in report.rejected] == ["line 4", "line 5", "line 6", "line 7"]


def test_the_only_paper_that_holds_a_word_is_found_by_it(
    small: Path, records: Callable[..., Records], jsonl: Callable[..., Path]
) -> None:
    with refdesk.open_library(small) as library:
        library.add(jsonl(small.parent / "more.jsonl", records(300, first=1_000)))
        lost = [
            number
            for number in range(1_200, 1_300)
            if library.search(f"subject{number}")[0].paper_id[-5:] != f"{number:05}"
        ]
    assert lost == []


# ---- embedders


def test_a_library_of_another_embedder_says_which_and_how_to_rebuild_it(small: Path) -> None:
    with pytest.raises(errors.StoreMismatch) as caught:
        refdesk.open_library(small, embedder="minilm")
    assert "static-256" in caught.value.message
    assert "minilm" in caught.value.message
    assert "refdesk reindex --embedder minilm" in str(caught.value.hint)
    refdesk.open_library(small, embedder="static").close()


def test_a_library_is_reindexed_to_another_embedder_and_back(small: Path, server: EmbeddingServer) -> None:
    with refdesk.open_library(small) as library:
        for name, dimension in (("openai:words", 24), ("static", 256)):
            assert library.reindex(embedder=name) == 60
            status = library.status()
            assert (status["embedder"], status["dimension"]) == (name.replace("static", "static-256"), dimension)
            assert library.check() == []
            assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
    with refdesk.open_library(small) as library:
        assert library.status()["embedder"] == "static-256"
        assert library.ask("What does the study of subject17 find?").answered


def test_a_reindex_whose_server_fails_keeps_the_papers_and_is_finished_later(
    small: Path, server: EmbeddingServer
) -> None:
    server.moods = ["ok", "refused"]  # the dimension, and then no more
    with refdesk.open_library(small) as library:
        with pytest.raises(errors.EmbedderUnavailable):
            library.reindex(embedder="openai:words")
        assert library.status()["papers"] == 60
    with refdesk.open_library(small) as library:
        assert library.status()["to_index"] == 60
        assert library.add(small.parent / "papers.jsonl").unchanged == 60
        assert library.check() == []
        assert library.status()["embedder"] == "openai:words"
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"


def test_a_reindex_to_an_embedder_that_cannot_be_had_changes_nothing(small: Path, server: EmbeddingServer) -> None:
    server.mood = "refused"
    with refdesk.open_library(small) as library:
        with pytest.raises(errors.EmbedderUnavailable):
            library.reindex(embedder="openai:words")
        with pytest.raises(errors.ConfigError):
            library.reindex(embedder="no such thing")
        assert library.status()["embedder"] == "static-256"
        assert library.check() == []
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"


def test_an_import_whose_server_fails_adds_nothing_and_can_be_repeated(
    tmp_path: Path, server: EmbeddingServer, records: Callable[..., Records], jsonl: Callable[..., Path]
) -> None:
    path = jsonl(tmp_path / "papers.jsonl", records(10))
    with refdesk.open_library(tmp_path / "library", embedder="openai:words") as library:
        server.mood = "refused"
        with pytest.raises(errors.EmbedderUnavailable):
            library.add(path)
        assert library.status()["papers"] == 0
        server.mood = "ok"
        assert library.add(path).added == 10
        assert library.check() == []


def test_a_new_library_whose_embedder_cannot_be_had_is_not_made(tmp_path: Path, server: EmbeddingServer) -> None:
    server.mood = "missing"
    with pytest.raises(errors.EmbedderUnavailable):
        refdesk.open_library(tmp_path / "library", embedder="openai:words")
    with pytest.raises(errors.LibraryNotFound):
        refdesk.open_library(tmp_path / "library", create=False)
    with refdesk.open_library(tmp_path / "library") as library:
        assert library.status()["embedder"] == "static-256"
