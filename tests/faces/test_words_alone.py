"""What the faces say while the server of the vectors is away, so that papers are found by their words alone."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from serving import serving

import refdesk
from refdesk.mcp import arguments, tools
from tests.commands import Ran

SAYS = "The vectors cannot be used now, so papers were found by their words alone."


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[refdesk.Library]:
    """A library with a paper, whose vectors are on a server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("REFDESK_VECTORS", f"http://127.0.0.1:{port}")
    record = {"id": "w1", "title": "Songs of whales", "abstract": "We show that whales sing louder. Ships are noisy."}
    (tmp_path / "whales.jsonl").write_text(json.dumps(record))
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(tmp_path / "whales.jsonl")
        yield library


@pytest.mark.server
def test_pages_say_that_papers_are_found_by_their_words_alone(away: refdesk.Library) -> None:
    with serving(away) as served, httpx.Client(base_url=served.url, timeout=30) as client:
        headers = {"Origin": served.url}
        asked = client.post("/", data={"question": "Do whales sing louder?"}, headers=headers)
        reviewed = client.post("/reviews", data={"topic": "whales"}, headers=headers)
        assert (asked.status_code, reviewed.status_code) == (303, 303)
        review = f"/api/v1{reviewed.headers['location']}.html"
        for page in ("/search?q=whales", asked.headers["location"], review):
            reply = client.get(page)
            assert (reply.status_code, SAYS in reply.text) == (200, True), page
        library = client.get("/library").text
        assert "1 of them are found by their words alone until their vectors are written." in library
        assert "Connection refused. Is it running?" in library
        found = client.get("/api/v1/search?q=whales")
        assert found.json()["degraded"]["from"] == "vectors"
        assert "etag" not in found.headers  # it may be better a moment later, though nothing is written


def test_tools_of_assistants_say_so_too(away: refdesk.Library) -> None:
    call = tools.Call(away, tools.Event())
    documents = (
        tools.search(call, arguments.Query(query="whales")),
        tools.find_papers(call, arguments.FindPapers(query="whales")),
        tools.ask(call, arguments.Ask(question="Do whales sing louder?")),
        tools.review(call, arguments.Review(topic="whales")),
    )
    assert [document["degraded"]["from"] for document in documents] == ["vectors"] * len(documents)


def test_commands_say_so_once_and_with_the_next_step(
    away: refdesk.Library, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    def said(*arguments: str) -> list[str]:
        return cli("--library", tmp_path / "library", *arguments).err.splitlines()

    for command in (["search", "whales"], ["ask", "Do whales sing louder?"], ["review", "whales"]):
        lines = said(*command)
        assert sum("Connection refused. Is it running? `chroma run" in line for line in lines) == 1, lines
        assert sum("words alone." in line and "so papers were found" in line for line in lines) == 1, lines
    status = " ".join(cli("--library", tmp_path / "library", "status").out.split())
    assert "1 (1 found by words only until their vectors are written)" in status
    assert "Connection refused. Is it running? `chroma run" in status
