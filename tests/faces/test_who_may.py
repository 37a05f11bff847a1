"""Who may do what: every route, for nobody, each token and role, and for other sites, other hosts and proxies."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
import pytest
from serving import serving
from starlette.routing import Mount, Route

import refdesk
from refdesk.serve.app import application
from tests import chat_server
from tests.copies import copied

Kind = Literal["open", "secret", "read", "ask", "mcp", "write", "curate", "admin"]
API = "/api/v1"
NONE = "sha256:none"


@dataclass(frozen=True)
class Case:
    """
    A route as it is asked.

    Args:
        kind: Who may: everybody (`open`); whoever has a secret; readers, and tokens that only read (`read`, `ask` and
            `mcp`); readers (`write`); curators; admins.
        status: What those get who may.
        url: Where the route has parameters.
        body: JSON; a form where it is a page.
    """

    kind: Kind
    status: int
    url: str = ""
    body: Any = None


ROUTES: dict[tuple[str, str], Case] = {
    ("GET", "/healthz"): Case("open", 200),
    ("GET", "/readyz"): Case("open", 200),
    ("GET", "/sign-in"): Case("open", 200),
    ("POST", "/sign-in"): Case("open", 200),
    ("GET", "/static/{hash}/{name}"): Case("open", 200, "/static/x/page.css"),
    ("GET", "/rated/{signed}"): Case("secret", 404, "/rated/x"),
    ("POST", "/rated/{signed}"): Case("secret", 404, "/rated/x"),
    ("GET", "/unsubscribe/{signed}"): Case("secret", 404, "/unsubscribe/x"),
    ("POST", "/unsubscribe/{signed}"): Case("secret", 404, "/unsubscribe/x"),
    ("GET", "/confirm/{signed}"): Case("secret", 404, "/confirm/x"),
    ("POST", "/confirm/{signed}"): Case("secret", 404, "/confirm/x"),
    ("GET", "/feeds/{secret}.atom"): Case("secret", 404, "/feeds/x.atom"),
    ("GET", "/mcp"): Case("mcp", 400),
    ("POST", "/mcp"): Case("mcp", 400),
    ("DELETE", "/mcp"): Case("mcp", 400),
    # the API
    ("GET", f"{API}/search"): Case("read", 200, f"{API}/search?q=grokking"),
    ("GET", f"{API}/papers"): Case("read", 200, f"{API}/papers?limit=1"),
    ("GET", f"{API}/papers/{{id:path}}"): Case("read", 404, f"{API}/papers/none"),
    ("PUT", f"{API}/ratings/{{id:path}}"): Case("write", 404, f"{API}/ratings/none", {"rating": 1}),
    ("GET", f"{API}/export"): Case("read", 200, f"{API}/export?since=2026-07"),
    ("POST", f"{API}/ask"): Case("ask", 200, body={"question": "grokking"}),
    ("POST", f"{API}/verify"): Case("ask", 422, body={"document": "{}"}),
    ("GET", f"{API}/answers"): Case("read", 200),
    ("GET", f"{API}/answers/{{id}}"): Case("read", 404, f"{API}/answers/{NONE}"),
    ("DELETE", f"{API}/answers/{{id}}"): Case("write", 404, f"{API}/answers/{NONE}"),
    ("POST", f"{API}/answers/{{id}}/share"): Case("write", 404, f"{API}/answers/{NONE}/share"),
    ("DELETE", f"{API}/answers/{{id}}/share"): Case("write", 404, f"{API}/answers/{NONE}/share"),
    ("GET", f"{API}/shared/{{secret}}"): Case("read", 404, f"{API}/shared/none"),
    ("POST", f"{API}/review"): Case("ask", 200, body={"topic": "grokking"}),
    ("GET", f"{API}/reviews"): Case("read", 200),
    ("GET", f"{API}/reviews/{{id}}"): Case("read", 404, f"{API}/reviews/{NONE}"),
    ("DELETE", f"{API}/reviews/{{id}}"): Case("write", 404, f"{API}/reviews/{NONE}"),
    ("GET", f"{API}/issues"): Case("read", 200),
    ("GET", f"{API}/issues/{{subscription}}/{{period}}"): Case("read", 404, f"{API}/issues/his/2026-06"),
    ("GET", f"{API}/subscriptions"): Case("read", 200),
    ("GET", f"{API}/subscriptions/{{name}}"): Case("read", 404, f"{API}/subscriptions/none"),
    ("PUT", f"{API}/subscriptions/{{name}}"): Case("write", 422, f"{API}/subscriptions/mine", {"size": 0}),
    ("DELETE", f"{API}/subscriptions/{{name}}"): Case("write", 404, f"{API}/subscriptions/none"),
    ("POST", f"{API}/subscriptions/{{name}}/feed"): Case("write", 404, f"{API}/subscriptions/none/feed"),
    ("DELETE", f"{API}/subscriptions/{{name}}/feed"): Case("write", 404, f"{API}/subscriptions/none/feed"),
    ("POST", f"{API}/address"): Case("write", 422, body={"address": "none"}),
    ("GET", f"{API}/readers"): Case("admin", 200),
    ("POST", f"{API}/readers"): Case("admin", 422, body={"name": "../x"}),
    ("PUT", f"{API}/readers/{{name}}"): Case("admin", 404, f"{API}/readers/none", {"role": "reader"}),
    ("DELETE", f"{API}/readers/{{name}}"): Case("admin", 404, f"{API}/readers/none"),
    ("POST", f"{API}/readers/{{name}}/link"): Case("admin", 404, f"{API}/readers/none/link"),
    ("GET", f"{API}/tokens"): Case("read", 200),
    ("POST", f"{API}/tokens"): Case("write", 422, body={"expires": "soon"}),
    ("DELETE", f"{API}/tokens/{{id}}"): Case("write", 404, f"{API}/tokens/none"),
    ("GET", f"{API}/imports"): Case("read", 200),
    ("POST", f"{API}/imports"): Case("curate", 422),
    ("GET", f"{API}/imports/{{id}}"): Case("read", 404, f"{API}/imports/none"),
    ("GET", f"{API}/jobs/{{id}}"): Case("read", 404, f"{API}/jobs/none"),
    ("POST", f"{API}/sync"): Case("curate", 422, body={"feeds": 7}),
    ("POST", f"{API}/deliveries/{{id}}/resend"): Case("curate", 404, f"{API}/deliveries/none/resend"),
    ("POST", f"{API}/deliveries/{{id}}/dismiss"): Case("curate", 404, f"{API}/deliveries/none/dismiss"),
    ("GET", f"{API}/status"): Case("read", 200),
    ("GET", f"{API}/openapi.json"): Case("read", 200),
    # the pages
    ("GET", "/"): Case("read", 200),
    ("POST", "/"): Case("write", 422, body={"question": ""}),
    ("GET", "/answers"): Case("read", 200),
    ("GET", "/answers/{id}"): Case("read", 404, f"/answers/{NONE}"),
    ("POST", "/answers/{id}/share"): Case("write", 404, f"/answers/{NONE}/share"),
    ("GET", "/a/{secret}"): Case("read", 404, "/a/none"),
    ("GET", "/search"): Case("read", 200, "/search?q=grokking"),
    ("GET", "/papers/{id:path}"): Case("read", 404, "/papers/none"),
    ("POST", "/rate"): Case("write", 422, body={"paper": "none", "rating": "2"}),
    ("GET", "/issues"): Case("read", 200),
    ("GET", "/issues/{subscription}/{period}"): Case("read", 404, "/issues/his/2026-06"),
    ("GET", "/reviews"): Case("read", 200),
    ("POST", "/reviews"): Case("write", 422, body={"topic": ""}),
    ("GET", "/reviews/{id}"): Case("read", 404, f"/reviews/{NONE}"),
    ("GET", "/library"): Case("read", 200),
    ("GET", "/subscriptions"): Case("read", 200),
    ("POST", "/subscriptions"): Case("write", 422, body={"name": "../x"}),
    ("GET", "/subscriptions/{name}"): Case("read", 200, "/subscriptions/none"),
    ("POST", "/subscriptions/{name}/delete"): Case("write", 404, "/subscriptions/none/delete"),
    ("POST", "/subscriptions/{name}/feed"): Case("write", 404, "/subscriptions/none/feed"),
    ("POST", "/address"): Case("write", 422, body={"address": "none"}),
    ("POST", "/imports"): Case("curate", 422),
    ("POST", "/sync"): Case("curate", 422, body={"feeds": 7}),
    ("POST", "/deliveries/{id}/resend"): Case("curate", 404, "/deliveries/none/resend"),
    ("POST", "/deliveries/{id}/dismiss"): Case("curate", 404, "/deliveries/none/dismiss"),
    ("GET", "/tokens"): Case("read", 200),
    ("POST", "/tokens"): Case("write", 422, body={"expires": "soon"}),
    ("POST", "/tokens/{id}/revoke"): Case("write", 404, "/tokens/none/revoke"),
    ("GET", "/readers"): Case("admin", 200),
    ("POST", "/readers"): Case("admin", 422, body={"name": "../x"}),
    ("POST", "/readers/{name}/set"): Case("admin", 422, "/readers/none/set", {"role": "king"}),
    ("POST", "/readers/{name}/remove"): Case("admin", 404, "/readers/none/remove"),
    ("POST", "/readers/{name}/link"): Case("admin", 404, "/readers/none/link"),
    ("POST", "/sign-out"): Case("write", 303),
}
"""Every route. One that is not here fails a test."""
READING, ROLES = ("read", "ask", "mcp"), ("reader", "curator", "admin")
LEAST = {"write": "reader", "curate": "curator", "admin": "admin"}


@dataclass(frozen=True)
class House:
    """A served library, and what signs each actor in."""

    library: refdesk.Library
    client: httpx.Client
    bearers: dict[str, dict[str, str]]
    cookie: str

    def ask(self, method: str, route: str, **headers: str) -> httpx.Response:
        """Ask a route of the table."""
        case = ROUTES[method, route]
        sent = {"data" if "/api/" not in route and method == "POST" else "json": case.body} if case.body else {}
        self.client.cookies.clear()
        return self.client.request(method, case.url or route, headers=headers, **sent)


@pytest.fixture(scope="module")
def house(sample_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = copied(sample_library, tmp_path_factory.mktemp("may") / "own")
    (folder / "refdesk.toml").write_text(
        '[serve]\nsearches_per_second = 10_000\n[subscriptions.his]\nreader = "bob"\n', encoding="utf-8"
    )
    with ExitStack() as open_:
        library = open_.enter_context(refdesk.open_library(folder))
        at = open_.enter_context(serving(library, auth="token"))
        client = open_.enter_context(httpx.Client(base_url=at.url, timeout=60))
        bearers = {}
        for role in ROLES:
            library.readers.add(role, role=role)
            bearers[role] = {"Authorization": f"Bearer {library.readers.add_token(role)[1]}"}
        bearers["reads"] = {"Authorization": f"Bearer {library.readers.add_token('admin', scope='read')[1]}"}
        session = library.readers.begin(library.readers.code("admin"))
        assert session
        yield House(library, client, bearers, f"refdesk={session}")


def _routes(app: Any) -> Iterator[tuple[str, str]]:
    for each in app.routes:
        if isinstance(each, Mount):
            for method, path in _routes(each):
                yield method, each.path + path
        else:
            assert isinstance(each, Route)
            for method in each.methods or ("GET", "POST", "DELETE"):
                yield method, each.path


every = pytest.mark.parametrize(("method", "route"), list(ROUTES), ids=[" ".join(each) for each in ROUTES])


def test_every_route_is_in_the_table(house: House) -> None:
    found = {(method, path) for method, path in _routes(application(house.library, hosts=())) if method != "HEAD"}
    assert found == set(ROUTES)


def is_refused(reply: httpx.Response) -> bool:
    """True if nobody was found to be signed in."""
    return reply.status_code == 401 or (reply.status_code == 303 and reply.headers["location"] == "/sign-in")


@every
def test_nobody_gets_anything_but_what_is_open(house: House, method: str, route: str) -> None:
    case = ROUTES[method, route]
    forged = {"X-Forwarded-User": "admin"}
    for headers in ({}, forged, {"Cookie": "refdesk=guessed"}, {"Cookie": "refdesk=guessed", **forged}):
        reply = house.ask(method, route, **headers)
        if case.kind in ("open", "secret"):
            assert reply.status_code == case.status
        else:
            assert reply.status_code == (401 if route.startswith((API, "/mcp")) else 303)
            assert is_refused(reply)
    guessed = house.ask(method, route, Authorization="Bearer refdesk_guessed")
    assert guessed.status_code == 401
    assert guessed.json()["error"]["type"] == "Refused"


@every
def test_each_role_gets_what_is_for_it(house: House, method: str, route: str) -> None:
    case = ROUTES[method, route]
    for actor, bearer in house.bearers.items():
        reply = house.ask(method, route, **bearer)
        if reply.status_code >= 400 and route.startswith(API):
            assert not re.search(r"refdesk |(?<!\w)--\w|\.toml", reply.json()["error"]["hint"] or "")
        if case.kind in READING:
            may = True
        elif actor == "reads":
            may = method == "GET"
        else:
            may = case.kind in ("open", "secret") or ROLES.index(actor) >= ROLES.index(LEAST[case.kind])
        assert reply.status_code == (case.status if may else 403), actor


@every
def test_another_site_another_host_and_a_forged_proxy_get_nothing(house: House, method: str, route: str) -> None:
    signed = {"Cookie": house.cookie}
    for headers in (signed, house.bearers["admin"], {}):
        assert house.ask(method, route, Host="evil.example", **headers).status_code == 421
    if method != "GET":
        for forged in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://x.example"},
        ):
            reply = house.ask(method, route, **signed, **forged)
            assert (reply.status_code, reply.json()["error"]["message"]) == (403, "Another site sent this request.")


def test_the_session_of_an_admin_works(house: House) -> None:
    assert house.ask("GET", "/readers", Cookie=house.cookie).status_code == 200


@pytest.mark.parametrize("proxies", [(), ("203.0.113.0/24",)])
def test_a_proxy_that_is_not_trusted_names_nobody(
    sample_library: Path, tmp_path: Path, proxies: tuple[str, ...]
) -> None:
    with (
        refdesk.open_library(copied(sample_library, tmp_path / "own")) as library,
        serving(library, auth="header", proxies=proxies) as at,
        httpx.Client(
            base_url=at.url, headers={"X-Forwarded-User": "admin", "X-Forwarded-For": "203.0.113.7"}
        ) as client,
    ):
        library.readers.add("admin", role="admin")
        for (method, route), case in ROUTES.items():
            if case.kind not in ("open", "secret"):
                assert is_refused(client.request(method, case.url or route)), route


HOSTILE = (
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "<script>alert(1)</script>",
    "\u202egnp\u0000\n",
    "'; DROP TABLE papers; --",
    "x" * 5_000,
    "%ff%fe",
    "a/b.c.md",
    "{{ 7 * 7 }}",
)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_id_is_not_found_and_shown_as_text(house: House, hostile: str) -> None:
    for method, route in ROUTES:
        if "{" not in route or route == "/static/{hash}/{name}":
            continue
        parts = [
            quote(hostile, safe="/." if part.endswith(":path}") else ".") if part.startswith("{") else part
            for part in route.split("/")
        ]
        sent: dict[str, Any] = {"json": {"rating": 1}} if "ratings" in route else {"json": {}}
        if "/api/" not in route:
            sent = {}
        url = house.client.base_url.copy_with(raw_path="/".join(parts).encode())
        reply = house.client.request(method, url, headers=house.bearers["admin"], **sent)
        assert reply.status_code in (200, 303, 307, 404, 405, 422), (method, route, reply.status_code)
        assert len(reply.text) < (1_000 if "/api/" in route else 20_000), route
        assert "<script>alert" not in reply.text or "/api/" in route
        assert "\u202e" not in reply.text or "/api/" in route, route
        assert "root:" not in reply.text
    assert house.library.extent()[0]


def test_no_token_and_no_key_is_in_a_log_or_an_error(
    sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secretkey")
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the client of this test
    folder = copied(sample_library, tmp_path / "own")
    told: list[str] = []
    with ExitStack() as open_:
        model = open_.enter_context(chat_server.serving())
        model.mood = "refused"  # its error repeats the key
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        library = open_.enter_context(refdesk.open_library(folder, model="openai:refused", notify=told.append))
        at = open_.enter_context(serving(library, auth="token"))
        token = library.readers.add_token()[1]
        code = library.readers.code("local")
        bearer = {"Authorization": f"Bearer {token}"}
        client = open_.enter_context(httpx.Client(base_url=at.url, timeout=60))
        replies = [
            client.get("/sign-in", params={"code": code}),
            client.get("/sign-in", params={"code": code}),
            client.post("/api/v1/ask", json={"question": "What explains grokking?"}, headers=bearer),
            client.post("/api/v1/ask", content=b"{", headers=bearer),
            client.get(f"/api/v1/papers/{token}", headers={"Authorization": f"Bearer {token}x"}),
            client.get("/api/v1/tokens", headers=bearer),
            client.post("/mcp", json={"token": token}, headers={**bearer, "Accept": "*/*"}),
        ]
        session = replies[0].cookies["refdesk"]
    assert replies[2].json()["degraded"]
    assert model.requests
    said = "\n".join(
        [caplog.text, *told, *(reply.text for reply in replies), json.dumps(library.__dict__, default=str)]
    )
    for secret in (token, code, session, "sk-secretkey"):
        assert secret not in said
