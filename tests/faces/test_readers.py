"""Readers of a served library: who may what, how they sign in, and that none sees what is another's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import serving

import refdesk
from refdesk.errors import ConfigError, InputError, NotThere
from refdesk.readers import Readers
from refdesk.serve.app import check_doors
from refdesk.serve.guard import Doors
from refdesk.serve.sessions import COOKIE
from tests.commands import Ran

Cli = Callable[..., Ran]
QUESTION = "What explains grokking, the delayed generalization of networks?"


@pytest.fixture
def library(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as opened:
        opened.readers.add("ada")
        opened.readers.add("bob", role="curator", email="bob@example.org")
        yield opened


@contextmanager
def signed_in(library: refdesk.Library, url: str, name: str) -> Iterator[httpx.Client]:
    """A browser in which a reader signed in."""
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/sign-in", params={"code": library.readers.code(name)}).status_code == 303
        yield client


def test_readers_are_added_changed_and_removed(cli: Cli, folder: Path) -> None:
    at = ("--library", str(folder), "reader")
    assert "a curator" in cli(*at, "add", "ada", "--role", "curator").out
    assert "There is a reader ada" in cli(*at, "add", "ada").err
    assert cli(*at, "set", "ada", "--role", "admin", "--email", "ada@example.org").status == 0
    listed = json.loads(cli(*at, "list", "--json").out)["readers"]
    assert [(each["name"], each["role"], each["email"]) for each in listed] == [
        ("ada", "admin", "ada@example.org"),
        ("local", "admin", None),
    ]
    assert "sign-in?code=" in cli(*at, "link", "ada", "--url", "https://papers.example.org/").out
    assert cli(*at, "remove", "ada").status == 0
    for arguments in (("remove", "ada"), ("set", "ada", "--role", "reader"), ("link", "ada"), ("remove", "local")):
        assert cli(*at, *arguments).status == 4
    for wrong in ("../up", "", "a b", "<b>", "x" * 65):
        assert cli(*at, "add", wrong).status == 4
    assert cli(*at, "add", "eve", "--email", "no address").status != 0


def test_no_reader_sees_what_is_anothers(library: refdesk.Library) -> None:
    with (
        serving(library, auth="token") as at,
        signed_in(library, at.url, "ada") as ada,
        signed_in(library, at.url, "bob") as bob,
    ):
        paper_id = next(library.papers()).paper_id
        answer = ada.post("/api/v1/ask", json={"question": QUESTION}).json()
        assert ada.put(f"/api/v1/ratings/{paper_id}", json={"rating": 1}).status_code == 200
        assert bob.put(f"/api/v1/ratings/{paper_id}", json={"rating": -1}).status_code == 200
        assert ada.get(f"/api/v1/answers/{answer['id']}").status_code == 200
        assert bob.get(f"/api/v1/answers/{answer['id']}").status_code == 404
        assert bob.get(f"/answers/{answer['id']}").status_code == 404
        assert bob.delete(f"/api/v1/answers/{answer['id']}").status_code == 404
        assert bob.get("/api/v1/answers").json() == {"answers": []}
        assert QUESTION not in bob.get("/answers").text
        for client, liked, disliked in ((ada, [paper_id], []), (bob, [], [paper_id])):
            status = client.get("/api/v1/status").json()
            assert (status["liked"], status["disliked"], status["ratings"]) == (liked, disliked, 1)
    assert library.issues.ratings() == {}
    library.readers.remove("ada")
    assert library.shelf("ada").answers(limit=9) == []
    assert library.issues.ratings("ada") == {}
    assert library.issues.ratings("bob") == {paper_id: -1}


def test_ratings_of_a_reader_steer_their_issues_alone(folder: Path) -> None:
    (folder / "refdesk.toml").write_text('[subscriptions.hers]\nreader = "ada"\n[subscriptions.all]\nshared = true\n')
    with refdesk.open_library(folder) as library:
        library.readers.add("ada")
        library.readers.add("bob")
        liked = library.search("grokking")[0].paper
        library.rate(liked.paper_id, 1, reader="ada")
        list(library.issues.run(catch_up=1))
        kept = {each.subscription for each in library.issues.stored()}
        assert kept == {"hers", "all"}
        assert {each.subscription for each in library.issues.stored("ada")} == {"hers", "all"}
        assert {each.subscription for each in library.issues.stored("bob")} == {"all"}
        day = liked.day or ""
        scores = {
            name: {
                each.candidate.paper.paper_id: each.score
                for each in library.issues.make(day, subscription=name).decisions
            }
            for name in ("hers", "all")
        }
        assert scores["hers"] != scores["all"]
        with (
            serving(library, auth="token") as at,
            signed_in(library, at.url, "ada") as ada,
            signed_in(library, at.url, "bob") as bob,
        ):
            period = library.issues.stored("ada")[0].period
            for path in (
                f"/issues/hers/{period}",
                f"/api/v1/issues/hers/{period}",
                f"/api/v1/issues/hers/{period}.html",
            ):
                assert (ada.get(path).status_code, bob.get(path).status_code) == (200, 404)
            assert bob.get(f"/issues/all/{period}").status_code == 200
            assert [each["name"] for each in bob.get("/api/v1/status").json()["subscriptions"]] == ["all"]


def test_tokens_have_a_reader_a_scope_and_an_end(library: refdesk.Library, cli: Cli, folder: Path) -> None:
    at = ("--library", str(folder), "token")
    made = json.loads(cli(*at, "add", "--reader", "ada", "--scope", "read", "--name", "notebook", "--json").out)
    ended = json.loads(cli(*at, "add", "--reader", "ada", "--expires", "2020-01-31", "--json").out)
    assert cli(*at, "add", "--reader", "nobody").status == 4
    assert cli(*at, "add", "--expires", "soon").status == 4
    assert "ada “notebook”  read" in cli(*at, "list").out
    paper_id = next(library.papers()).paper_id
    with serving(library, auth="token") as served, httpx.Client(base_url=served.url, timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {made['token']}"
        assert client.post("/api/v1/ask", json={"question": QUESTION}).status_code == 200
        assert client.get("/api/v1/answers").json()["answers"]
        assert client.put(f"/api/v1/ratings/{paper_id}", json={"rating": 1}).status_code == 403
        assert client.post("/rate", data={"paper": paper_id, "rating": "1"}).status_code == 403
        assert client.get("/sign-in", params={"token": made["token"]}).status_code == 401
        client.headers["Authorization"] = f"Bearer {ended['token']}"
        assert client.get("/api/v1/status").status_code == 401


def test_a_token_signs_a_browser_in_and_revoked_out(library: refdesk.Library) -> None:
    record, secret = library.readers.add_token("ada")
    with serving(library, auth="token") as at, httpx.Client(base_url=at.url) as client:
        assert client.post("/sign-in", data={"token": "guessed"}).status_code == 401
        reply = client.post("/sign-in", data={"token": secret})
        assert (reply.status_code, reply.headers["location"]) == (303, "/")
        assert secret not in reply.headers["set-cookie"]
        assert client.get("/").status_code == 200
        library.readers.revoke(record.id)
        assert client.get("/").headers["location"] == "/sign-in"
        assert client.get("/sign-in", params={"token": secret}).status_code == 401


def test_signing_out_ends_the_session_on_the_server(library: refdesk.Library) -> None:
    with serving(library, auth="token") as at, signed_in(library, at.url, "ada") as client:
        cookie = client.cookies[COOKIE]
        assert client.post("/sign-out").headers["location"] == "/sign-in"
        assert httpx.get(f"{at.url}/", cookies={COOKIE: cookie}).headers["location"] == "/sign-in"


def test_codes_and_sessions_end(library: refdesk.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    code, late = library.readers.code("ada"), library.readers.code("ada")
    session = library.readers.begin(code)
    assert session
    assert library.readers.begin(code) is None
    assert getattr(library.readers.of_session(session), "name", None) == "ada"
    later = Readers(library._store)
    monkeypatch.setattr(library._store, "_now", lambda: datetime.now(UTC) + timedelta(minutes=11))
    assert later.begin(late) is None
    assert later.of_session(session)
    monkeypatch.setattr(library._store, "_now", lambda: datetime.now(UTC) + timedelta(days=31))
    assert later.of_session(session) is None


def test_a_trusted_proxy_names_the_reader_and_nobody_else_does(library: refdesk.Library) -> None:
    named = {"X-Forwarded-User": "carol@example.org"}
    with serving(library, auth="header", proxies=("127.0.0.0/8",)) as at, httpx.Client(base_url=at.url) as client:
        assert client.get("/api/v1/status").status_code == 401
        assert client.get("/api/v1/status", headers=named).status_code == 200
        assert library.readers.get("carol@example.org").role == "reader"
        twice = [("X-Forwarded-User", "ada"), ("X-Forwarded-User", "bob")]
        assert client.get("/api/v1/status", headers=twice).status_code == 401
        for name in ("local", "../up", "", "<b>", "a" * 65):
            assert client.get("/api/v1/status", headers={"X-Forwarded-User": name}).status_code == 401
    for auth, proxies in (("header", ("10.0.0.0/8",)), ("token", ("127.0.0.0/8",))):
        with serving(library, auth=auth, proxies=proxies) as at:  # type: ignore[arg-type]
            assert httpx.get(f"{at.url}/api/v1/status", headers=named).status_code == 401


def test_a_library_that_is_only_read_signs_readers_in(folder: Path) -> None:
    with (
        refdesk.open_library(folder, read_only=True) as library,
        serving(library, auth="token") as at,
        signed_in(library, at.url, "local") as client,
    ):
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"host": "0.0.0.0", "auth": "none"}, "open to others"),
        ({"auth": "none", "secure": True, "public": "https://papers.example.org"}, "open to others"),
        ({"host": "0.0.0.0"}, "nothing is encrypted"),
        ({"auth": "header"}, "trusted_proxies"),
    ],
)
def test_open_doors_are_refused(given: dict[str, Any], words: str) -> None:
    chosen: dict[str, Any] = {"host": "127.0.0.1", "auth": "token", "secure": False, "insecure": False, "proxies": ()}
    with pytest.raises(ConfigError) as caught:
        check_doors(**{**chosen, **given})
    assert words in f"{caught.value.message} {caught.value.hint}"
    check_doors(**{**chosen, "host": "0.0.0.0", "secure": True})
    check_doors(**{**chosen, "host": "0.0.0.0", "insecure": True})


def test_proxies_are_known_by_their_networks(library: refdesk.Library) -> None:
    doors = Doors(hosts=(), readers=library.readers, proxies=("10.0.0.0/8", "::1"))
    assert [doors.trusts(each) for each in ("10.1.2.3", "::1")] == [True, True]
    assert [doors.trusts(each) for each in ("11.1.2.3", "::2", "testclient", "", None)] == [False] * 5


def test_the_readers_own_errors(library: refdesk.Library) -> None:
    with pytest.raises(NotThere):
        library.readers.get("nobody")
    with pytest.raises(InputError):
        library.readers.set("local", role="reader")
    assert library.readers.set("local", email="me@example.org").email == "me@example.org"
