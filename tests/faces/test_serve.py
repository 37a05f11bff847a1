"""The served library: what its API says, who may come in, what the pages show, and what a browser makes of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from serving import Served, serving
from starlette.routing import Mount, Route

import refdesk
from refdesk.serve.app import application
from refdesk.serve.desk import MODEL_QUESTIONS
from refdesk.serve.sessions import COOKIE
from tests import chat_server
from tests.browser import Browser, browsing
from tests.chat_server import as_reply, claim
from tests.commands import ROOT, Ran, environment
from tests.faces.sites import HOSTILE, QUESTION

Cli = Callable[..., Ran]
MANUAL = ROOT / "docs" / "serving.md"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


@pytest.fixture
def served(folder: Path) -> Iterator[tuple[refdesk.Library, httpx.Client]]:
    with (
        refdesk.open_library(folder) as library,
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        yield library, client


@pytest.fixture
def guarded(folder: Path) -> Iterator[tuple[refdesk.Library, Served]]:
    with refdesk.open_library(folder) as library, serving(library, auth="token") as at:
        yield library, at


def plain(document: Any) -> Any:
    """A document as JSON gives it back, without the time that it took."""
    found = json.loads(json.dumps(document))
    return {**found, "took_ms": 0} if "took_ms" in found else found


# ---- the API


def test_the_documents_are_those_of_the_commands(
    served: tuple[refdesk.Library, httpx.Client], cli: Cli, folder: Path
) -> None:
    library, client = served
    hits = client.get("/api/v1/search", params={"q": "grokking", "limit": 2, "since": "2020"}).json()
    assert hits["hits"] == plain([hit.to_dict() for hit in library.search("grokking", limit=2, since="2020")])
    answer = client.post("/api/v1/ask", json={"question": QUESTION, "max_sentences": 2}).json()
    assert plain(answer) == plain(library.ask(QUESTION, max_sentences=2).to_dict())
    within = client.post("/api/v1/ask", json={"question": QUESTION, "filter": {"since": "2030"}}).json()
    assert not within["answered"]
    checked = client.post("/api/v1/verify", json={"document": json.dumps(answer)}).json()
    assert checked == library.verify(json.dumps(answer)).to_dict()
    review = client.post("/api/v1/review", json={"topic": "grokking"}).json()
    assert plain(review) == plain(library.review("grokking").to_dict())
    paper_id = hits["hits"][0]["paper_id"]
    shown = client.get(f"/api/v1/papers/{paper_id}").json()
    expected = plain(library.show(paper_id).to_dict())
    assert {key: value for key, value in shown.items() if key not in ("revisions", "notice")} == expected
    command = json.loads(cli("--library", str(folder), "show", paper_id, "--json").out)
    assert shown == command
    status = client.get("/api/v1/status").json()
    assert status["papers"] == library.status()["papers"]
    assert not {"library", "catalog", "vectors"} & set(status)
    assert client.get("/api/v1/export", params={"paper": paper_id, "format": "ris"}).text.startswith("TY  - ")


def test_an_answer_tells_the_state_of_the_library_that_it_was_made_from(
    served: tuple[refdesk.Library, httpx.Client], tmp_path: Path
) -> None:
    library, client = served

    def counter() -> str | None:
        return client.post("/api/v1/ask", json={"question": QUESTION}).headers.get("refdesk-change-counter")

    before = counter()
    assert before
    assert counter() == before
    source = tmp_path / "one.jsonl"
    source.write_text(json.dumps({"id": "x:1", "title": "On tides", "abstract": "Tides rise. Tides fall."}) + "\n")
    library.add(source)
    after = counter()
    assert after not in (None, before)
    library._store.catalog.changes.reset(["lexical"])
    assert counter() is None


def test_a_library_without_papers_answers_too(tmp_path: Path) -> None:
    with refdesk.open_library(tmp_path / "empty") as library, serving(library) as at:
        reply = httpx.post(f"{at.url}/api/v1/ask", json={"question": QUESTION})
    assert (reply.status_code, reply.json()["answered"]) == (200, False)
    assert "refdesk-change-counter" not in reply.headers


def test_all_papers_come_page_by_page(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    found: list[str] = []
    after = ""
    while after is not None:
        page = client.get("/api/v1/papers", params={"limit": 7, "after": after}).json()
        found += [paper["paper_id"] for paper in page["papers"]]
        after = page["next"]
    assert found == [paper.paper_id for paper in library.papers()]


def test_claims_come_as_events_before_the_answer(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    with client.stream(
        "POST", "/api/v1/ask", json={"question": QUESTION}, headers={"Accept": "text/event-stream"}
    ) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in reply.headers  # it would hold claims back
        lines = list(reply.iter_lines())
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert names == ["claim"] * (len(names) - 1) + ["answer"]
    assert data[:-1] == data[-1]["claims"]
    assert library.shelf().answer(data[-1]["id"])


def test_an_error_of_a_question_is_an_event(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    reply = client.post("/api/v1/ask", json={"question": "what is the"}, headers={"Accept": "text/event-stream"})
    assert "event: error" in reply.text
    assert "BadQuestion" in reply.text


def test_answers_are_kept_exported_and_deleted(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    answer = client.post("/api/v1/ask", json={"question": QUESTION}).json()
    assert [each["id"] for each in client.get("/api/v1/answers").json()["answers"]] == [answer["id"]]
    assert plain(client.get(f"/api/v1/answers/{answer['id']}").json()) == plain(answer)
    assert client.get(f"/api/v1/answers/{answer['id']}.bib").text.count("@") == len(answer["sources"])
    assert client.get(f"/api/v1/answers/{answer['id']}.doc").status_code == 404
    assert client.delete(f"/api/v1/answers/{answer['id']}").status_code == 204
    assert client.delete(f"/api/v1/answers/{answer['id']}").status_code == 404
    assert client.get(f"/answers/{answer['id']}").status_code == 404


def test_papers_are_rated(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    paper_id = next(library.papers()).paper_id
    assert client.put(f"/api/v1/ratings/{paper_id}", json={"rating": 1}).json() == {"paper_id": paper_id, "rating": 1}
    assert library.issues.ratings() == {paper_id: 1}
    page = client.post("/rate", data={"paper": paper_id, "rating": "0", "back": f"/papers/{paper_id}"})
    assert (page.status_code, page.headers["location"]) == (303, f"/papers/{paper_id}")
    assert library.issues.ratings() == {}
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        page = client.post("/rate", data={"paper": paper_id, "rating": "1", "back": elsewhere})
        assert page.headers["location"] == "/"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/papers/arxiv:9999.99999", None, 404),
        ("GET", "/search?q=what+is+the", None, 422),
        ("GET", "/search?q=grokking&limit=0", None, 422),
        ("GET", "/search?q=grokking&colour=red", None, 422),
        ("GET", "/search?q=grokking&since=soon", None, 422),
        ("POST", "/ask", {"question": 7}, 422),
        ("POST", "/ask", {"question": "x" * 2_001}, 422),
        ("POST", "/ask", {"question": "grokking", "filter": {"colour": "red"}}, 422),
        ("POST", "/verify", {"document": "{}"}, 422),
        ("PUT", "/ratings/arxiv:9999.99999", {"rating": 1}, 404),
        ("PUT", "/ratings/arxiv:9999.99999", {"rating": 2}, 422),
        ("GET", "/issues/default/2026-W27", None, 404),
        ("GET", "/answers/sha256:none", None, 404),
    ],
)
def test_errors_have_a_status_a_message_and_a_hint(
    served: tuple[refdesk.Library, httpx.Client], method: str, path: str, body: Any, status: int
) -> None:
    _, client = served
    reply = client.request(method, f"/api/v1{path}", json=body)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert error["message"].endswith(".")
    assert set(error) == {"type", "message", "hint"}


def test_a_library_that_is_only_read_keeps_and_changes_nothing(folder: Path) -> None:
    with (
        refdesk.open_library(folder, read_only=True) as library,
        serving(library) as at,
        httpx.Client(base_url=at.url, timeout=60) as client,
    ):
        paper_id = next(library.papers()).paper_id
        assert client.put(f"/api/v1/ratings/{paper_id}", json={"rating": 1}).status_code == 403
        page = client.post("/", data={"question": QUESTION})
        assert page.status_code == 200
        assert "Answered from" in page.text
        assert "Permalink" not in page.text
        assert "Not for me" not in page.text
        assert client.get("/api/v1/answers").json() == {"answers": []}


def test_the_description_and_the_manual_have_every_route(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    mounted = next(each for each in application(library, hosts=()).routes if isinstance(each, Mount))
    routes = {
        (method.lower(), route.path.replace(":path", ""))
        for route in mounted.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    listed = {(method, path.removeprefix("/api/v1")) for path, of in described["paths"].items() for method in of}
    assert routes - {("get", "/openapi.json")} == listed
    rows = re.sub(r"/(NAME/PERIOD|NAME|ID|SECRET)\b", "/…", MANUAL.read_text(encoding="utf-8")).splitlines()
    for method, path in listed:
        named = re.sub(r"(/\{\w+\})+", "/…", path)
        assert [row for row in rows if f"`{named}" in row and method.upper() in row], (method, path)


@pytest.fixture
def modelled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[chat_server.ChatServer, Served]]:
    """A library whose model writes a claim at once and goes on for minutes, and where it is served."""
    with chat_server.serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

        def long(body: Any) -> str:
            name, text = chat_server._firsts(body)[0]
            return as_reply([claim(text, name), claim("word " * 10_000, name)])

        running.reply = long
        running.chunk, running.pause_s = 60, 0.3
        with refdesk.open_library(folder, model="openai:served") as library, serving(library) as at:
            yield running, at


def hung_up(running: chat_server.ChatServer, count: int) -> None:
    """Wait until the model was asked to write for nobody any longer."""
    limit = time.monotonic() + 30
    while len(running.hangups) < count:
        assert time.monotonic() < limit, "the model goes on"
        time.sleep(0.05)


def test_a_client_that_goes_away_cancels_its_question(modelled: tuple[chat_server.ChatServer, Served]) -> None:
    running, at = modelled
    with httpx.stream(
        "POST",
        f"{at.url}/api/v1/ask",
        json={"question": "What explains grokking?"},
        headers={"Accept": "text/event-stream"},
        timeout=60,
    ) as reply:
        assert next(line for line in reply.iter_lines() if line.startswith("event: ")) == "event: claim"
    hung_up(running, 1)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/api/v1/ask", {"json": {"question": "What explains grokking?"}}),
        ("/api/v1/review", {"json": {"topic": "grokking"}}),
        ("/", {"data": {"question": "What explains grokking?"}}),
    ],
)
def test_so_does_one_that_waits_for_the_whole_reply(
    modelled: tuple[chat_server.ChatServer, Served], path: str, sent: dict[str, Any]
) -> None:
    running, at = modelled
    request, connection = httpx.Request("POST", f"{at.url}{path}", **sent), HTTPConnection(at.host)
    connection.request("POST", path, request.read(), dict(request.headers))
    limit = time.monotonic() + 30
    while not running.requests:
        assert time.monotonic() < limit, "the model is not asked"
        time.sleep(0.05)
    connection.close()
    hung_up(running, 1)


def test_questions_that_wait_for_a_model_make_no_search_wait(
    modelled: tuple[chat_server.ChatServer, Served],
) -> None:
    running, at = modelled
    streams = [threading.Thread(target=_ignoring, args=(at, number)) for number in range(20)]
    for each in streams:
        each.start()
    limit = time.monotonic() + 30
    while len(running.requests) < MODEL_QUESTIONS:
        assert time.monotonic() < limit, "fewer questions than may be are at work"
        time.sleep(0.05)
    assert httpx.get(f"{at.url}/api/v1/search", params={"q": "grokking"}, timeout=5).json()["hits"]
    assert httpx.get(f"{at.url}/api/v1/papers", timeout=5).json()["papers"]
    for each in streams:
        each.join()


def _ignoring(at: Served, number: int) -> None:
    with contextlib.suppress(httpx.ReadTimeout):
        httpx.post(f"{at.url}/api/v1/ask", json={"question": f"What of grokking in {number} networks?"}, timeout=6)


# ---- who may come in


def test_nobody_comes_in_without_signing_in(guarded: tuple[refdesk.Library, Served]) -> None:
    _, at = guarded
    with httpx.Client(base_url=at.url) as client:
        for path in ("/", "/search", "/library", "/issues", "/answers"):
            reply = client.get(path)
            assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
        for path in ("/api/v1/search?q=grokking", "/api/v1/status", "/api/v1/openapi.json"):
            reply = client.get(path)
            assert (reply.status_code, reply.json()["error"]["message"]) == (401, "Sign in, or send a token.")
        assert client.post("/api/v1/ask", json={"question": QUESTION}).status_code == 401
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        assert client.get("/", headers={"Cookie": f"{COOKIE}=guessed"}).status_code == 303


def test_a_server_whose_catalog_was_moved_runs_and_is_not_ready(folder: Path, tmp_path: Path, cli: Cli) -> None:
    own = shutil.copytree(folder, tmp_path / "moved")

    def statuses() -> list[tuple[int, object]]:
        return [
            (reply.status_code, reply.json()) for reply in (httpx.get(f"{at.url}/{n}z") for n in ("health", "ready"))
        ]

    with refdesk.open_library(own) as library, serving(library, auth="token") as at:
        assert statuses() == [(200, {"ok": True})] * 2
        assert cli("--library", own, "migrate", "--to", f"sqlite:///{tmp_path}/new.sqlite3").status == 0
        assert statuses() == [(200, {"ok": True}), (503, {"ok": False})]


def test_a_link_signs_in_once(guarded: tuple[refdesk.Library, Served]) -> None:
    library, at = guarded
    code = library.readers.code("local")
    with httpx.Client(base_url=at.url) as client:
        reply = client.get("/sign-in", params={"code": code})
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
        cookie = reply.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert client.get("/").status_code == 200
        assert client.get("/api/v1/status").status_code == 200
    with httpx.Client(base_url=at.url) as other:
        used = other.get("/sign-in", params={"code": code})
        assert (used.status_code, " papers" in used.text) == (401, False)
        assert other.get("/").status_code == 303


def test_programs_send_a_token_until_it_is_revoked(
    guarded: tuple[refdesk.Library, Served], cli: Cli, folder: Path
) -> None:
    _, at = guarded
    made = json.loads(cli("--library", str(folder), "token", "add", "--json").out)
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert httpx.get(f"{at.url}/api/v1/status", headers=headers).status_code == 200
    assert httpx.post(f"{at.url}/api/v1/ask", json={"question": QUESTION}, headers=headers).status_code == 200
    (listed,) = json.loads(cli("--library", str(folder), "token", "list", "--json").out)["tokens"]
    assert (listed["id"], bool(listed["used"])) == (made["id"], True)
    assert made["token"] not in (folder / "catalog.sqlite3").read_bytes().decode("latin-1")
    assert cli("--library", str(folder), "token", "revoke", made["id"]).status == 0
    assert httpx.get(f"{at.url}/api/v1/status", headers=headers).status_code == 401
    assert cli("--library", str(folder), "token", "revoke", made["id"]).status == 4


def test_an_unknown_token_is_refused_even_where_nobody_need_sign_in(
    served: tuple[refdesk.Library, httpx.Client],
) -> None:
    _, client = served
    for value in ("Bearer guessed", "Bearer", "Basic YTpi"):
        assert client.get("/api/v1/status", headers={"Authorization": value}).status_code == 401


def test_a_page_of_another_site_cannot_use_the_library(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    paper_id = next(library.papers()).paper_id
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    host = client.base_url.netloc.decode()
    crossing: tuple[dict[str, str], ...] = (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    )
    for headers in crossing:
        assert client.post("/rate", data={"paper": paper_id, "rating": "1"}, headers=headers).status_code == 403
        assert client.put(f"/api/v1/ratings/{paper_id}", json={"rating": 1}, headers=headers).status_code == 403
    assert library.issues.ratings() == {}
    ours = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/rate", data={"paper": paper_id, "rating": "1"}, headers=ours).status_code == 303


def test_a_body_that_is_too_long_is_refused(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    assert client.post("/api/v1/verify", content=b"x" * (5 << 20)).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(80):
            yield b"x" * (1 << 16)

    try:
        status = client.post("/api/v1/verify", content=pieces()).status_code
    except httpx.TransportError:  # the server closed the connection while it was sent
        status = 413
    assert status == 413
    assert httpx.get(f"{client.base_url}/healthz").status_code == 200


def test_every_reply_has_the_headers(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    for path in ("/", "/api/v1/status", "/nothing", "/papers/none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]


# ---- the pages


def test_a_question_from_the_form_is_answered_under_its_permalink(
    served: tuple[refdesk.Library, httpx.Client],
) -> None:
    library, client = served
    reply = client.post("/", data={"question": QUESTION})
    assert reply.status_code == 303
    page = client.get(reply.headers["location"]).text
    answer = library.ask(QUESTION)
    for source in answer.sources:
        assert f'id="source-{source.number}"' in page
    for each in answer.claims:
        for cited in each.citations:
            assert f'href="#source-{cited.source}"' in page
    assert page.count("<mark>") == len({(c.paper_id, c.sentence) for each in answer.claims for c in each.citations})
    assert QUESTION in client.get("/answers").text


def test_pages_are_valid_and_ask_for_nothing_from_elsewhere(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    paper_id = next(library.papers()).paper_id
    answer = client.post("/", data={"question": QUESTION}).headers["location"]
    listed = client.post("/", data={"question": "Which papers are about grokking?"}).headers["location"]
    absent = client.post("/", data={"question": "Which recipe makes the best sourdough bread?"}).headers["location"]
    paths = ("/", answer, listed, absent, "/answers", "/search", "/search?q=grokking&category=cs.LG")
    for path in (*paths, f"/papers/{paper_id}", "/issues", "/library", "/papers/none", "/search?q=grokking&since=soon"):
        page = client.get(path).text
        html5lib.HTMLParser(strict=True).parse(page)
        loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="([^"]+)"', page)
        assert all(each.startswith("/") for each in loaded), loaded
        assert "style=" not in page


def test_assets_are_small_and_never_change_under_their_path(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    page = client.post("/", data={"question": QUESTION}, follow_redirects=True)
    replies = [client.get(asset) for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)]
    assert len(replies) == 3
    for reply in replies:
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert all(
        reply.headers.get("content-encoding") == "gzip" for reply in (page, *replies) if len(reply.content) > 500
    )
    assert sum(reply.num_bytes_downloaded for reply in (page, *replies)) < 20_000
    assert client.get("/static/older/page.css").headers["cache-control"] == "no-store"
    for name in ("/static/x/nothing.css", "/static/x/..%2Fpages.py", "/static/x/"):
        assert client.get(name).status_code in (401, 404)


def test_hostile_text_is_shown_as_text(served: tuple[refdesk.Library, httpx.Client], tmp_path: Path) -> None:
    library, client = served
    (tmp_path / "hostile.jsonl").write_text(json.dumps(HOSTILE), encoding="utf-8")
    library.add(tmp_path / "hostile.jsonl")
    answer = client.post("/", data={"question": "When does zymurgy begin?"}).headers["location"]
    for path in (answer, "/search?q=zymurgy", "/papers/2401.00009"):
        page = client.get(path).text
        assert "&lt;think&gt; Zymurgy" in page
        assert not re.search(r"<script>alert|<img|<b>begins|<i>Ada|href=\"javascript:|\u202e", page)
    page = client.post("/", data={"question": '"><script>alert(2)</script> the of'}).text
    assert "<script>alert(2)" not in page


def test_errors_of_pages_are_pages(served: tuple[refdesk.Library, httpx.Client]) -> None:
    _, client = served
    missing = client.get("/papers/arxiv:9999.99999")
    assert (missing.status_code, "No paper of the library has the id" in missing.text) == (404, True)
    empty = client.post("/", data={"question": "  "})
    assert (empty.status_code, "There is no question." in empty.text) == (422, True)
    assert client.post("/", data={"question": "what is the"}).status_code == 422
    nowhere = client.get("/nowhere", headers={"Accept": "text/html"})
    assert (nowhere.status_code, "<h1>There is nothing at this address.</h1>" in nowhere.text) == (404, True)
    assert client.get("/api/v1/nowhere", headers={"Accept": "text/html"}).json()["error"]["type"] == "NotFound"
    assert client.post("/", data={"question": "x" * 3_000}).status_code == 422


def test_a_follow_up_takes_the_question_before_it(served: tuple[refdesk.Library, httpx.Client]) -> None:
    library, client = served
    expected = library.condense([QUESTION], "And weight decay?")
    reply = client.post("/", data={"question": "And weight decay?", "after": QUESTION}, follow_redirects=True)
    assert expected in reply.text


def test_a_stored_issue_is_shown_in_a_frame_that_runs_nothing(
    served: tuple[refdesk.Library, httpx.Client], cli: Cli
) -> None:
    library, client = served
    steps = list(library.issues.run(catch_up=1))
    made = [step for step in steps if step.step == "issue" and step.outcome == "done"]
    assert made, steps
    (stored, *_) = library.issues.stored()
    page = client.get(f"/issues/{stored.subscription}/{stored.period}")
    assert "<iframe" in page.text
    form = client.get(f"/api/v1/issues/{stored.subscription}/{stored.period}.html")
    assert "sandbox" in form.headers["content-security-policy"]
    assert form.text == library.issues.stored_form(stored.subscription, stored.period, "html")
    assert client.get("/issues").text.count("/issues/") >= 1
    assert client.get(f"/issues/{stored.subscription}/2001-W01").status_code == 404


# ---- the command


def test_the_command_prints_a_link_that_signs_in_and_ends_when_it_is_told_to(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "refdesk", "--library", str(folder), "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr
    try:
        line = process.stderr.readline()
        (link,) = re.findall(r"http://127\.0\.0\.1:\d+/sign-in\?code=\S+", line)
        with httpx.Client(follow_redirects=True) as client:
            limit = time.monotonic() + 30
            while True:
                try:
                    page = client.get(link)
                    break
                except httpx.ConnectError:
                    assert time.monotonic() < limit
                    time.sleep(0.05)
            assert "papers" in page.text
            assert page.status_code == 200
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)
    finally:
        process.kill()
        process.stderr.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--host", "0.0.0.0", "--auth", "none"), "--auth none is for this machine alone"),
        (("--host", "0.0.0.0"), "nothing is encrypted"),
        (("--host", "0.0.0.0", "--public-url", "http://papers.example"), "nothing is encrypted"),
    ],
)
def test_it_is_not_opened_to_others_unguarded(cli: Cli, folder: Path, options: tuple[str, ...], says: str) -> None:
    ran = cli("--library", str(folder), "serve", *options)
    assert (ran.status, says in ran.err) == (3, True)


# ---- a browser


def test_in_a_browser_claims_open_their_sources(served: tuple[refdesk.Library, httpx.Client], browser: Browser) -> None:
    _, client = served
    host = str(client.base_url)
    answer = client.post("/", data={"question": QUESTION}).headers["location"]
    for width, dark in ((1280, False), (320, True)):
        browser.open(f"{host}{answer}", width=width, dark=dark)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        browser.run("document.querySelector('.claims a.n').click()")
        assert browser.run("return document.querySelectorAll('aside article.on').length") == 1
        assert browser.run("return document.activeElement.id") == "source-1"
        assert browser.run("return document.querySelector('.claims a.n').getAttribute('aria-expanded')") == "true"
        browser.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
        assert browser.run("return document.querySelectorAll('aside article.on').length") == 0
        assert browser.run("return document.activeElement.className") == "n"
        seen = "[...document.querySelectorAll('a.n, button')].filter(each => each.offsetParent)"
        assert browser.run(f"return {seen}.filter(each => each.offsetHeight < 24).length") == 0
        assert all(url.startswith(host) for url in browser.requests() if not url.startswith("data:"))


def test_in_a_browser_a_question_is_streamed_to_its_permalink(
    served: tuple[refdesk.Library, httpx.Client], browser: Browser
) -> None:
    _, client = served
    browser.open(f"{client.base_url}/", width=800)
    browser.run(
        f"document.getElementById('question').value = {json.dumps(QUESTION)};"
        "document.querySelector('form[data-ask]').requestSubmit()"
    )
    limit = time.monotonic() + 30
    while not browser.run("return location.pathname").startswith("/answers/"):
        assert time.monotonic() < limit
        time.sleep(0.1)
    assert browser.run("return document.querySelectorAll('.claims li').length") >= 1
