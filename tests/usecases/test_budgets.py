"""Token budgets of a day: reserved before a call and settled after it, by many at a time, and however one stops."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

import refdesk
from stores.sql.catalog import SQLCatalog
from stores.sql.replies import added
from tests.chat_server import ChatServer, serving
from tests.commands import ROOT, ended, environment, start
from tests.copies import copied

QUESTION = "What explains grokking?"
DAY = "2026-07-01"
NUMBER = count()
_CLI = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
_SPENDING = """
import sys
from stores.sql.catalog import SQLCatalog
replies = SQLCatalog(sys.argv[1]).replies(read_only=False)
for number in range(100):
    replies.spend("2026-07-01", 1)
    replies.reserve("2026-07-02", 10, limit=1_005)
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that OPENAI_BASE_URL names."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield running


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("budgets") / "library"
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl")
    return folder


@pytest.fixture
def opened(_template: Path, tmp_path: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Opens the sample library, this test's own, with a model and a limit for the day."""
    folder = copied(_template, tmp_path / "own")
    model = f"openai:budget-{next(NUMBER)}"

    def library(limit: int = 0, **rest: Any) -> refdesk.Library:
        monkeypatch.setenv("REFDESK_MAX_TOKENS_PER_DAY", str(limit))
        return refdesk.open_library(folder, model=model, **rest)

    return library


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[SQLCatalog]:
    made = SQLCatalog(catalog_url)
    made.migrate()
    yield made
    made.close()


def spent(library: refdesk.Library) -> int:
    """The tokens of the day."""
    return library._store.catalog.replies(read_only=True).spent(library._store.now()[:10])


def reported(server: ChatServer) -> int:
    """The tokens that the server counted."""
    return sum(server._counted(body, server.reply(body))["total_tokens"] for body in server.requests)


def test_tokens_are_counted_also_when_opened_read_only(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    with opened(read_only=True) as library:
        usage = library.ask(QUESTION).usage
        assert usage and spent(library) == usage["input_tokens"] + usage["output_tokens"] > 0
        library.ask(QUESTION)
    assert len(server.requests) == 2, "no reply is stored"


def test_the_days_budget_holds_also_when_opened_read_only(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    with opened(6_000, read_only=True) as library:
        answers = [library.ask(QUESTION) for _ in range(5)]
    assert answers[-1].degraded and "day's budget" in answers[-1].degraded["reason"]
    assert reported(server) <= 6_000


@pytest.mark.parametrize("shared", [True, False], ids=["one library", "a library each"])
def test_eight_who_ask_at_the_same_time_never_overspend_together(
    opened: Callable[..., refdesk.Library], server: ChatServer, shared: bool
) -> None:
    server.mood, server.slow_s = "slow", 0.5
    limit = 9_000
    libraries = [opened(limit) for _ in range(1 if shared else 8)]
    for library in libraries:
        library.ask("An unrelated matter of tax law?")  # what is slow to load is loaded
    before = len(server.requests)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda at: libraries[at % len(libraries)].ask(QUESTION, fresh=True), range(8)))
    asked = len(server.requests) - before
    assert 1 <= asked < 8
    assert sum(answer.mode == "generated" for answer in answers) == asked
    assert reported(server) == spent(libraries[0]) <= limit
    for library in libraries:
        library.close()


@pytest.mark.catalogs("sqlite", "postgres")
def test_what_processes_spend_at_the_same_time_is_all_counted(catalog: SQLCatalog, catalog_url: str) -> None:
    processes = [start(_SPENDING, catalog_url) for _ in range(4)]
    for process in processes:
        ran = ended(process)
        assert ran.status == 0, ran.err
    replies = catalog.replies(read_only=True)
    assert replies.spent(DAY) == 400
    assert replies.spent("2026-07-02") == 1_000, "as many tens as the limit has room for"


@pytest.mark.catalogs("sqlite", "postgres")
def test_a_reservation_is_made_only_within_the_limit(catalog: SQLCatalog) -> None:
    replies = catalog.replies(read_only=False)
    assert not replies.reserve(DAY, 101, limit=100)
    assert replies.spent(DAY) == 0
    assert replies.reserve(DAY, 60, limit=100)
    assert not replies.reserve(DAY, 41, limit=100)
    assert replies.reserve(DAY, 40, limit=100)
    replies.spend(DAY, -70)
    assert replies.spent(DAY) == 30


def test_postgresql_counts_in_one_statement_too() -> None:
    statement = str(added(DAY, 60, limit=100, dialect=postgresql.dialect()).compile(dialect=postgresql.dialect()))
    plain = re.sub(r"%\(\w+\)s(?:::\w+)?", "?", " ".join(statement.split()))
    assert plain == (
        "INSERT INTO spending (day, tokens) VALUES (?, ?) ON CONFLICT (day) DO UPDATE "
        "SET tokens = (spending.tokens + ?) WHERE spending.tokens + ? <= ?"
    )


def test_a_process_that_is_killed_leaves_what_it_reserved_counted(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.chunk, server.pause_s = 10, 0.3
    with opened(50_000) as library:
        folder = library._store.place.folder
        process = start(_CLI, "--library", folder, "ask", QUESTION, "--model", "openai:killed", env=environment())
        limit = time.monotonic() + 60
        while len(server.stamps) < 3:
            assert time.monotonic() < limit
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        ended(process)
        assert reported(server) < spent(library) < 50_000


def unwritable(library: refdesk.Library) -> None:
    """Let the catalog's database refuse every write."""
    engine = library._store.catalog._engine

    @sa.event.listens_for(engine, "connect")
    def _refuse(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=1").close()

    engine.dispose()


def test_where_tokens_cannot_be_counted_a_days_budget_lets_no_model_be_asked(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    with opened(50_000) as library:
        unwritable(library)
        answer = library.ask(QUESTION)
        assert (answer.mode, answer.answered) == ("extractive", True)
        assert answer.degraded and "cannot be written to count tokens" in answer.degraded["reason"]
        assert server.requests == []


def test_where_nothing_can_be_written_a_model_is_asked_without_a_days_budget(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    with opened() as library:
        unwritable(library)
        answer = library.ask(QUESTION)
        assert (answer.mode, answer.degraded) == ("generated", None)
        assert len(server.requests) == 1
