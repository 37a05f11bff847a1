"""The vector port, over Chroma in a folder and Chroma on a server: one suite, each answer against numpy's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from numpy.typing import NDArray
from small import chunk, chunk_ids, paper

from rag.errors import ConfigError, StoreDamaged, StoreError, VectorsUnavailable
from rag.identity import title_hash
from rag.types import Chunk, Paper
from stores.urls import chroma_address
from stores.vectors.chroma import ChromaVectors
from stores.vectors.clients import close_client
from tests.commands import environment

Rows = NDArray[np.float32]
DIMENSION = 16


def unit(count: int, *, seed: int = 0, dimension: int = DIMENSION) -> Rows:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(vectors: ChromaVectors, count: int, *, seed: int = 0) -> tuple[list[Paper], Rows]:
    """One chunk for each of `count` papers."""
    papers, rows = [paper(number) for number in range(count)], unit(count, seed=seed)
    vectors.upsert([chunk(each) for each in papers], rows, papers)
    return papers, rows


def nearest(papers: list[Paper], rows: Rows, query: Rows, limit: int) -> list[tuple[str, float]]:
    """What numpy says: ids and cosines, best first, ties by id."""
    cosines = rows @ query
    order = sorted(range(len(papers)), key=lambda row: (-cosines[row], papers[row].paper_id))[:limit]
    return [(papers[row].paper_id, float(cosines[row])) for row in order]


@pytest.fixture
def vectors(place: Path | str) -> Iterator[ChromaVectors]:
    opened = ChromaVectors(place)
    yield opened
    opened.close()


def test_a_new_collection_is_empty_and_finds_nothing(vectors: ChromaVectors) -> None:
    assert vectors.count() == 0
    assert list(chunk_ids(vectors)) == []
    assert vectors.search(unit(1)[0], limit=5) == []
    assert vectors.search(unit(1)[0], limit=5, papers=["p:1"]) == []


def test_search_gives_numpys_cosines_in_numpys_order(vectors: ChromaVectors) -> None:
    papers, rows = filled(vectors, 200)
    for query in unit(10, seed=1):
        expected = nearest(papers, rows, query, 10)
        found = vectors.search(query, limit=10)
        assert [(paper_id, number) for paper_id, number, _ in found] == [(paper_id, 0) for paper_id, _ in expected]
        assert np.allclose([similarity for _, _, similarity in found], [cosine for _, cosine in expected], atol=1e-5)


def test_similarity_is_one_for_the_same_and_minus_one_for_the_opposite_direction(vectors: ChromaVectors) -> None:
    row = unit(1)[0]
    papers = [paper(1), paper(2), paper(3)]
    across = np.zeros(DIMENSION, dtype=np.float32)
    across[:2] = row[1], -row[0]
    vectors.upsert(list(map(chunk, papers)), np.stack([-row, across / np.linalg.norm(across), row]), papers)
    found = vectors.search(row, limit=3)
    assert [paper_id for paper_id, _, _ in found] == ["p:3", "p:2", "p:1"]
    assert np.allclose([similarity for _, _, similarity in found], [1, 0, -1], atol=1e-6)


def test_equal_similarities_stand_in_the_order_of_ids(vectors: ChromaVectors) -> None:
    row = unit(1)
    papers = [paper(number) for number in (7, 3, 9, 1)]
    chunks = [chunk(each, number) for each in papers for number in (1, 0)]
    vectors.upsert(chunks, np.repeat(row, 8, axis=0), [each for each in papers for _ in range(2)])
    found = [(paper_id, number) for paper_id, number, _ in vectors.search(row[0], limit=8)]
    assert found == [(f"p:{number}", part) for number in (1, 3, 7, 9) for part in (0, 1)]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_asks_for_nothing(vectors: ChromaVectors, limit: int) -> None:
    filled(vectors, 3)
    assert vectors.search(unit(1)[0], limit=limit) == []


def test_a_limit_above_the_count_gives_all(vectors: ChromaVectors) -> None:
    filled(vectors, 3)
    assert len(vectors.search(unit(1)[0], limit=50)) == 3


def test_an_upsert_of_a_known_id_replaces_vector_text_and_metadata(vectors: ChromaVectors) -> None:
    _, rows = filled(vectors, 5)
    changed = paper(2, title="Another title", text="Another abstract.")
    vectors.upsert([chunk(changed)], -rows[2:3], [changed])
    assert vectors.count() == 5
    paper_id, number, similarity = vectors.search(-rows[2], limit=1)[0]
    assert (paper_id, number) == ("p:2", 0)
    assert similarity == pytest.approx(1, abs=1e-5)
    assert {row for row in vectors.documents() if row[0] == "p:2#0"} == {
        ("p:2#0", "Another abstract.", title_hash("Another title"))
    }


def test_writing_nothing_and_deleting_nothing_are_no_errors(vectors: ChromaVectors) -> None:
    vectors.upsert([], unit(0), [])
    vectors.upsert([], np.zeros((0, 0), dtype=np.float32), [])
    vectors.delete([])
    assert vectors.count() == 0


def test_rows_that_do_not_match_are_refused_before_anything_is_written(vectors: ChromaVectors) -> None:
    with pytest.raises(ValueError, match="1 chunks, 2 vectors and 1 papers do not match"):
        vectors.upsert([chunk(paper(1))], unit(2), [paper(1)])
    assert vectors.count() == 0


def test_delete_forgets_all_chunks_of_a_paper_and_no_others(vectors: ChromaVectors) -> None:
    papers = [paper(number) for number in range(6)]
    rows = unit(12)
    vectors.upsert(
        [chunk(each, number) for each in papers for number in (0, 1)], rows, [each for each in papers for _ in range(2)]
    )
    vectors.delete(["p:1", "p:4", "p:unknown"])
    kept = [f"p:{number}#{part}" for number in (0, 2, 3, 5) for part in (0, 1)]
    assert sorted(chunk_ids(vectors)) == kept
    assert vectors.count() == 8
    assert {paper_id for paper_id, _, _ in vectors.search(rows[2], limit=12)} == {"p:0", "p:2", "p:3", "p:5"}


def test_delete_keeps_the_chunks_that_are_named(vectors: ChromaVectors) -> None:
    filled(vectors, 6)
    vectors.delete(["p:1", "p:2", "p:4"], but={"p:2#0", "p:9#0"})
    assert sorted(chunk_ids(vectors)) == ["p:0#0", "p:2#0", "p:3#0", "p:5#0"]


def test_papers_that_are_written_again_and_again_are_still_found(vectors: ChromaVectors) -> None:
    for edition in range(6):
        papers, rows = filled(vectors, 200, seed=edition)
        vectors.delete([each.paper_id for each in papers], but={chunk(each).chunk_id for each in papers})
    assert vectors.unfindable(sorted(chunk_ids(vectors)), probes=200) == ([], [])
    assert [vectors.search(row, limit=1)[0][0] for row in rows] == [each.paper_id for each in papers]


def test_what_was_deleted_can_be_written_again(vectors: ChromaVectors) -> None:
    papers, rows = filled(vectors, 20)
    vectors.delete([each.paper_id for each in papers])
    assert vectors.count() == 0
    assert vectors.search(rows[0], limit=3) == []
    filled(vectors, 20)
    assert vectors.search(rows[7], limit=1)[0][0] == "p:7"


def test_a_batch_larger_than_chroma_takes_is_written_whole(place: Path | str, vectors: ChromaVectors) -> None:
    count = 2_100  # more than we send to a server at once
    if isinstance(place, Path):
        count = 5_600
        with opened_plainly(place) as client:
            assert client.get_max_batch_size() < count, "or this test tests nothing"
    _, rows = filled(vectors, count)
    assert vectors.count() == count
    assert len(set(chunk_ids(vectors))) == count
    assert vectors.search(rows[count - 1], limit=1)[0][0] == f"p:{count - 1}"
    vectors.delete([f"p:{number}" for number in range(1, count)])
    assert list(chunk_ids(vectors)) == ["p:0#0"]


def test_a_search_among_papers_finds_those_only_and_the_nearest_of_them(vectors: ChromaVectors) -> None:
    papers, rows = filled(vectors, 1_600)
    for size in (1, 3, 40, 1_500):
        own = list(range(0, 1_600, max(1, 1_600 // size)))[:size]
        among = [papers[row].paper_id for row in own]
        for query in unit(3, seed=2):
            expected = nearest([papers[row] for row in own], rows[own], query, 5)
            found = vectors.search(query, limit=5, papers=among)
            assert [paper_id for paper_id, _, _ in found] == [paper_id for paper_id, _ in expected], size


def test_a_search_among_no_papers_or_unknown_ones_finds_nothing(vectors: ChromaVectors) -> None:
    _, rows = filled(vectors, 5)
    assert vectors.search(rows[0], limit=5, papers=[]) == []
    assert vectors.search(rows[0], limit=5, papers=["p:unknown"]) == []
    assert len(vectors.search(rows[0], limit=5, papers=["p:unknown", "p:3", "p:3"])) == 1


def test_a_search_among_more_papers_than_sql_takes_variables_works(vectors: ChromaVectors) -> None:
    _, rows = filled(vectors, 10)
    among = [f"p:{number}" for number in range(3, 40_000)]
    assert [paper_id for paper_id, _, _ in vectors.search(rows[3], limit=1, papers=among)] == ["p:3"]
    vectors.delete(among)
    assert sorted(chunk_ids(vectors)) == ["p:0#0", "p:1#0", "p:2#0"]


def test_ids_with_the_separator_and_other_scripts_come_back_as_they_were(vectors: ChromaVectors) -> None:
    odd = [
        Paper(paper_id=name, title="T", abstract="An abstract.", imported="2026-07-01")
        for name in ("file:a#b:1#2", "file:論文:é 1")
    ]
    vectors.upsert([chunk(each, 3) for each in odd], unit(2), odd)
    assert {(paper_id, number) for paper_id, number, _ in vectors.search(unit(2)[0], limit=2)} == {
        (each.paper_id, 3) for each in odd
    }
    vectors.delete(["file:a#b:1#2"])
    assert list(chunk_ids(vectors)) == ["file:論文:é 1#3"]


def test_what_was_written_is_there_after_closing_and_opening(place: Path | str) -> None:
    first = ChromaVectors(place)
    _, rows = filled(first, 50)
    first.close()
    second = ChromaVectors(place)
    try:
        assert second.count() == 50
        assert second.search(rows[30], limit=1)[0][0] == "p:30"
    finally:
        second.close()


_WRITE_ELSEWHERE = """
import sys
from pathlib import Path
import numpy as np
from small import chunk, chunk_ids, paper
from stores.vectors.chroma import ChromaVectors
place = sys.argv[1]
vectors = ChromaVectors(place if "://" in place else Path(place))
rows = np.eye(16, dtype=np.float32)[[3, 4]]
papers = [paper(1003), paper(1004)]
vectors.upsert([chunk(each) for each in papers], rows, papers)
vectors.delete(["p:0"])
vectors.close()
"""


def test_after_reopening_the_writes_of_another_process_are_found(place: Path | str, vectors: ChromaVectors) -> None:
    filled(vectors, 10)
    assert vectors.search(np.eye(DIMENSION, dtype=np.float32)[3], limit=1)[0][0] != "p:1003"
    folder = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", _WRITE_ELSEWHERE, str(place)],
        check=True,
        env=environment(PYTHONPATH=f"{folder}:{folder.parent.parent}"),
        timeout=60,
    )
    vectors.reopen()
    assert vectors.count() == 11
    for axis in (3, 4):
        paper_id, _, similarity = vectors.search(np.eye(DIMENSION, dtype=np.float32)[axis], limit=1)[0]
        assert paper_id == f"p:{1000 + axis}"
        assert similarity == pytest.approx(1, abs=1e-5)
    assert "p:0#0" not in set(chunk_ids(vectors))


def test_a_cleared_collection_takes_vectors_of_another_dimension(vectors: ChromaVectors) -> None:
    filled(vectors, 5)
    vectors.clear()
    assert vectors.count() == 0
    rows = unit(3, dimension=24)
    papers = [paper(number) for number in range(3)]
    vectors.upsert(list(map(chunk, papers)), rows, papers)
    assert vectors.search(rows[2], limit=1)[0][0] == "p:2"


def test_vectors_of_another_dimension_are_our_error_and_change_nothing(vectors: ChromaVectors) -> None:
    filled(vectors, 5)
    with pytest.raises(StoreError, match="dimension"):
        vectors.upsert([chunk(paper(9))], unit(1, dimension=24), [paper(9)])
    with pytest.raises(StoreError, match="dimension"):
        vectors.search(unit(1, dimension=24)[0], limit=3)
    assert vectors.count() == 5


def test_a_sound_collection_finds_every_probed_chunk_by_its_own_vector(vectors: ChromaVectors) -> None:
    filled(vectors, 300)
    assert vectors.unfindable(sorted(chunk_ids(vectors)), probes=50) == ([], [])


@contextmanager
def opened_plainly(place: Path | str) -> Iterator[Any]:
    """Chroma's own client for a place."""
    settings = Settings(anonymized_telemetry=False)
    if isinstance(place, Path):
        client = chromadb.PersistentClient(path=str(place), settings=settings)
    elif place.startswith("chroma-cloud"):
        address = chroma_address(place)
        key, host, port = os.environ["CHROMA_API_KEY"], address.host, address.port
        client = chromadb.CloudClient(
            address.tenant, address.database, key, settings=settings, cloud_host=host, cloud_port=port
        )
    else:
        url = urlsplit(place)
        client = chromadb.HttpClient(host=str(url.hostname), port=int(url.port or 0), settings=settings)
    apis = [each._server for each in (client, client._admin_client)]
    try:
        yield client
    finally:
        close_client(client)
        for api in apis:  # Chroma does not close its connections to a server
            if hasattr(api, "_session"):
                api._session.close()


