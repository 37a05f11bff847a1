"""
The assistants' server, by the official client: every tool, resource and prompt, in both eras of the protocol, within
one process and by HTTP.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest

import refdesk
from refdesk.library import Library
from tests import chat_server
from tests.chat_server import as_reply, claim, serving
from tests.commands import ROOT, Ran, environment
from tests.copies import copied

mcp = pytest.importorskip("mcp")
import httpx2  # noqa: E402
from mcp.client.stdio import StdioServerParameters  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.shared.exceptions import MCPError  # noqa: E402
from serving import serving as served  # noqa: E402

from refdesk.mcp import http  # noqa: E402
from refdesk.mcp.server import server  # noqa: E402
from refdesk.mcp.tools import Caller  # noqa: E402
from refdesk.serve.api import Api  # noqa: E402
from refdesk.serve.openapi import document as openapi  # noqa: E402

Cli = Callable[..., Ran]
ERAS = ("legacy", "2026-07-28")
QUESTION = "What explains grokking, the delayed generalization of networks?"
LONG = "x" * 100_000
BEGIN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}


@dataclass(frozen=True)
class Way:
    """How a client speaks to the server: in an era of the protocol, perhaps by HTTP, perhaps with a token."""

    era: str = "legacy"
    http: bool = False
    token: str | None = None


@pytest.fixture(params=[(era, http) for era in ERAS for http in (False, True)], ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    era, http = request.param
    return Way(era, http)


@pytest.fixture
def reading(sample_library: Path) -> Iterator[Library]:
    with refdesk.open_library(sample_library, read_only=True) as library:
        yield library


def talk(library: Library, way: Way, say: Callable[[Any], Awaitable[Any]]) -> Any:
    """Have a client, who may write where the library may be written, say something; return what that gives."""

    async def run(where: Any) -> Any:
        async with mcp.Client(where, mode=way.era) as client:
            return await say(client)

    if not way.http:
        who = Caller(writes=None if library.read_only else "admin")
        return anyio.run(run, server(library, caller=lambda _: who))

    async def by_http(url: str) -> Any:
        headers = {"Authorization": f"Bearer {way.token}"} if way.token else {}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as client:
            return await run(streamable_http_client(url, http_client=client))

    with served(library, auth="token" if way.token else "none") as at:
        return anyio.run(by_http, f"{at.url}/mcp")


def called(library: Library, way: Way, name: str, **arguments: Any) -> Any:
    """The result of a tool; its text is its structured content."""
    result = talk(library, way, lambda client: client.call_tool(name, arguments))
    (item,) = result.content
    assert json.loads(item.text) == result.structured_content
    return result


def document(library: Library, way: Way, name: str, **arguments: Any) -> dict[str, Any]:
    result = called(library, way, name, **arguments)
    assert not result.is_error, result.content
    return dict(result.structured_content)


def test_the_list_of_tools_is_short_and_changes_nothing_unless_asked_to(
    reading: Library, library: Library, way: Way
) -> None:
    listed = talk(reading, way, lambda client: client.list_tools())
    names = [tool.name for tool in listed.tools]
    assert names == ["search", "fetch", "find_papers", "ask", "verify", "issue", "review", "export"]
    assert all(tool.annotations.read_only_hint for tool in listed.tools)
    writing = talk(library, way, lambda client: client.list_tools())
    assert [tool.name for tool in writing.tools if not tool.annotations.read_only_hint] == ["rate", "add_records"]
    assert len(writing.model_dump_json(by_alias=True, exclude_none=True)) <= 6_000


def test_search_takes_a_query_alone_and_fetch_its_ids(reading: Library, way: Way) -> None:
    (first, *_) = document(reading, way, "search", query="grokking")["results"]
    assert set(first) == {"id", "title", "url", "text", "sentence"}
    paper = document(reading, way, "fetch", id=first["id"])
    assert set(paper) == {"id", "title", "text", "url", "metadata"}
    assert f"[{first['id']}#{first['sentence']}] {first['text']}" in paper["text"].splitlines()
    assert {"authors", "published", "flags", "revisions"} <= set(paper["metadata"])


def test_the_documents_are_those_of_the_commands(reading: Library, way: Way) -> None:
    answer = document(reading, way, "ask", question=QUESTION, max_sentences=2)
    expected = reading.ask(QUESTION, max_sentences=2).to_dict()
    assert {**answer, "took_ms": 0} == json.loads(json.dumps({**expected, "took_ms": 0}))
    hits = document(reading, way, "find_papers", query="grokking", limit=2, since="2020")["hits"]
    assert hits == json.loads(json.dumps([hit.to_dict() for hit in reading.search("grokking", limit=2, since="2020")]))
    issue = document(reading, way, "issue", period="2026-W27")
    assert issue == json.loads(json.dumps(reading.digest("2026-W27").to_dict()))
    review = document(reading, way, "review", topic="grokking")
    assert review == json.loads(json.dumps(reading.review("grokking").to_dict()))
    exported = document(reading, way, "export", papers=[hits[0]["paper_id"]], format="ris")
    assert (exported["papers"], "TY  - " in exported["text"]) == (1, True)


def test_results_have_the_shapes_that_the_api_describes(reading: Library) -> None:
    paths = openapi(Api(reading, signs_in=False).operations, prefix="", signs_in=False)["paths"]

    def conforms(result: dict[str, Any], path: str, method: str = "post") -> None:
        jsonschema.validate(result, paths[path][method]["responses"]["200"]["content"]["application/json"]["schema"])

    answer = document(reading, Way(), "ask", question=QUESTION)
    conforms(answer, "/ask")
    conforms(document(reading, Way(), "verify", document=json.dumps(answer)), "/verify")
    conforms(document(reading, Way(), "review", topic="grokking"), "/review")
    conforms(document(reading, Way(), "issue", period="2026-W27"), "/issues/{subscription}/{period}", "get")
    with pytest.raises(jsonschema.ValidationError):
        conforms(document(reading, Way(), "search", query="grokking"), "/search", "get")


def test_an_assistant_has_its_own_sentences_checked(reading: Library, way: Way) -> None:
    (hit, *_) = document(reading, way, "search", query="grokking")["results"]
    evidence = [f"{hit['id']}#{hit['sentence']}"]
    claims = [
        {"text": hit["text"], "evidence": evidence},
        {"text": "Kale lowers the blood pressure by 40% in mice.", "evidence": evidence},
    ]
    found = document(reading, way, "verify", claims=claims)
    assert (found["ok"], [claim["support"] for claim in found["claims"]]) == (False, ["verbatim", "unsupported"])
    answer = document(reading, way, "ask", question=QUESTION)
    assert document(reading, way, "verify", document=json.dumps(answer))["ok"]


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
        ("issue", {"subscription": "none"}, "NotThere"),
    ],
)
def test_an_error_is_a_result_that_a_model_can_mend(
    reading: Library, name: str, arguments: dict[str, Any], says: str
) -> None:
    result = called(reading, Way(), name, **arguments)
    assert result.is_error
    error = result.structured_content["error"]
    assert says in f"{error['type']} {error['message']}"
    assert error["hint"]
    assert not re.search(r"refdesk |(?<!\w)--\w|\.toml", error["hint"])


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
    result = called(reading, Way(), name, **arguments)
    assert result.is_error
    assert len(result.content[0].text) < 1_000


def test_a_tool_that_writes_is_not_there_without_leave(reading: Library, way: Way) -> None:
    async def say(client: Any) -> None:
        with pytest.raises(MCPError, match="No tool is named rate"):
            await client.call_tool("rate", {"id": "2406.11741", "rating": 1})

    talk(reading, way, say)


def test_with_leave_papers_are_rated_and_records_added(library: Library, way: Way) -> None:
    record = {
        "title": "Whales sing",
        "abstract": "Whales sing at night. The songs carry far.",
        "id": "arxiv:2401.00001",
    }

    def done(name: str, **arguments: Any) -> Any:
        result = called(library, way, name, **arguments)
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


def test_resources_are_read_and_prompts_filled_in(reading: Library, way: Way) -> None:
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

    talk(reading, way, say)


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

    async def run() -> None:
        async with mcp.Client(started, mode=mode) as client:
            await say(client)

    anyio.run(run)


def test_a_call_that_the_client_cancels_stops_the_model(
    sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    folder = copied(sample_library, tmp_path / "own")
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        running.reply = lambda body: as_reply([claim("word " * 10_000, chat_server._firsts(body)[0][0])])
        running.chunk, running.pause_s = 60, 0.3  # it would take minutes
        with refdesk.open_library(folder, model=f"openai:assistant-{way.era}-{way.http}") as library:

            async def say(client: Any) -> None:
                async def ask() -> None:
                    await client.call_tool("ask", {"question": "What explains grokking?"})

                async with anyio.create_task_group() as calls:
                    calls.start_soon(ask)
                    with anyio.fail_after(60):
                        while len(running.stamps) < 3:
                            await anyio.sleep(0.05)
                    calls.cancel_scope.cancel()

            talk(library, way, say)
            waited_until = time.monotonic() + 30
            while not running.hangups:
                assert time.monotonic() < waited_until, "the server goes on writing"
                time.sleep(0.05)


@pytest.fixture
def own(sample_library: Path, tmp_path: Path) -> Iterator[Library]:
    folder = copied(sample_library, tmp_path / "own")
    (folder / "refdesk.toml").write_text(
        '[subscriptions.hers]\nreader = "ada"\n[subscriptions.ours]\nshared = true\n'
        '[subscriptions.his]\nreader = "bob"\n'
    )
    with refdesk.open_library(folder) as opened:
        opened.readers.add("ada")
        opened.readers.add("bob", role="curator")
        yield opened


@pytest.mark.parametrize("era", ERAS)
def test_by_http_a_token_is_offered_what_its_scope_and_its_reader_may(own: Library, era: str) -> None:
    def offered(reader: str, scope: Any) -> set[str]:
        way = Way(era, http=True, token=own.readers.add_token(reader, scope=scope)[1])
        listed = talk(own, way, lambda client: client.list_tools())
        return {tool.name for tool in listed.tools} & {"rate", "add_records"}

    assert [offered("ada", "read"), offered("bob", "read"), offered("local", "read")] == [set()] * 3
    assert offered("ada", "write") == {"rate"}
    assert offered("bob", "write") == offered("local", "write") == {"rate", "add_records"}


@pytest.mark.parametrize("era", ERAS)
def test_by_http_each_reader_has_ratings_and_issues_of_their_own(own: Library, era: str) -> None:
    ada = Way(era, http=True, token=own.readers.add_token("ada")[1])
    paper_id = next(own.papers()).paper_id

    async def say(client: Any) -> None:
        assert (await client.call_tool("rate", {"id": paper_id, "rating": 1})).structured_content["rating"] == 1
        with pytest.raises(MCPError, match="No tool is named add_records"):
            await client.call_tool("add_records", {"records": [{"title": "A title", "abstract": "A text."}]})
        (status,) = (await client.read_resource("refdesk://status")).contents
        told = json.loads(status.text)
        assert {each["name"] for each in told["subscriptions"]} == {"hers", "ours"}
        assert told["liked"] == [paper_id]
        for name, seen in (("hers", True), ("ours", True), ("his", False), (None, False)):
            arguments = {"period": "2026-W27", "subscription": name}
            result = await client.call_tool("issue", arguments if name else {"period": "2026-W27"})
            assert result.is_error is not seen, result.content
            assert seen or "his" not in result.content[0].text.replace(name or "his", "")
        (issue,) = (await client.read_resource("refdesk://issue/hers/2026-W27")).contents
        assert issue.text.startswith("# ")
        with pytest.raises(MCPError, match="No subscription is called"):
            await client.read_resource("refdesk://issue/his/2026-W27")

    talk(own, ada, say)
    assert (own.issues.ratings("ada"), own.issues.ratings()) == ({paper_id: 1}, {})


def test_by_http_searches_do_not_wait_for_records_that_wait_for_a_writer(own: Library) -> None:
    def written() -> None:
        with own._store.writing():
            taken.set()
            released.wait(60)

    async def say(client: Any) -> bool:
        record = {"id": "arxiv:2611.99999", "title": "A title", "abstract": "An abstract of a paper."}
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(client.call_tool, "add_records", {"records": [record]})
            await anyio.sleep(1)
            try:
                with anyio.move_on_after(20):
                    return bool((await client.call_tool("search", {"query": "grokking"})).structured_content)
                return False
            finally:
                released.set()

    taken, released = threading.Event(), threading.Event()
    writer = threading.Thread(target=written)
    writer.start()
    taken.wait(10)
    try:
        assert talk(own, Way("2026-07-28", http=True), say)
    finally:
        released.set()
        writer.join()
    assert own.show("arxiv:2611.99999")


def test_by_http_a_session_is_its_readers_alone(own: Library) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    tokens = [own.readers.add_token(name)[1] for name in ("ada", "bob")]
    with served(own, auth="token") as at, httpx2.Client(base_url=at.url, headers=headers) as client:
        first = client.post("/mcp", json=BEGIN, headers={"Authorization": f"Bearer {tokens[0]}"})
        session = {"Mcp-Session-Id": first.headers["mcp-session-id"]}
        statuses = [
            client.post("/mcp", json=PING, headers={**session, "Authorization": f"Bearer {token}"}).status_code
            for token in tokens
        ]
        assert statuses == [200, 404]
        assert client.post("/mcp", json=BEGIN).status_code == 401
        assert client.post("/mcp", json=BEGIN, headers={"Authorization": "Bearer guessed"}).status_code == 401
        for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server/mcp"):
            assert client.get(path).status_code == 404


@pytest.mark.server
def test_by_http_a_reader_with_many_sessions_ends_no_session_of_another(
    own: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 5
    monkeypatch.setattr(http, "MOST_SESSIONS", limit)
    ada, bob = ({"Authorization": f"Bearer {own.readers.add_token(name)[1]}"} for name in ("ada", "bob"))
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}

    async def run(url: str) -> None:
        async with (
            httpx2.AsyncClient(headers=bob, timeout=60) as bobs,
            mcp.Client(streamable_http_client(url, http_client=bobs), mode="legacy") as only,
            httpx2.AsyncClient(headers={**headers, **ada}, timeout=60) as client,
        ):

            async def opened() -> str:
                reply = await client.post(url, json=BEGIN)
                assert reply.status_code == 200, reply.text
                return str(reply.headers["mcp-session-id"])

            async def works(session: str) -> bool:
                return (await client.post(url, json=PING, headers={"Mcp-Session-Id": session})).status_code == 200

            first, *others = [await opened() for _ in range(limit - 1)]
            assert await works(first)  # so that the second one is the longest unused
            later = await opened()
            assert [await works(each) for each in (*others, first, later)] == [False, True, True, True, True]
            assert (await client.delete(url, headers={"Mcp-Session-Id": later})).status_code == 200
            last = await opened()  # in the place of the one that ended
            assert [await works(each) for each in (*others, first, last)] == [False, True, True, True, True]
            many: list[str] = []

            async def opens() -> None:
                many.append(await opened())

            async with anyio.create_task_group() as tasks:  # at the same time
                for _ in range(3 * limit):
                    tasks.start_soon(opens)
            assert sum([await works(each) for each in (*others, first, last, *many)]) == limit - 1
            found = await only.call_tool("search", {"query": "grokking"})
            assert found.structured_content["results"]

    with served(own, auth="token") as at:
        anyio.run(run, f"{at.url}/mcp")


@pytest.mark.server
@pytest.mark.parametrize("write", [False, True])
def test_the_command_serves_assistants_by_http_alone(sample_library: Path, tmp_path: Path, write: bool) -> None:
    folder = copied(sample_library, tmp_path / "own")
    with refdesk.open_library(folder) as library:
        token = library.readers.add_token()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "refdesk", "--library", str(folder), "mcp", "--http", "--port", "0"]
        + (["--write"] if write else []),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr
    try:
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/mcp", process.stderr.readline())

        async def run() -> list[str]:
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
                while True:
                    with suppress(httpx2.ConnectError):
                        assert (await client.get(url.replace("/mcp", "/search"))).status_code == 404
                        break
                async with mcp.Client(streamable_http_client(url, http_client=client), mode="auto") as speaking:
                    assert (await speaking.call_tool("ask", {"question": QUESTION})).structured_content["answered"]
                    return [tool.name for tool in (await speaking.list_tools()).tools]

        assert ("rate" in anyio.run(run)) is write
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) is not None
    finally:
        process.kill()
        process.stderr.close()


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
