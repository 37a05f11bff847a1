"""Chroma Cloud's limits, on a Chroma server of loopback: collections that go on in others, and long ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
from chromadb.errors import NotFoundError
from small import chunk_ids, paper
from test_vectors import filled, unit

import refdesk
from rag.errors import ConfigError, StoreMismatch, VectorsUnavailable
from rag.types import Chunk, Paper
from stores.urls import chroma_address
from stores.vectors.chroma import ChromaVectors
from stores.vectors.cloud import LimitedClient, LimitedCollection, Limits
from stores.vectors.collection import own_metadata
from stores.vectors.server import ServerClient
from tests.chroma_proxy import ChromaProxy

SMALL = Limits(page=7, id_bytes=40, text_bytes=60, value_bytes=80, records=20)
_names = count()


@pytest.fixture
def client(chroma_server: str) -> Iterator[LimitedClient]:
    made = LimitedClient(ServerClient(chroma_address(chroma_server), ""), SMALL)
    yield made
    made.close()


@pytest.fixture
def name() -> str:
    return f"limited-{next(_names)}"


def chunk_id(number: int) -> str:
    """Every third one is longer than an id may be."""
    return f"{'doi:10.1/' + 'é' * 30 if number % 3 == 0 else 'p:'}{number}#0"


def put(collection: LimitedCollection, numbers: range, rows: Any) -> None:
    ids = [chunk_id(number) for number in numbers]
    collection.upsert(
        ids=ids,
        embeddings=rows[list(numbers)],
        documents=[f"Text {number}." for number in numbers],
        metadatas=[{"paper_id": each.rpartition("#")[0], "chunk": 0, "title": "T" * 90} for each in ids],
    )


def test_a_full_collection_goes_on_in_others_and_all_are_used_as_one(client: LimitedClient, name: str) -> None:
    rows = unit(60)
    collection = client.get_or_create_collection(name, own_metadata("one"))
    put(collection, range(20), rows)
    put(collection, range(20, 50), rows)
    for opened in (collection, client.get_collection(name)):
        assert [part.name for part in opened.parts] == [name, f"{name}-2", f"{name}-3"]
        assert all(part.count() <= SMALL.records for part in opened.parts)
        assert opened.count() == 50
        ids = [chunk_id(number) for number in range(50)]
        assert sorted(opened.get()["ids"]) == sorted(ids)
        pages = [opened.get(limit=9, offset=at)["ids"] for at in range(0, 60, 9)]
        assert sorted(each for page in pages for each in page) == sorted(ids)
        assert [len(page) for page in pages] == [9, 9, 9, 9, 9, 5, 0]
        found = opened.get(ids=[*ids[10:40], "p:999#0"], include=["embeddings", "documents"])
        assert sorted(found["ids"]) == sorted(ids[10:40])
        for each, row, text in zip(found["ids"], found["embeddings"], found["documents"], strict=True):
            number = ids.index(each)
            assert np.allclose(row, rows[number], atol=1e-6)
            assert text == f"Text {number}."
        assert opened.get(where={"paper_id": {"$in": [ids[3].rpartition("#")[0], "p:46"]}})["ids"] == [ids[3], ids[46]]
        for query in unit(5, seed=4):
            near = opened.query(query_embeddings=query[None, :], n_results=6, include=["distances"])
            order = np.argsort(-(rows[:50] @ query))[:6]
            assert near["ids"] == [[ids[number] for number in order]]
            assert np.allclose(near["distances"][0], 1 - (rows @ query)[order], atol=1e-5)
        some = {"query_embeddings": rows[:1], "n_results": 9, "include": ["distances"]}
        assert sorted(opened.query(ids=ids[4:8], **some)["ids"][0]) == sorted(ids[4:8])


def test_what_is_written_again_stays_where_it_is(client: LimitedClient, name: str) -> None:
    collection = client.get_or_create_collection(name, own_metadata("one"))
    put(collection, range(35), unit(60))
    other = unit(60, seed=9)
    for opened in (collection, client.get_collection(name)):
        put(opened, range(0, 40), other)
        assert opened.count() == 40
    found = collection.get(include=["embeddings"])
    assert len(set(found["ids"])) == 40
    assert np.allclose(found["embeddings"][found["ids"].index("p:1#0")], other[1], atol=1e-6)
    collection.delete(ids=[chunk_id(number) for number in range(1, 40)])
    assert client.get_collection(name).get()["ids"] == [chunk_id(0)]


def test_long_texts_and_values_are_cut(client: LimitedClient, name: str) -> None:
    collection = client.get_or_create_collection(name, own_metadata("one"))
    metadata = {"paper_id": "p", "chunk": 0, "title": "ü" * 50}
    collection.upsert(ids=["p#0"], embeddings=unit(1), documents=["Wörter " * 30], metadatas=[metadata])
    found = collection.get(include=["documents", "metadatas"])
    assert (len(found["documents"][0].encode()), found["metadatas"][0]["title"]) == (60, "ü" * 40)


def test_all_parts_are_renamed_and_deleted_together(client: LimitedClient, name: str) -> None:
    collection = client.get_or_create_collection(name, own_metadata("one"))
    put(collection, range(45), unit(60))
    collection.modify(name=f"{name}.old")
    assert client.get_collection(f"{name}.old").count() == 45
    with pytest.raises(NotFoundError):
        client.get_collection(name)
    client.delete_collection(f"{name}.old")
    assert client.get_or_create_collection(f"{name}.old", own_metadata("one")).count() == 0, "no part is left"


def test_a_collection_of_another_library_is_no_part(client: LimitedClient, name: str) -> None:
    other = client.get_or_create_collection(f"{name}-2", own_metadata("other"))
    put(other, range(3), unit(60))
    collection = client.get_or_create_collection(name, own_metadata("one"))
    put(collection, range(20), unit(60))
    assert client.get_collection(name).count() == 20
    with pytest.raises(StoreMismatch, match=f"“{name}-2”"):
        put(collection, range(20, 30), unit(60))
    assert (collection.count(), other.count()) == (20, 3)


def test_papers_with_long_ids_are_found_by_them(cloud: ChromaProxy, closing: Callable[[Any], Any]) -> None:
    url = f"chroma-cloud://lab/papers/long-{next(_names)}?host=127.0.0.1:{cloud.port}"
    vectors = closing(ChromaVectors(url))
    long = [f"file:{'論文' * 30}:{number}" for number in range(4)]
    papers = [Paper(paper_id=each, title="T", abstract="A text.", imported="2026-07-01") for each in long]
    chunks = [Chunk(paper_id=each, number=number, start=0, end=7, text="A text.") for each in long for number in (0, 1)]
    rows = unit(8)
    vectors.upsert(chunks, rows, [each for each in papers for _ in range(2)])
    filled(vectors, 5, seed=3)
    assert vectors.search(rows[5], limit=1)[0][:2] == (long[2], 1)
    assert list(vectors.similarities(rows[5], [long[2], "p:1"])) == [long[2], "p:1"]
    assert vectors.unfindable([each.chunk_id for each in chunks], probes=8) == ([], [])
    vectors.delete([long[2]], but={f"{long[2]}#0"})
    vectors.delete([long[3]])
    kept = {f"{each}#{number}" for each in long[:2] for number in (0, 1)} | {f"{long[2]}#0"}
    assert set(chunk_ids(vectors)) == kept | {f"{paper(number).paper_id}#0" for number in range(5)}


def test_a_library_lives_in_the_cloud(
    cloud: ChromaProxy, tmp_path: Any, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"chroma-cloud://lab/papers/library-{next(_names)}?host=127.0.0.1:{cloud.port}"
    monkeypatch.setenv("REFDESK_VECTORS", url)
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(sample / "papers.jsonl", sample / "papers.csv")
        before = [(hit.paper_id, round(hit.vector, 4)) for hit in library.search("grokking")]
        assert library.check() == []
        library.reindex()
        assert library.check() == []
        assert [(hit.paper_id, round(hit.vector, 4)) for hit in library.search("grokking")] == before
        assert before[0][1] > 0


def test_without_a_key_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="CHROMA_API_KEY is not set") as caught:
        ChromaVectors("chroma-cloud://lab/papers")
    assert "CHROMA_API_KEY" in str(caught.value.hint)


def test_a_database_that_is_not_there_is_named(chroma_server: str) -> None:
    address = replace(chroma_address(chroma_server), tenant="lab", database="nothing")
    plain = ServerClient(address, "")
    with pytest.raises(VectorsUnavailable, match=r"cannot be used: Database .nothing. does not exist\."):
        plain.get_or_create_collection("chunks", own_metadata("one"))
    plain.close()
