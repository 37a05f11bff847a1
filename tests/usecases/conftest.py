"""Records to import, and libraries that a test may break."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

import pytest
import sqlalchemy as sa

import refdesk
from stores.sql.copying import copy_tables
from tests.embedding_server import EmbeddingServer, serving
from tests.postgres_server import PostgresServer

_names = count()
Records = list[dict[str, object]]


@pytest.fixture(scope="session")
def records() -> Callable[..., Records]:
    """A number of invented records; `edition` changes every abstract."""

    def made(count: int, *, first: int = 0, edition: str = "first") -> Records:
        return [
            {
                "id": f"sample:{number:05}",
                "title": f"On subject {number} of the invented series",
                "abstract": f"We study subject{number} with care. "
                f"The {edition} edition finds effect{number % 97} in it. More work is needed.",
                "authors": ["Ada Byron"],
                "published": f"2026-{1 + number % 12:02}-{1 + number % 28:02}",
                "categories": ["cs.AI" if number % 2 else "cs.CL"],
            }
            for number in range(first, first + count)
        ]

    return made


@pytest.fixture(scope="session")
def jsonl() -> Callable[[Path, Records], Path]:
    """Write records as JSON Lines."""

    def written(path: Path, some: Records) -> Path:
        path.write_text("".join(json.dumps(record) + "\n" for record in some), encoding="utf-8")
        return path

    return written


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory, records: Callable[..., Records]) -> tuple[Path, set[str]]:
    """A file of 3,000 papers, real ones where they are, and their ids."""
    import os

    path = tmp_path_factory.mktemp("many") / "many.jsonl"
    real = Path(os.environ.get("REFDESK_TEST_DATA", "")) / "arxiv_daily" / "2025.jsonl.gz"
    if os.environ.get("REFDESK_TEST_DATA") and real.exists():
        with gzip.open(real, "rt", encoding="utf-8") as stream:
            lines = list(islice(stream, 3_000))
    else:
        lines = [json.dumps(record) + "\n" for record in records(3_000)]
    path.write_text("".join(lines), encoding="utf-8")
    rows = [json.loads(line) for line in lines]
    prefix = "arxiv:" if real.exists() else "file:many:"
    return path, {prefix + row["id"] for row in rows}


@pytest.fixture(scope="session")
def _small(
    tmp_path_factory: pytest.TempPathFactory, records: Callable[..., Records], jsonl: Callable[[Path, Records], Path]
) -> Path:
    folder = tmp_path_factory.mktemp("small")
    with refdesk.open_library(folder / "library") as library:
        library.add(jsonl(folder / "papers.jsonl", records(60)))
    until = time.monotonic() + 10
    while list(folder.rglob("*-wal")) and time.monotonic() < until:
        time.sleep(0.01)  # Chroma closes its files in a thread of its own
    return folder


@pytest.fixture(scope="session")
def _small_on_postgres(_small: Path, postgres: PostgresServer) -> str:
    """A database with the catalog of that library, to make others of."""
    url = postgres.database()
    copy_tables(sa.URL.create("sqlite", database=str(_small / "library" / "catalog.sqlite3")), url)
    postgres.rename(url, "small")
    return "small"


@pytest.fixture(autouse=True)
def another_database(
    catalog_kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """
    Have the libraries of a test whose mark `catalogs` names PostgreSQL keep their catalog there, in one database.

    Those of a `team` have their vectors on a Chroma server. Gives a function: libraries that are opened after it was
    called keep theirs in another database, an empty one, and another collection.
    """
    if catalog_kind == "sqlite":
        yield lambda: None
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    urls: list[str] = []

    def made(template: str = "template0") -> None:
        urls.append(server.database(template=template))
        monkeypatch.setenv("REFDESK_CATALOG", urls[-1])
        if catalog_kind == "team":
            monkeypatch.setenv("REFDESK_VECTORS", f"{request.getfixturevalue('chroma_server')}/team-{next(_names)}")

    made(request.getfixturevalue("_small_on_postgres") if "small" in request.fixturenames else "template0")
    yield made
    for url in urls:
        server.drop(url)


@pytest.fixture
def small(_small: Path, tmp_path: Path, catalog_kind: str, another_database: object) -> Path:
    """A library of sixty papers, this test's own, with its `papers.jsonl` beside it."""
    shutil.copytree(_small, tmp_path, dirs_exist_ok=True)
    if catalog_kind != "sqlite":
        (tmp_path / "library" / "catalog.sqlite3").unlink()
    if catalog_kind == "team":
        shutil.rmtree(tmp_path / "library" / "chroma")
        with refdesk.open_library(tmp_path / "library") as library:
            library.reindex()
    return tmp_path / "library"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    """An embedding server that OPENAI_BASE_URL names."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield running
