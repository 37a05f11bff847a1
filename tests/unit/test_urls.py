"""URLs are shown without the secrets in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.urls import beside, chroma_address, masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:secret@db/refdesk", "postgresql+psycopg://me:***@db/refdesk"),
        ("postgresql://me:se/cr/et@db:5432/refdesk", "postgresql://me:***@db:5432/refdesk"),
        ("postgresql://me:se@cret@db/refdesk", "postgresql://***@db/refdesk"),
        ("postgresql://me:se@cr/et@db/refdesk", "postgresql://***@db/refdesk"),
        ("postgresql://me:se@/cr?et#x@db/refdesk", "postgresql://***@db/refdesk"),
        ("postgresql://db/refdesk?user=me&password=secret", "postgresql://db/refdesk?user=me&password=***"),
        ("postgresql://me:secret@db/x?PASSWORD=secret", "postgresql://me:***@db/x?PASSWORD=***"),
        ("https://me:secret@chroma.example.org:8000/v2", "https://me:***@chroma.example.org:8000/v2"),
        ("https://chroma/v2?token=secret&tenant=a", "https://chroma/v2?token=***&tenant=a"),
        ("https://chroma/v2?tenant=a&api_key=secret", "https://chroma/v2?tenant=a&api_key=***"),
        ("https://chroma/v2?client_secret=secret", "https://chroma/v2?client_secret=***"),
        ("https://me:secret@[::1]:8000", "https://me:***@[::1]:8000"),
        ("https://me:secret@chroma:port/v2", "https://***@chroma:port/v2"),
        ("me:secret@db/refdesk", "***@db/refdesk"),
        ("http://me:se\ncret@chroma", "http://me:***@chroma"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////home/me@work/catalog.sqlite3",
        "sqlite:///C:/catalog.sqlite3",
        "postgresql://me@db/refdesk",
        "http://localhost:8000",
        "http://127.0.0.1:8000/api/v2?tenant=a",
        "chroma-cloud://0a1b/lab/papers?host=eu.example.org",
        "chroma",
        "",
    ],
)
def test_a_url_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert masked(url) == url


@given(st.text(alphabet="ab:/@?&=%[]# \n", max_size=12))
def test_no_password_survives_masking(noise: str) -> None:
    password = f"SEC{noise}RET"
    for url in (f"postgresql://me:{password}@db/refdesk", f"https://me:{password}@chroma:8000"):
        assert "SEC" not in masked(url) and "RET" not in masked(url)


@pytest.mark.parametrize(
    ("url", "base", "tenant", "database", "collection"),
    [
        ("http://localhost", "http://localhost:8000", "default_tenant", "default_database", "chunks"),
        ("https://db.example.org/papers", "https://db.example.org:443", "default_tenant", "default_database", "papers"),
        ("http://[::1]:9000/", "http://[::1]:9000", "default_tenant", "default_database", "chunks"),
        ("chroma-cloud://0A1b/lab", "https://api.trychroma.com:443", "0A1b", "lab", "chunks"),
        (
            "chroma-cloud://0A1b/lab/papers?host=eu.example.org:8443",
            "https://eu.example.org:8443",
            "0A1b",
            "lab",
            "papers",
        ),
    ],
)
def test_the_url_of_a_chroma_server_names_its_collection(
    url: str, base: str, tenant: str, database: str, collection: str
) -> None:
    address = chroma_address(url)
    assert (address.base, address.tenant, address.database) == (base, tenant, database)
    assert address.collection == collection
    other = chroma_address(beside(url, ".new"))
    assert (other.base, other.tenant, other.database) == (base, tenant, database)
    assert other.collection == f"{collection}.new"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http://localhost:port",
        "http://localhost/a/b",
        "chroma-cloud://",
        "chroma-cloud://0a1b",
        "chroma-cloud://0a1b/lab/papers/more",
        "chroma-cloud://ada@0a1b/lab",
    ],
)
def test_what_is_no_url_of_a_chroma_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"is no URL of a Chroma server|Port"):
        chroma_address(url)