def test_plain_chromadb_finds_documents_and_flat_metadata_as_the_contract_says(place: Path | str) -> None:
    dated = paper(1, text="First sentence. Second sentence.", title="A title", published="2024-06", listed="2024-06-17")
    yearly = paper(2, published="2023")
    undated = paper(3)
    second = Chunk(paper_id="p:1", number=1, start=16, end=32, text="Second sentence.")
    vectors = ChromaVectors(place)
    vectors.upsert([second, chunk(yearly), chunk(undated)], unit(3), [dated, yearly, undated])
    vectors.close()
    name = chroma_address(place).collection if isinstance(place, str) else "chunks"
    with opened_plainly(place) as client:
        assert isinstance(place, str) or [each.name for each in client.list_collections()] == ["chunks"]
        found = client.get_collection(name, embedding_function=None).get(
            include=["documents", "metadatas", "embeddings"], limit=300
        )
    by_id = {
        each: (text, metadata)
        for each, text, metadata in zip(found["ids"], found["documents"], found["metadatas"], strict=True)
    }
    assert by_id["p:1#1"] == (
        "Second sentence.",
        {
            "paper_id": "p:1",
            "chunk": 1,
            "start": 16,
            "end": 32,
            "title_hash": title_hash("A title"),
            "published": 20240601,
            "listed": 20240617,
        },
    )
    assert by_id["p:2#0"][1]["published"] == 20230101
    assert by_id["p:3#0"][1]["published"] == 0, "no date is no day of the calendar"
    assert by_id["p:3#0"][1]["listed"] == 20260701
    assert np.allclose(np.linalg.norm(found["embeddings"], axis=1), 1, atol=1e-5)


