"""The limits of readers of a served library, and what a client need not load again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from serving import serving

import refdesk
from refdesk.errors import ConfigError
from refdesk.serve.limits import Limits, TooMany
from tests import chat_server
from tests.chat_server import as_reply, claim

QUESTION = "What explains grokking?"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A model's server that answers with a claim, slowly if `pause_s` is set."""
    with chat_server.serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

        def reply(body: Any) -> str:
            return as_reply([claim(text, name) for name, text in chat_server._firsts(body)[:1]])

        running.reply = reply
        yield running


@contextmanager
def opened(folder: Path, settings: str = "", **options: Any) -> Iterator[tuple[refdesk.Library, httpx.Client]]:
    """The library, served; the client is the reader ada."""
    (folder / "refdesk.toml").write_text(settings)
    with refdesk.open_library(folder, **options) as library, serving(library, auth="token") as at:
        library.readers.add("ada")
        with httpx.Client(base_url=at.url, timeout=60, headers=signed(library, "ada")) as client:
            yield library, client


def signed(library: refdesk.Library, reader: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {library.readers.add_token(reader)[1]}"}


# ---- limits


def test_a_wrong_table_is_told_by_the_status_and_by_what_needs_it(folder: Path) -> None:
    (folder / "refdesk.toml").write_text("[serve]\nsearches_per_second = 'many'\n")
    with refdesk.open_library(folder) as library:
        (wrong,) = library.status()["settings"]
        assert (wrong["table"], "searches_per_second" in wrong["error"]) == ("serve", True)
        with pytest.raises(ConfigError, match="searches_per_second"):
            list(library.issues.run())


def test_a_bucket_fills_again_with_time(folder: Path) -> None:
    (folder / "refdesk.toml").write_text("[serve]\nsearches_per_second = 2\n")
    now = [100.0]

    def searched() -> float:
        try:
            with limits.allowed("search", "ada"):
                return 0
        except TooMany as error:
            return error.wait_s

    with refdesk.open_library(folder) as library:
        limits = Limits(library, clock=lambda: now[0])
        assert [searched() for _ in range(9)] == [0] * 8 + [1]
        now[0] += 0.5
        assert [searched(), searched()] == [0, 1]
        now[0] += 3600
        assert [searched() for _ in range(9)] == [0] * 8 + [1]
        with limits.allowed("search", "bob"), limits.allowed("search", "local"):
            pass


def test_a_wrong_table_of_a_later_reading_is_refused_and_changes_nothing(folder: Path) -> None:
    settings = folder / "refdesk.toml"
    settings.write_text("[serve]\nsearches_per_second = 1\n")
    with refdesk.open_library(folder) as library:
        limits = Limits(library, clock=lambda: 0)
        settings.write_text("[serve]\nsearches_per_second = 'many'\n")
        with pytest.raises(ConfigError, match="searches_per_second"):
            library.reload()
        assert library.shelf("ada").keeps
        for _ in range(4):
            with limits.allowed("search", "ada"):
                pass
        with pytest.raises(TooMany, match="1 searches a second"), limits.allowed("search", "ada"):
            pass


def test_a_reader_has_few_mails_sent_to_strangers(folder: Path) -> None:
    with opened(folder) as (_, client):
        paths = ["/api/v1/address", "/address"] * 3
        replies = [client.post(path, json={"address": f"{at}@example.org"}) for at, path in enumerate(paths)]
        assert [reply.status_code for reply in replies] == [422, 422, 422, 422, 422, 429]
        assert "5 mails an hour" in replies[-1].text


def test_who_searches_too_often_is_told_when_to_come_again(folder: Path) -> None:
    with opened(folder, "[serve]\nsearches_per_second = 1\n") as (library, client):
        replies = [client.get("/api/v1/search", params={"q": "grokking"}) for _ in range(6)]
        refused = [reply for reply in replies if reply.status_code == 429]
        assert 1 <= len(refused) <= 2
        error = refused[0].json()["error"]
        assert (error["type"], error["hint"]) == ("TooMany", "Try again in a second.")
        assert refused[0].headers["retry-after"] == "1"
        page = client.get("/search", params={"q": "grokking"})
        assert page.status_code in (200, 429)
        assert client.get("/api/v1/status").status_code == 200
        local = signed(library, "local")
        assert {client.get("/api/v1/search?q=grokking", headers=local).status_code for _ in range(10)} == {200}


def test_a_page_too_many_is_a_page(folder: Path) -> None:
    with opened(folder, "[serve]\nsearches_per_second = 1\n") as (_, client):
        pages = [client.get("/search", params={"q": "grokking"}) for _ in range(6)]
        assert pages[0].status_code == 200
        assert pages[-1].status_code == 429
        assert "<h1>You may make 1 searches a second.</h1>" in pages[-1].text


def test_questions_to_the_model_are_counted_by_the_hour(folder: Path, model: Any) -> None:
    settings = "[serve]\nmodel_questions_per_hour = 2\nsearches_per_second = 100\n"
    with opened(folder, settings, model="openai:hourly") as (library, client):
        statuses = [client.post("/api/v1/ask", json={"question": QUESTION}).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        reply = client.post("/api/v1/review", json={"topic": "grokking"})
        assert reply.status_code == 429
        assert 1_700 <= int(reply.headers["retry-after"]) <= 1_800
        assert client.get("/api/v1/search?q=grokking").status_code == 200
        local = signed(library, "local")
        assert client.post("/api/v1/ask", json={"question": QUESTION}, headers=local).status_code == 200


def test_without_a_model_a_question_counts_as_a_search(folder: Path) -> None:
    settings = "[serve]\nmodel_questions_per_hour = 1\nsearches_per_second = 100\n"
    with opened(folder, settings) as (_, client):
        statuses = {client.post("/api/v1/ask", json={"question": QUESTION}).status_code for _ in range(4)}
        assert statuses == {200}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_question_is_running_until_its_reply_is_sent(folder: Path, model: Any, accept: str) -> None:
    model.chunk, model.pause_s = 20, 0.2
    settings = "[serve]\nmodel_questions_at_once = 1\n"

    def ask() -> int:
        body = {"question": QUESTION, "fresh": True}
        return client.post("/api/v1/ask", json=body, headers={"Accept": accept}).status_code

    with opened(folder, settings, model=f"openai:once-{accept}") as (_, client), ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask)
        limit = time.monotonic() + 30
        while not model.stamps:
            assert time.monotonic() < limit
            time.sleep(0.02)
        assert ask() == 429
        assert first.result() == 200
        model.pause_s = 0
        assert ask() == 200


def test_a_client_that_goes_away_frees_its_place(folder: Path, model: Any) -> None:
    model.reply = lambda body: as_reply([claim("word " * 10_000, chat_server._firsts(body)[0][0])])
    model.chunk, model.pause_s = 60, 0.3
    with opened(folder, "[serve]\nmodel_questions_at_once = 1\n", model="openai:gone") as (_, client):
        for _ in range(2):
            with client.stream(
                "POST",
                "/api/v1/ask",
                json={"question": QUESTION, "fresh": True},
                headers={"Accept": "text/event-stream"},
            ) as reply:
                assert reply.status_code == 200
                before = len(model.stamps)
                while len(model.stamps) == before:
                    time.sleep(0.02)
            limit = time.monotonic() + 30
            while not model.hangups:
                assert time.monotonic() < limit, "the model goes on"
                time.sleep(0.05)
            model.hangups.clear()
            time.sleep(0.2)


def test_assistants_have_the_same_limits(folder: Path, model: Any) -> None:
    mcp = pytest.importorskip("mcp")
    import httpx2
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.exceptions import MCPError

    settings = "[serve]\nmodel_questions_per_hour = 2\nsearches_per_second = 1\n"
    with opened(folder, settings, model="openai:assistants") as (library, client):
        assert client.post("/api/v1/ask", json={"question": QUESTION}).status_code == 200

        async def run() -> list[Any]:
            async with (
                httpx2.AsyncClient(headers=signed(library, "ada"), timeout=60) as sending,
                mcp.Client(streamable_http_client(f"{client.base_url}/mcp", http_client=sending)) as speaking,
            ):
                return [await speaking.call_tool("ask", {"question": QUESTION}) for _ in range(2)]

        async def read() -> list[Any]:
            async with (
                httpx2.AsyncClient(headers=signed(library, "bob"), timeout=60) as sending,
                mcp.Client(streamable_http_client(f"{client.base_url}/mcp", http_client=sending)) as speaking,
            ):
                return [await speaking.read_resource("refdesk://status") for _ in range(30)]

        library.readers.add("bob")
        with pytest.raises(BaseExceptionGroup) as caught:
            anyio.run(read)
        assert caught.group_contains(MCPError, match="searches a second")
        first, second = anyio.run(run)
        assert not first.is_error
        assert second.structured_content["error"]["type"] == "TooMany"


# ---- what need not be loaded again


def test_what_has_not_changed_is_not_sent_again(folder: Path, tmp_path: Path) -> None:
    many = "[serve]\nsearches_per_second = 1_000\n"
    with opened(folder, many) as (library, client):
        paper_id = next(library.papers()).paper_id
        paths = (f"/papers/{paper_id}", "/papers?limit=2", "/search?q=grokking", f"/export?paper={paper_id}")

        def tags() -> list[str]:
            found = []
            for path in paths:
                reply = client.get(f"/api/v1{path}")
                tag = reply.headers["etag"]
                assert (reply.status_code, reply.headers["cache-control"]) == (200, "private, no-cache")
                again = client.get(f"/api/v1{path}", headers={"If-None-Match": f'"older", {tag}'})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
                assert client.get(f"/api/v1{path}", headers={"If-None-Match": '"older"'}).status_code == 200
                found.append(tag)
            return found

        first = tags()
        assert tags() == first
        library.rate(paper_id, 1, reader="ada")
        rated = tags()
        assert not set(first) & set(rated)
        (tmp_path / "more.jsonl").write_text(
            '{"title": "Whales sing", "abstract": "Whales sing at night. They sing far."}'
        )
        library.add(tmp_path / "more.jsonl")
        added = tags()
        assert not set(rated) & set(added)
        library.readers.add("bob")
        bob = client.get(f"/api/v1{paths[0]}", headers={**signed(library, "bob"), "If-None-Match": added[0]})
        assert bob.status_code == 200
        (folder / "refdesk.toml").write_text(f"max_sentences = 3\n{many}")
        library.reload()
        assert not set(added) & set(tags())


def test_errors_and_all_else_are_never_kept(folder: Path) -> None:
    with opened(folder) as (_, client):
        known = {"If-None-Match": "*"}
        for path in ("/api/v1/status", "/api/v1/answers", "/api/v1/issues", "/", "/search?q=grokking", "/library"):
            reply = client.get(path, headers=known)
            assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
            assert "etag" not in reply.headers
        reply = client.get("/api/v1/papers/none")
        assert (reply.status_code, reply.headers["cache-control"], "etag" in reply.headers) == (404, "no-store", False)
        assert client.get("/api/v1/search?q=grokking", headers={"Authorization": "", **known}).status_code == 401


def test_a_stored_issue_is_known_by_its_bytes(folder: Path) -> None:
    with opened(folder, "[subscriptions.ours]\nshared = true\n") as (library, client):
        list(library.issues.run(catch_up=1))
        (stored, *_) = library.issues.stored()
        for ending in ("", ".md", ".html"):
            path = f"/api/v1/issues/{stored.subscription}/{stored.period}{ending}"
            reply = client.get(path)
            assert (reply.status_code, reply.headers["cache-control"]) == (200, "private, no-cache")
            again = client.get(path, headers={"If-None-Match": reply.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
