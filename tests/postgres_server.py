"""
A PostgreSQL server of the machine's own programs, on loopback, in a temporary folder.

Its databases are sorted by the rules of a language, as most are, so that a test sees where the order of bytes is lost.
PostgreSQL refuses to run as root; then it runs as the user `postgres`, which Debian's package makes.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stores.sql.catalog import SQLCatalog

_USER = "refdesk"
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB", "max_connections=60")
_MADE = "made"
"""A database with the tables of a catalog, which others are copies of."""


@dataclass
class PostgresServer:
    """A running server; `names` counts the databases that were made."""

    port: int
    process: subprocess.Popen[bytes]
    names: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{name}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the administrator."""
        return psycopg.connect(self.url(name), autocommit=True)

    def database(self, *, template: str = "template0") -> str:
        """The URL of a new database: an empty one, or a copy of another, which nobody may be using."""
        name = f"d{next(self.names)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]
        return self.url(name)

    def catalog(self) -> str:
        """The URL of a new database with the tables of a catalog and no papers."""
        with self.connect() as connection:
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_MADE]).fetchone()
        if not made:
            url = self.database()
            catalog = SQLCatalog(url)
            catalog.migrate()
            catalog.close()
            self.rename(url, _MADE)
        return self.database(template=_MADE)

    def rename(self, url: str, name: str) -> None:
        """Rename a database that nobody is using, so that it can be a template."""
        with self.connect() as connection:
            connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} RENAME TO {name}")  # type: ignore[arg-type]

    def drop(self, url: str) -> None:
        """Drop a database, whoever is using it."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")  # type: ignore[arg-type]

    def stop(self) -> None:
        """End it at once, as a crash does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)


@contextmanager
def running() -> Iterator[PostgresServer]:
    """Start a server and stop it; the test skips where there is none to start."""
    programs = _programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL to run; Debian's package `postgresql` has it")
    folder = Path(tempfile.mkdtemp(prefix="refdesk-postgres-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        entry = pwd.getpwnam("postgres")
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data = folder / "data"
    made = [programs / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"]
    made += ["--locale-provider=icu", "--icu-locale=en-US"]
    try:
        subprocess.run(list(map(str, made)), check=True, capture_output=True, cwd=folder, **user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *_FAST]
        command = [programs / "postgres", "-D", data, *(part for option in options for part in ("-c", option))]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **user
            )
        server = PostgresServer(port, process)
        try:
            _wait_for(server, folder / "log")
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: PostgresServer, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    pytest.fail(f"PostgreSQL did not answer: {log.read_text()[-500:]}")


def _programs() -> Path | None:
    """The folder of the newest server's programs; Debian keeps it off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("postgres")
    program = found[-1] if found else Path(on_path).resolve() if on_path else None
    if program is None or not (program.parent / "initdb").exists():
        return None
    return program.parent
