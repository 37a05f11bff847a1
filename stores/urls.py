"""URLs of stores: shown without their passwords, the file of an SQLite database, the collection of a Chroma server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

COLLECTION = "chunks"
"""The name of a collection of vectors, unless a server's URL names another."""
CLOUD = "chroma-cloud"
"""The scheme of the URL of a database in Chroma Cloud."""
_CLOUD_HOST = "api.trychroma.com"
_MEMORY = ("", ":memory:", "file::memory:")
_OF_PYTHON = ("autocommit", "context", "conninfo", "cursor_factory", "prepare_threshold", "row_factory")
"""Arguments of psycopg's `connect` that are no options of libpq."""
_SECRET_VALUE = re.compile(r"([?&][^=&]*(?:passw|pwd|token|key|secret)[^=&]*=)[^&]*", re.IGNORECASE)
_USERINFO = re.compile(r"^(.*?://)?.*@", re.DOTALL)


def masked(url: str) -> str:
    """
    Hide the password of a URL, and the values of query parameters such as `password`, `token`, `api_key` or `secret`.

    Args:
        url: Of a catalog, of a Chroma server, or any other. One that cannot be parsed loses all that is before its
            last `@`.

    >>> masked("postgresql+psycopg://me:se/cret@db.example.org/refdesk")
    'postgresql+psycopg://me:***@db.example.org/refdesk'
    >>> masked("https://chroma.example.org:8000/v2?api_key=0123&tenant=a")
    'https://chroma.example.org:8000/v2?api_key=***&tenant=a'
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # no URL, or a port that is no number
        shown = _USERINFO.sub(r"\1***@", url)
    else:
        if _password_may_go_on(parsed) or _has_bare_at(url):
            shown = _USERINFO.sub(r"\1***@", url)
        else:
            shown = url if parsed.password is None else parsed.render_as_string(hide_password=True)
    return _SECRET_VALUE.sub(r"\1***", shown)


def is_database(url: str) -> bool:
    """True if the URL is one of a catalog, as `database_url` takes it."""
    try:
        return bool(database_url(url).get_dialect())
    except (ArgumentError, ValueError):
        return False


def database_url(url: str | URL) -> URL:
    """
    The URL of a catalog as SQLAlchemy takes it; PostgreSQL is reached by psycopg, whichever way it is named.

    Raises:
        ArgumentError, ValueError: It is no URL, or of a database that is neither SQLite nor PostgreSQL.

    >>> database_url("postgres://db.example.org/refdesk").drivername
    'postgresql+psycopg'
    """
    parsed = make_url(url)
    name, _, driver = parsed.drivername.partition("+")
    if name in ("postgres", "postgresql") and driver in ("", "psycopg"):
        if problem := catalog_problem(url) if isinstance(url, str) else "":
            raise ArgumentError(problem)
        return parsed.set(drivername="postgresql+psycopg")
    if name != "sqlite":
        raise ArgumentError("a catalog is sqlite:///… or postgresql://…")
    return parsed


def catalog_problem(url: str) -> str:
    """
    What is wrong with the URL of a database that SQLAlchemy takes; empty if nothing is, or if it does not take it.

    A database in memory ends with the process, and a library that was moved there with it. An `@` in a password ends
    it, and the rest of it would be taken for the host and be told in errors; libpq reads no further than to a NUL; and
    some arguments of the driver are no text.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return ""
    if parsed.drivername.startswith("sqlite"):
        name, is_memory = parsed.database or "", parsed.query.get("mode") == "memory"
        return "must name a file; memory is lost with the process" if is_memory or name.strip() in _MEMORY else ""
    if _has_bare_at(url):
        return "must have an `@` of its password written as %40, and / ? # as %2F %3F %23"
    if "%00" in url:
        return "must not contain a NUL character"
    of_python = next((name for name in parsed.query if name in _OF_PYTHON), None)
    return f"must have options of libpq alone, and {of_python} is none" if of_python else ""


def _has_bare_at(url: str) -> bool:
    """True if an `@` stands after the one that ends a password."""
    userinfo, _, rest = url.partition("://")[2].partition("@")
    return ":" in userinfo and "@" in rest


def _password_may_go_on(parsed: URL) -> bool:
    """True if a part of a password that itself holds an `@` may have been taken for what comes after it."""
    has_server = parsed.host is not None or parsed.username is not None  # a file's path may hold an `@`
    return has_server and "@" in f"{parsed.host}{parsed.database}{dict(parsed.query)}"


def database_file(url: str | URL) -> Path | None:
    """
    The file of an SQLite database; None for one in memory or on a server.

    >>> database_file("sqlite:////home/ada/catalog.sqlite3"), database_file("postgresql:///refdesk")
    (PosixPath('/home/ada/catalog.sqlite3'), None)
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return None
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or name in (None, "", ":memory:") or str(name).startswith("file:"):
        return None
    return Path(str(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChromaAddress:
    """
    A collection on a Chroma server, or in Chroma Cloud.

    `shown` is the URL without secrets; `base` is the URL that paths of the API follow.
    """

    shown: str
    base: str
    host: str
    port: int
    tenant: str = "default_tenant"
    database: str = "default_database"
    collection: str = COLLECTION
    is_cloud: bool = False

    @property
    def token_name(self) -> str:
        """The variable of the environment that holds the token for it."""
        return "CHROMA_API_KEY" if self.is_cloud else "CHROMA_TOKEN"


def chroma_address(url: str) -> ChromaAddress:
    """
    Parse the URL of a Chroma server.

    Args:
        url: `http(s)://host[:port][/collection]`, or `chroma-cloud://tenant/database[/collection]`, with `?host=NAME`
            for a region other than the first.

    Raises:
        ValueError: It is none of them.

    >>> chroma_address("https://chroma.example.org/papers").base
    'https://chroma.example.org:443'
    >>> chroma_address("chroma-cloud://0a1b/lab").base
    'https://api.trychroma.com:443'
    """
    parts = urlsplit(url)
    names = [name for name in parts.path.split("/") if name]
    is_cloud = parts.scheme == CLOUD
    if is_cloud:
        server = urlsplit(f"//{dict(parse_qsl(parts.query)).get('host', _CLOUD_HOST)}")
        right = bool(parts.netloc) and "@" not in parts.netloc and len(names) in (1, 2)
    else:
        server, right = parts, parts.scheme in ("http", "https") and len(names) < 2
    secure = parts.scheme != "http"
    port = (443 if secure else 8000) if server.port is None else server.port
    if not right or not server.hostname or not port or "@" in parts.path:
        raise ValueError("is no URL of a Chroma server")
    host = f"[{server.hostname}]" if ":" in server.hostname else server.hostname
    shown, base = masked(url), f"{'https' if secure else 'http'}://{host}:{port}"
    collection = names[-1] if len(names) == (2 if is_cloud else 1) else COLLECTION
    if not is_cloud:
        return ChromaAddress(shown=shown, base=base, host=host, port=port, collection=collection)
    return ChromaAddress(
        shown=shown,
        base=base,
        host=host,
        port=port,
        tenant=parts.netloc,
        database=names[0],
        collection=collection,
        is_cloud=True,
    )


def beside(url: str, ending: str) -> str:
    """The URL of the collection whose name is that of a URL's collection with an ending."""
    address, parts = chroma_address(url), urlsplit(url)
    folder = f"/{address.database}" if address.is_cloud else ""
    return parts._replace(path=f"{folder}/{address.collection}{ending}").geturl()
