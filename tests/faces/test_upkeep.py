"""What a killed writer left is indexed beside the served library, which answers meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from serving import serving

import refdesk
from refdesk.serve.upkeep import kept_up
from stores.health import REBUILD
from tests.copies import copied

pytestmark = pytest.mark.server


@pytest.fixture
def library(sample_library: Path, tmp_path: Path) -> refdesk.Library:
    return refdesk.open_library(copied(sample_library, tmp_path / "own"))


def rebuild(library: refdesk.Library) -> None:
    library._store.catalog.set({REBUILD: "yes"})


def lag(library: refdesk.Library) -> None:
    library._store.catalog.changes.reset(["lexical"])


@pytest.mark.parametrize("left", [rebuild, lag])
def test_what_an_index_lacks_is_indexed_while_searches_are_answered(
    library: refdesk.Library, left: Callable[[refdesk.Library], None]
) -> None:
    with library, serving(library) as at, httpx.Client(base_url=at.url, timeout=10) as client:

        def found() -> list[str]:
            hits = client.get("/api/v1/search", params={"q": "grokking"}).json()["hits"]
            return [hit["paper_id"] for hit in hits]

        expected = found()
        left(library)
        assert library.lacks()
        told: list[str] = []
        with kept_up(library, library._store.place.folder, None, told.append):
            limit = time.monotonic() + 60
            while library.lacks():
                assert time.monotonic() < limit
                assert found() == expected
        assert told == []
        assert found() == expected
        assert library.check() == []


def test_answers_go_after_their_days(library: refdesk.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with library:
        library.readers.add("ada")
        shelf = library.shelf("ada")
        shelf.keep(library.ask("What explains grokking?").to_dict())

        def kept_for(days: int) -> bool:
            later = datetime.now(UTC) + timedelta(days=days)
            monkeypatch.setattr(library._store, "_now", lambda: later)
            with kept_up(library, library._store.place.folder, None, lambda _: None, look_s=0.05):
                time.sleep(0.5)
            return bool(shelf.answers(limit=1))

        assert kept_for(89)
        assert not kept_for(91)


def test_a_failure_is_told(library: refdesk.Library, tmp_path: Path) -> None:
    with library:
        rebuild(library)
        wrong = tmp_path / "wrong.toml"
        wrong.write_text("model = 3\n", encoding="utf-8")
        told: list[str] = []
        with kept_up(library, library._store.place.folder, wrong, told.append):
            limit = time.monotonic() + 30
            while not told:
                assert time.monotonic() < limit
                time.sleep(0.05)
        assert told[0].startswith("The indexes could not be brought up to date: ")
        assert "wrong.toml" in told[0]


def test_a_library_that_is_only_read_is_left_alone(library: refdesk.Library) -> None:
    with library:
        rebuild(library)
        folder = library._store.place.folder
    with refdesk.open_library(folder, read_only=True) as only_read:
        with kept_up(only_read, folder, None, lambda _: None, look_s=0.05):
            time.sleep(0.5)
        assert only_read.lacks()