def test_two_libraries_share_a_server_under_names_of_their_own(
    chroma_server: str, closing: Callable[[Any], Any]
) -> None:
    one, other = (closing(ChromaVectors(f"{chroma_server}/shared-{name}")) for name in ("one", "other"))
    filled(one, 4)
    assert (one.count(), other.count()) == (4, 0)
    other.clear()
    assert one.count() == 4


def test_a_client_of_a_server_finds_the_collection_that_another_made_anew(
    chroma_server: str, closing: Callable[[Any], Any]
) -> None:
    one, other = (closing(ChromaVectors(f"{chroma_server}/anew")) for _ in range(2))
    filled(one, 4)
    other.clear()
    with pytest.raises(StoreError, match="rebuilt"):
        one.count()
    one.reopen()
    assert one.count() == 0


@pytest.mark.parametrize("place", ["localhost:8000", "ftp://localhost", "http://"])
def test_what_is_no_url_of_a_server_is_a_wrong_setting(place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        ChromaVectors(place)


def test_a_server_that_is_not_there_is_a_store_error_that_names_it() -> None:
    vectors = ChromaVectors("http://127.0.0.1:9")
    with pytest.raises(VectorsUnavailable, match=r"http://127\.0\.0\.1:9") as caught:
        vectors.count()
    vectors.close()
    assert "chroma run" in str(caught.value.hint)


def test_a_folder_that_holds_something_else_is_damaged_and_the_hint_mends_it(tmp_path: Path) -> None:
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"this is no database" * 1_000)
    with pytest.raises(StoreDamaged) as caught:
        ChromaVectors(tmp_path / "chroma")
    assert "refdesk reindex" in str(caught.value.hint)


