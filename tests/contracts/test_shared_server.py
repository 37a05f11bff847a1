"""Libraries that share a Chroma server: each has a collection of its own, and none touches another's."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from small import chunk, paper

import refdesk
from refdesk import errors
from stores.urls import chroma_address
from stores.vectors.chroma import ChromaVectors
from stores.vectors.server import ServerClient
from tests.contracts.test_vectors import unit

_names = count()


@pytest.fixture
def collection(chroma_server: str) -> str:
    """The URL of a new collection."""
    return f"{chroma_server}/shared-libraries-{next(_names)}"


@pytest.fixture
def opened(
    tmp_path: Path,
    collection: str,
    monkeypatch: pytest.MonkeyPatch,
    open_library: Callable[..., refdesk.Library],
) -> Callable[..., refdesk.Library]:
    """Open a library by name, with its vectors in the collection, or in another one of its server."""

    def open_by_name(name: str, *, end: str = "") -> refdesk.Library:
        monkeypatch.setenv("REFDESK_VECTORS", collection + end)
        return open_library(tmp_path / name)

    return open_by_name


@pytest.fixture
def papers(tmp_path: Path) -> Callable[[str], Path]:
    def written(name: str) -> Path:
        path = tmp_path / f"{name}.jsonl"
        records = [
            {"id": f"{name}{number}", "title": f"Paper {number} of {name}", "abstract": f"We study {name} {number}."}
            for number in range(5)
        ]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return written


def metadata(url: str) -> dict[str, object]:
    server, _, name = url.rpartition("/")
    client = ServerClient(chroma_address(server), "")
    try:
        return dict(client.get_collection(name, embedding_function=None).metadata or {})
    finally:
        client.close()


def without_id(url: str) -> None:
    """Take the library's id from a collection, as earlier versions made it."""
    server, _, name = url.rpartition("/")
    client = ServerClient(chroma_address(server), "")
    try:
        client.get_collection(name, embedding_function=None).modify(metadata={"made": "before"})
    finally:
        client.close()


def test_the_collection_of_another_library_is_refused_whatever_is_done(
    opened: Callable[..., refdesk.Library], papers: Callable[[str], Path]
) -> None:
    one = opened("one")
    one.add(papers("whales"))
    other = opened("other")
    for action in (
        lambda: other.add(papers("glaciers")),
        other.check,
        other.reindex,
        lambda: other.search("whales"),
    ):
        with pytest.raises(errors.StoreMismatch, match="belongs to another library") as caught:
            action()
        assert "/my-papers" in str(caught.value.hint)
    assert one.check() == []
    assert one.search("whales")[0].vector > 0
    moved = opened("other", end="-of-its-own")
    moved.reindex()
    moved.add(papers("glaciers"))
    assert (moved.check(), one.check()) == ([], [])


def test_a_collection_carries_the_id_of_its_library_also_after_a_rebuild(
    opened: Callable[..., refdesk.Library], papers: Callable[[str], Path], collection: str
) -> None:
    library = opened("one")
    library.add(papers("whales"))
    own = library._store.catalog.setting("library_id")
    assert own
    assert metadata(collection) == {"refdesk:library": own, "refdesk:layout": 2}
    library.reindex()
    assert metadata(collection) == {"refdesk:library": own, "refdesk:layout": 2}


def test_a_collection_without_an_id_is_claimed_by_the_next_writer_that_knows_its_papers(
    opened: Callable[..., refdesk.Library], papers: Callable[[str], Path], collection: str
) -> None:
    one = opened("one")
    one.add(papers("whales"))
    without_id(collection)
    stranger = opened("stranger")
    with pytest.raises(errors.StoreMismatch, match="belongs to another library"):
        stranger.add(papers("glaciers"))
    assert "refdesk:library" not in metadata(collection)
    again = opened("one")
    assert again.search("whales")[0].vector > 0, "a reader uses it as it is"
    assert "refdesk:library" not in metadata(collection)
    again.add(papers("owls"))
    assert metadata(collection)["refdesk:library"] == again._store.catalog.setting("library_id")
    assert metadata(collection)["made"] == "before"
    assert again.check() == []


def test_a_collection_that_is_gone_from_the_server_is_missing(
    opened: Callable[..., refdesk.Library], papers: Callable[[str], Path], collection: str
) -> None:
    library = opened("one")
    library.add(papers("whales"))
    server, _, name = collection.rpartition("/")
    client = ServerClient(chroma_address(server), "")
    client.delete_collection(name)
    client.close()
    again = opened("one")
    assert again.search("whales").degraded
    again.reindex()
    assert again.search("whales")[0].vector > 0


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:hunter2@127.0.0.1:9/papers",
        "http://ada:hun/ter2@127.0.0.1:9/papers",
        "http://127.0.0.1:9/papers?password=hunter2",
        "http://127.0.0.1:9/papers?token=hunter2",
    ],
)
def test_a_failing_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(errors.RefdeskError) as caught:
        ChromaVectors(url).count()
    shown = f"{caught.value.message} {caught.value.hint}"
    assert "127.0.0.1" in shown
    assert "ter2" not in shown


def test_the_vectors_of_a_folder_that_another_library_made_are_refused(tmp_path: Path) -> None:
    made = ChromaVectors(tmp_path / "chroma", library_id="one")
    made.upsert([chunk(paper(1))], unit(1), [paper(1)])
    made.close()
    with pytest.raises(errors.StoreMismatch, match="another library"):
        ChromaVectors(tmp_path / "chroma", library_id="other")
    ChromaVectors(tmp_path / "chroma", library_id="one").close()
