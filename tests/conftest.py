"""What all tests share: no keys, no network beyond loopback, real data where it is."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import refdesk
from refdesk.cli import main
from tests.chroma_server import running as running_chroma
from tests.commands import ROOT, Ran
from tests.copies import copied
from tests.postgres_server import PostgresServer
from tests.postgres_server import running as running_postgres

EXAMPLES = ROOT / "examples"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SERVERS = {"chroma_server", "chroma_server_of_its_own", "browser", "postgres"}
"""Fixtures that start a server or a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `server` the tests that use one; `make test` leaves them to `make test-servers`."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each kind of catalog that its mark `catalogs` names."""
    marked = metafunc.definition.get_closest_marker("catalogs")
    if marked and "catalog_kind" in metafunc.fixturenames:
        kinds = [pytest.param(kind, marks=[] if kind == "sqlite" else [pytest.mark.server]) for kind in marked.args]
        metafunc.parametrize("catalog_kind", kinds)


@pytest.fixture
def catalog_kind() -> str:
    """Where the test's catalogs are: `sqlite`, `postgres`, or `team`, which has its vectors on a Chroma server too."""
    return "sqlite"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Chroma server on a free port of loopback, for collections of different names."""
    with running_chroma(tmp_path_factory.mktemp("chroma-server")) as (url, _):
        yield url


@pytest.fixture
def chroma_server_of_its_own(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a server for one test, and how to stop it."""
    with running_chroma(tmp_path) as started:
        yield started


@pytest.fixture
def catalog_url(catalog_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new catalog, which is to be migrated before it is used."""
    yield from _database(catalog_kind, request, tmp_path / "catalog.sqlite3", PostgresServer.catalog)


@pytest.fixture
def empty_url(catalog_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    yield from _database(catalog_kind, request, tmp_path / "new.sqlite3", PostgresServer.database)


def _database(
    kind: str, request: pytest.FixtureRequest, file: Path, make: Callable[[PostgresServer], str]
) -> Iterator[str]:
    """The URL of a file that is not there yet, or of what a server makes and drops at the end."""
    if kind == "sqlite":
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = make(server)
    yield url
    server.drop(url)


@pytest.fixture(autouse=True)
def _closed_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No keys or settings of the person who runs the tests, and no connection that leaves this machine."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "REFDESK_")) and not name.startswith("REFDESK_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("REFDESK_LIBRARY", str(tmp_path / "default-library"))
    monkeypatch.setenv("REFDESK_MODELS", str(tmp_path / "models"))
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise OSError(f"tests may not connect to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that need it skip where it is absent."""
    folder = os.environ.get("REFDESK_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real data is not here: REFDESK_TEST_DATA is not set")
    return Path(folder)


@pytest.fixture
def sample() -> Path:
    """The folder of the invented sample library."""
    return EXAMPLES


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample library, to be read only."""
    folder = tmp_path_factory.mktemp("sample") / "library"
    with refdesk.open_library(folder) as library:
        library.add(EXAMPLES / "papers.jsonl", EXAMPLES / "papers.csv")
    return folder


@pytest.fixture
def own_library(sample_library: Path, tmp_path: Path) -> Path:
    """A copy of the sample library that a test may change."""
    return copied(sample_library, tmp_path / "own")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`refdesk …` through its entry point, in this process."""

    def called(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return called


@pytest.fixture
def library(tmp_path: Path) -> Iterator[refdesk.Library]:
    """A new, empty library."""
    with refdesk.open_library(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file into the test's folder and give its path."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written
