"""A database of Chroma without what repeats the documents: plain chromadb finds and writes the same in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from small import chunk, paper

from rag.identity import title_hash
from stores.vectors.chroma import ChromaVectors
from stores.vectors.clients import close_client

COUNT = 600
TEXTS = [f"Abstract Nr{number}: " + " ".join(f"word{number * k % 97}" for k in range(200)) for number in range(COUNT)]


def rows(count: int) -> np.ndarray:
    found = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    papers = [paper(number, text=text) for number, text in enumerate(TEXTS)]
    vectors = ChromaVectors(tmp_path / "chroma")
    vectors.upsert(list(map(chunk, papers)), rows(COUNT), papers)
    vectors.close()
    return tmp_path / "chroma"


def test_a_document_is_stored_once(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        page, pages, free = (
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
        )
    assert page * (pages - free) < 3 * len("".join(TEXTS))


@pytest.mark.parametrize(
    ("asked", "has"),
    [
        ({"$contains": "Nr77:"}, lambda text: "Nr77:" in text),
        ({"$contains": "nr77:"}, lambda text: False),
        ({"$contains": "77"}, lambda text: "77" in text),
        ({"$not_contains": "word5"}, lambda text: "word5" not in text),
        ({"$regex": "Nr1(23|24):"}, lambda text: "Nr123:" in text or "Nr124:" in text),
        ({"$and": [{"$contains": "Nr5"}, {"$contains": "word96"}]}, lambda text: "Nr5" in text and "word96" in text),
    ],
)
def test_plain_chromadb_searches_in_documents(folder: Path, asked: dict[str, Any], has: Callable[[str], bool]) -> None:
    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    found = client.get_collection("chunks", embedding_function=None).get(where_document=asked, include=[])["ids"]
    close_client(client)
    assert sorted(found) == sorted(f"p:{number}#0" for number, text in enumerate(TEXTS) if has(text))


def test_plain_chromadb_writes_and_filters(folder: Path) -> None:
    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    collection = client.get_collection("chunks", embedding_function=None)
    collection.update(ids=["p:5#0"], embeddings=rows(1), documents=["Zebra crossing"])
    collection.upsert(ids=["new"], embeddings=rows(1), documents=["Zebra two"], metadatas=[{"paper_id": "p:new"}])
    collection.delete(ids=["p:7#0"])
    collection.delete(where_document={"$contains": "Nr8:"})
    assert set(collection.get(where_document={"$contains": "Zebra"})["documents"]) == {"Zebra crossing", "Zebra two"}
    assert not collection.get(where_document={"$regex": "Nr[578]:"})["ids"]
    assert collection.get(where={"paper_id": {"$in": ["p:new", "p:6", "p:7"]}}, include=[])["ids"] == ["p:6#0", "new"]
    assert collection.count() == COUNT - 1
    close_client(client)
    vectors = ChromaVectors(folder)
    stored = {chunk_id: text for chunk_id, text, _ in vectors.documents()}
    vectors.close()
    assert stored["p:5#0"] == "Zebra crossing"
    assert len(stored) == COUNT - 1


def test_a_collection_of_the_first_layout_keeps_it(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(str(tmp_path / "chroma"), settings=Settings(anonymized_telemetry=False))
    collection = client.create_collection(
        "chunks",
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine"}},
        metadata={"refdesk:layout": 1, "refdesk:library": "it"},
    )
    old = {"paper_id": "p:0", "chunk": 0, "start": 0, "end": 9, "title": "An old title", "source": "jsonl"}
    collection.add(ids=["p:0#0"], embeddings=rows(1), documents=["Old text."], metadatas=[old])
    close_client(client)
    vectors = ChromaVectors(tmp_path / "chroma", library_id="it")
    vectors.claim(len)
    vectors.upsert([chunk(paper(1, title="Newer"))], rows(1), [paper(1, title="Newer")])
    hashes = {chunk_id: hash_ for chunk_id, _, hash_ in vectors.documents()}
    vectors.close()
    assert hashes == {"p:0#0": title_hash("An old title"), "p:1#0": title_hash("Newer")}
    with closing(sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3")) as database:
        titles = database.execute("SELECT string_value FROM embedding_metadata WHERE key = 'title' ORDER BY id")
        assert [title for (title,) in titles] == ["An old title", "Newer"]
        kinds = dict(database.execute("SELECT name, type FROM sqlite_master"))
    assert kinds["embedding_fulltext_search"] == "table", "what Chroma made is not changed"