@pytest.mark.parametrize("login", ["", "ada:secret@"])
def test_a_server_that_cannot_be_reached_is_told_with_the_reason(login: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # no one listens there
        vectors = ChromaVectors(f"http://{login}127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(VectorsUnavailable, match=r"cannot be used: .*Connection refused") as caught:
            vectors.count()
        vectors.close()
    assert "secret" not in str(caught.value)


def test_a_server_that_goes_away_is_a_store_error_too(chroma_server_of_its_own: tuple[str, Callable[[], None]]) -> None:
    url, stop = chroma_server_of_its_own
    vectors = ChromaVectors(url)
    filled(vectors, 3)
    stop()
    for use in (
        vectors.count,
        lambda: vectors.search(unit(1)[0], limit=1),
        lambda: filled(vectors, 2),
        lambda: vectors.delete(["p:1"]),
        lambda: list(chunk_ids(vectors)),
    ):
        with pytest.raises(StoreError, match=r"cannot be used: .*Connection refused"):
            use()


def test_vectors_that_another_process_has_just_written_do_not_hide_those_that_a_reader_has(tmp_path: Path) -> None:
    reader, writer = ChromaVectors(tmp_path / "chroma"), ChromaVectors(tmp_path / "chroma")
    papers, rows = [paper(number) for number in range(40)], unit(40)
    chunks = [chunk(each) for each in papers]
    writer.upsert(chunks[:30], rows[:30], papers[:30])
    reader.reopen()
    writer.upsert(chunks[30:], rows[30:], papers[30:])
    known = [each.paper_id for each in papers[:30]]
    asked = [each.paper_id for each in papers]
    assert list(reader.rows(asked)) == list(reader.similarities(rows[0], asked)) == known
    assert reader.unfindable([each.chunk_id for each in chunks], probes=40) == (
        [each.chunk_id for each in chunks[30:]],
        [],
    )
    reader.reopen()
    assert list(reader.rows(asked)) == asked
    writer.close()
    reader.close()


def test_what_is_there_already_gets_new_metadata_and_keeps_its_place_in_the_graph(
    vectors: ChromaVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, rows = filled(vectors, 30)
    linked: list[str] = []
    upsert = chromadb.Collection.upsert

    def noted(self: chromadb.Collection, *, ids: list[str], **columns: Any) -> None:
        linked.extend(ids)
        upsert(self, ids=ids, **columns)

    monkeypatch.setattr(chromadb.Collection, "upsert", noted)
    renamed = [paper(number, title=f"Newer {number}") for number in range(30)]
    papers = [*renamed[:3], paper(3, title="Newer 3", text="Another abstract."), *renamed[4:], paper(30)]
    rows = np.vstack([rows, unit(1, seed=9)])
    rows[7] = -rows[7]
    vectors.upsert(list(map(chunk, papers)), rows, papers)
    assert set(linked) == {"p:3#0", "p:7#0", "p:30#0"}
    expected = {
        (each.chunk_id, each.text, title_hash(one.title)) for each, one in zip(map(chunk, papers), papers, strict=True)
    }
    assert set(vectors.documents()) == expected
    assert vectors.search(rows[7], limit=1)[0][:2] == ("p:7", 0)
