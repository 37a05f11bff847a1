"""Libraries closed at the end, and places for collections of Chroma: a folder, a server, a like of its cloud."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

import refdesk
from tests.chroma_proxy import TOKEN, ChromaProxy, identity, make_database, quotas, running

_names = itertools.count()


@pytest.fixture
def open_library() -> Iterator[Callable[..., refdesk.Library]]:
    """Open libraries, as processes of their own would; they are closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda folder, **options: stack.enter_context(refdesk.open_library(folder, **options))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """An authority of one's own, and its file."""
    made, file = trustme.CA(), tmp_path_factory.mktemp("authority") / "authority.pem"
    made.cert_pem.write_to_path(file)
    return made, file


@pytest.fixture(scope="session")
def cloud_server(chroma_server: str, authority: tuple[trustme.CA, Path]) -> Iterator[ChromaProxy]:
    """A stand-in for Chroma Cloud: a Chroma server behind TLS, a key, and the quotas."""
    make_database(chroma_server)
    with running(chroma_server, authority[0]) as proxy:
        proxy.check, proxy.answers = quotas, identity
        yield proxy


@pytest.fixture
def cloud(
    cloud_server: ChromaProxy, authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> ChromaProxy:
    """The same, with the key and the authority in the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    monkeypatch.setenv("CHROMA_API_KEY", TOKEN)
    return cloud_server


@pytest.fixture(params=["embedded", *(pytest.param(each, marks=pytest.mark.server) for each in ("server", "cloud"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a new, empty collection may be: a folder, or a name of its own on a server or its like of Chroma Cloud."""
    if request.param == "embedded":
        return tmp_path / "chroma"
    if request.param == "cloud":
        proxy: ChromaProxy = request.getfixturevalue("cloud")
        return f"chroma-cloud://lab/papers/contract-{next(_names)}?host=127.0.0.1:{proxy.port}"
    url: str = request.getfixturevalue("chroma_server")
    return f"{url}/contract-{next(_names)}"


@pytest.fixture
def closing() -> Iterator[Callable[..., object]]:
    """Have things closed when the test ends, the last one first."""
    opened: list[object] = []

    def later(thing: object) -> object:
        opened.append(thing)
        return thing

    yield later
    for thing in reversed(opened):
        thing.close()  # type: ignore[attr-defined]
