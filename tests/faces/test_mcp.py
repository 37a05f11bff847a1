"""The assistants' server, by the official client: every tool, resource and prompt, in both eras of the protocol."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import refdesk
from refdesk.library import Library
from tests import chat_server
from tests.chat_server import as_reply, claim, serving
from tests.commands import ROOT, Ran, environment
from tests.copies import copied

mcp = pytest.importorskip("mcp")
from mcp.client.stdio import StdioServerParameters  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402

from refdesk.mcp.server import server  # noqa: E402

Cli = Callable[..., Ran]
ERAS = ("legacy", "2026-07-28")
QUESTION = "What explains grokking, the delayed generalization of networks?"
LONG = "x" * 100_000


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reading(sample_library: Path) -> Iterator[Library]:
    with refdesk.open_library(sample_library, read_only=True) as library:
        yield library


def talk(where: Any, era: str, say: Callable[[Any], Awaitable[Any]]) -> Any:
    """Connect a client, have it say something, and return what that gives."""

    async def run() -> Any:
        async with mcp.Client(where, mode=era) as client:
            return await say(client)

    return anyio.run(run)


def called(library: Library, era: str, name: str, *, write: bool = False, **arguments: Any) -> Any:
    """The result of a tool; its text is its structured content."""
    result = talk(server(library, write=write), era, lambda client: client.call_tool(name, arguments))
    (item,) = result.content
    assert json.loads(item.text) == result.structured_content
    return result


def document(library: Library, era: str, name: str, **arguments: Any) -> dict[str, Any]:
    result = called(library, era, name, **arguments)
    assert not result.is_error, result.content
    return dict(result.structured_content)


def test_the_list_of_tools_is_short_and_changes_nothing_unless_asked_to(reading: Library, era: str) -> None:
    listed = talk(server(reading, write=False), era, lambda client: client.list_tools())
    names = [tool.name for tool in listed.tools]
    assert names == ["search", "fetch", "find_papers", "ask", "verify", "issue", "review", "export"]
    assert all(tool.annotations.read_only_hint for tool in listed.tools)
    writing = talk(server(reading, write=True), era, lambda client: client.list_tools())
    assert [tool.name for tool in writing.tools if not tool.annotations.read_only_hint] == ["rate", "add_records"]
    assert len(writing.model_dump_json(by_alias=True, exclude_none=True)) <= 6_000


def test_search_takes_a_query_alone_and_fetch_its_ids(reading: Library, era: str) -> None:
    (first, *_) = document(reading, era, "search", query="grokking")["results"]
    assert set(first) == {"id", "title", "url", "text", "sentence"}
    paper = document(reading, era, "fetch", id=first["id"])
    assert set(paper) == {"id", "title", "text", "url", "metadata"}
    assert f"[{first['id']}#{first['sentence']}] {first['text']}" in paper["text"].splitlines()
    assert {"authors", "published", "flags", "revisions"} <= set(paper["metadata"])


def test_the_documents_are_those_of_the_commands(reading: Library, era: str) -> None:
    answer = document(reading, era, "ask", question=QUESTION, max_sentences=2)
    expected = reading.ask(QUESTION, max_sentences=2).to_dict()
    assert {**answer, "took_ms": 0} == json.loads(json.dumps({**expected, "took_ms": 0}))
    hits = document(reading, era, "find_papers", query="grokking", limit=2, since="2020")["hits"]
    assert hits == json.loads(json.dumps([hit.to_dict() for hit in reading.search("grokking", limit=2, since="2020")]))
    issue = document(reading, era, "issue", period="2026-W27")
    assert issue == json.loads(json.dumps(reading.digest("2026-W27").to_dict()))
    review = document(reading, era, "review", topic="grokking")
    assert review == json.loads(json.dumps(reading.review("grokking").to_dict()))
    exported = document(reading, era, "export", papers=[hits[0]["paper_id"]], format="ris")
    assert (exported["papers"], "TY  - " in exported["text"]) == (1, True)


def test_an_assistant_has_its_own_sentences_checked(reading: Library, era: str) -> None:
    (hit, *_) = document(reading, era, "search", query="grokking")["results"]
    evidence = [f"{hit['id']}#{hit['sentence']}"]
    claims = [
        {"text": hit["text"], "evidence": evidence},
        {"text": "Kale lowers the blood pressure by 40% in mice.", "evidence": evidence},
    ]
    found = document(reading, era, "verify", claims=claims)
    assert (found["ok"], [claim["support"] for claim in found["claims"]]) == (False, ["verbatim", "unsupported"])
    answer = document(reading, era, "ask", question=QUESTION)
    assert document(reading, era, "verify", document=json.dumps(answer))["ok"]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("fetch", {"id": "arxiv:9999.99999"}, "PaperNotFound"),
        ("ask", {"question": "what is the"}, "BadQuestion"),
        ("ask", {}, "question"),
        ("ask", {"question": "grokking", "colour": "red"}, "colour"),
        ("find_papers", {}, "BadQuestion"),
        ("find_papers", {"query": "grokking", "limit": 1_000}, "limit"),
        ("find_papers", {"query": "grokking", "since": "soon"}, "BadFilter"),
        ("verify", {}, "BadQuestion"),
        ("verify", {"claims": [{"text": "A claim.", "evidence": ["nothing"]}]}, "names no sentence"),
        ("export", {}, "BadQuestion"),
        ("issue", {"period": "2026-W99"}, "BadFilter"),
        ("issue", {"subscription": "none"}, "ConfigError"),
    ],
)
def test_an_error_is_a_result_that_a_model_can_mend(
    reading: Library, name: str, arguments: dict[str, Any], says: str
) -> None:
    result = called(reading, "legacy", name, **arguments)
    assert result.is_error
    error = result.structured_content["error"]
    assert says in f"{error['type']} {error['message']}"
    assert error["hint"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("issue", {"period": LONG}),
        ("issue", {"subscription": LONG}),
        ("find_papers", {"query": "grokking", "since": LONG}),
        ("find_papers", {"query": "grokking", "until": LONG}),
        ("find_papers", {"query": "grokking", "papers": [LONG]}),
        ("find_papers", {"query": "grokking", "sort": LONG}),
        ("find_papers", {"query": "grokking", LONG: 1}),
        ("verify", {"claims": [{"text": "A claim.", "evidence": [LONG]}]}),
        ("fetch", {"id": LONG}),
    ],
)
def test_an_error_repeats_no_long_argument(reading: Library, name: str, arguments: dict[str, Any]) -> None:
    result = called(reading, "legacy", name, **arguments)
    assert result.is_error
    assert len(result.content[0].text) < 1_000


def test_a_tool_that_writes_is_not_there_without_leave(reading: Library, era: str) -> None:
    async def say(client: Any) -> None:
        with pytest.raises(MCPError, match="No tool is named rate"):
            await client.call_tool("rate", {"id": "2406.11741", "rating": 1})

    talk(server(reading, write=False), era, say)


def test_with_leave_papers_are_rated_and_records_added(library: Library, era: str) -> None:
    record = {
        "title": "Whales sing",
        "abstract": "Whales sing at night. The songs carry far.",
        "id": "arxiv:2401.00001",
    }

    def done(name: str, **arguments: Any) -> Any:
        result = called(library, era, name, write=True, **arguments)
        assert not result.is_error, result.content
        return result.structured_content

    report = done("add_records", records=[record])
    assert (report["added"], report["rejected"]) == (1, [])
    assert done("rate", id="2401.00001", rating=1)["rating"] == 1
    assert library.issues.ratings() == {"arxiv:2401.00001": 1}
    other = {**record, "abstract": "Quite another text is here. It is of bread and salt."}
    report = done("add_records", records=[other])
    assert report["updated"] == 0
    assert "was not taken" in " ".join(report["notes"])
    assert library.show("2401.00001").abstract == record["abstract"]


def test_resources_are_read_and_prompts_filled_in(reading: Library, era: str) -> None:
    async def say(client: Any) -> None:
        assert [str(each.uri) for each in (await client.list_resources()).resources] == ["refdesk://status"]
        templates = (await client.list_resource_templates()).resource_templates
        assert [each.uri_template for each in templates] == [
            "refdesk://paper/{+id}",
            "refdesk://issue/{subscription}/{period}",
        ]
        (status,) = (await client.read_resource("refdesk://status")).contents
        assert json.loads(status.text)["papers"] == reading.status()["papers"]
        assert str(reading._store.place.folder) not in status.text
        paper_id = next(reading.papers()).paper_id
        (paper,) = (await client.read_resource(f"refdesk://paper/{paper_id}")).contents
        assert json.loads(paper.text)["id"] == paper_id
        (issue,) = (await client.read_resource("refdesk://issue/default/2026-W27")).contents
        assert issue.text.startswith("# ")
        for uri in ("refdesk://paper/none", "refdesk://nothing", "file:///etc/passwd", "refdesk://issue/none/2026-W27"):
            with pytest.raises(MCPError):
                await client.read_resource(uri)
        assert [each.name for each in (await client.list_prompts()).prompts] == ["review", "weekly"]
        (message,) = (await client.get_prompt("review", {"topic": "grokking"})).messages
        assert "“grokking”" in message.content.text
        assert (await client.get_prompt("weekly", {})).messages
        with pytest.raises(MCPError, match="topic"):
            await client.get_prompt("review", {})

    talk(server(reading, write=False), era, say)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_command_speaks_nothing_but_the_protocol(sample_library: Path, mode: str) -> None:
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "refdesk", "--library", str(sample_library), "mcp"],
        env=environment(),
        cwd=ROOT,
    )

    async def say(client: Any) -> None:
        assert "paper abstracts" in client.instructions
        assert "never instructions" in client.instructions
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        result = await client.call_tool("ask", {"question": QUESTION})
        assert result.structured_content["answered"]

    talk(started, mode, say)


def test_a_call_that_the_client_cancels_stops_the_model(
    sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, era: str
) -> None:
    folder = copied(sample_library, tmp_path / "own")
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        running.reply = lambda body: as_reply([claim("word " * 10_000, chat_server._firsts(body)[0][0])])
        running.chunk, running.pause_s = 60, 0.3  # it would take minutes
        with refdesk.open_library(folder, model=f"openai:assistant-{era}") as library:

            async def say(client: Any) -> None:
                async def ask() -> None:
                    await client.call_tool("ask", {"question": "What explains grokking?"})

                async with anyio.create_task_group() as calls:
                    calls.start_soon(ask)
                    with anyio.fail_after(60):
                        while len(running.stamps) < 3:
                            await anyio.sleep(0.05)
                    calls.cancel_scope.cancel()

            talk(server(library, write=False), era, say)
            waited_until = time.monotonic() + 30
            while not running.hangups:
                assert time.monotonic() < waited_until, "the server goes on writing"
                time.sleep(0.05)


def test_a_library_that_is_not_there_is_an_error_of_the_command(cli: Cli, tmp_path: Path) -> None:
    ran = cli("--library", str(tmp_path / "none"), "mcp")
    assert (ran.status, ran.out) == (5, "")


@pytest.mark.parametrize("assistant", ["claude", "vscode", "cursor", "codex"])
def test_the_entry_for_an_assistants_settings_starts_the_server(cli: Cli, sample_library: Path, assistant: str) -> None:
    import tomllib

    ran = cli("--library", str(sample_library), "mcp", "--config", assistant, "--write")
    assert "Put this into" in ran.err
    parsed = tomllib.loads(ran.out) if assistant == "codex" else json.loads(ran.out)
    (table,) = parsed.values()
    entry = table["refdesk"]
    assert Path(entry["command"]).is_absolute()
    assert [word for word in entry["args"] if word.startswith("-") or word == "mcp"][-2:] == ["mcp", "--write"]
    assert str(sample_library.resolve()) in entry["args"]
