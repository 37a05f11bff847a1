"""What a hostile reader, page or client tries with a served library, and what a clumsy admin leaves behind."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from serving import serving
from test_readers import QUESTION, signed_in

import refdesk
from refdesk.errors import InputError


@pytest.fixture
def library(lab: refdesk.Library) -> refdesk.Library:
    return lab


@pytest.fixture
def week(library: refdesk.Library, tmp_path: Path) -> None:
    """A paper of the last whole week, which the next run tells."""
    today = datetime.now(UTC).date()
    day = (today - timedelta(days=today.weekday() + 4)).isoformat()
    abstract = "We study grokking. Delayed generalization is explained by weight decay."
    row = {"id": "arxiv:2611.00001", "title": "Grokking of networks", "abstract": abstract, "listed": day}
    (tmp_path / "week.jsonl").write_text(json.dumps(row))
    library.add(tmp_path / "week.jsonl")


@pytest.mark.usefixtures("week")
def test_nobody_takes_over_the_issues_of_a_subscription_that_is_gone(library: refdesk.Library) -> None:
    for name in ("dropped", "kept"):
        library.subscribing.put(name, {"topics": ["a secret project"]}, "ada")
    list(library.issues.run(catch_up=1))
    assert {each.subscription for each in library.issues.stored("ada")} == {"dropped", "kept"}
    library.subscribing.put("kept", {"topics": ["another one"]}, "ada")
    library.subscribing.delete("dropped", "ada")
    library.readers.remove("ada")
    library.readers.add("ada")
    for reader in ("bob", "ada"):
        for name in ("dropped", "kept"):
            with pytest.raises(InputError, match="Issues of an earlier"):
                library.subscribing.put(name, {}, reader)
        assert library.issues.stored(reader) == []


@pytest.mark.usefixtures("week")
def test_a_feed_shows_only_what_is_still_its_readers(folder: Path, library: refdesk.Library) -> None:
    library.subscribing.put("mine", {}, "ada")
    secret = library.subscribing.link("mine", "ada")
    assert library.subscribing.linked(secret) == "mine"
    (folder / "refdesk.toml").write_text('[subscriptions.mine]\ntopics = ["for the board"]\n')
    library.reload()
    assert library.subscribing.linked(secret) is None
    for reader in ("ada", "bob"):
        (folder / "refdesk.toml").write_text(f'[subscriptions.given]\nreader = "{reader}"\n')
        library.reload()
        assert library.subscribing.linked(library.subscribing.link("given", reader)) == "given"


def test_a_new_reader_has_nothing_of_a_former_one_of_the_name(library: refdesk.Library) -> None:
    document = library.ask(QUESTION).to_dict()
    library.readers.remove("ada")
    library.shelf("ada").keep(document)  # a question that was still being answered
    library.readers.add("ada")
    assert library.shelf("ada").answers(limit=9) == []


def test_a_line_break_in_a_path_evades_no_limit(library: refdesk.Library) -> None:
    with serving(library, auth="token") as at, signed_in(library, at.url, "ada") as ada:
        for method, path in (("GET", "/search"), ("POST", "/"), ("POST", "/reviews"), ("GET", "/healthz")):
            assert (
                ada.request(method, f"{path}%0a", data={"question": "x"} if method == "POST" else None).status_code
                == 404
            )
        assert ada.get("/search").status_code == 200
        assert httpx.get(f"{at.url}/sign-in%0a").status_code == 404


@pytest.mark.parametrize(
    "said", [b"[" * 1_100, b'["ada","rate",' + b"[" * 1_000, b'["\\ud800","rate","a","b","1"]', b'["\\u0000","rate"]']
)
def test_what_is_no_signed_link_is_not_there(library: refdesk.Library, said: bytes) -> None:
    signed = f"{base64.urlsafe_b64encode(said).decode().rstrip('=')}.{'A' * 22}"
    with serving(library, auth="token") as at:
        assert httpx.get(f"{at.url}/rated/{signed}").status_code == 404


def test_odd_values_are_refused_in_words(library: refdesk.Library) -> None:
    for name in ("one", "two"):
        library.subscribing.put(name, {}, "ada")
    with serving(library, auth="token") as at, signed_in(library, at.url, "ada") as ada:
        assert ada.get("/search", params={"q": "grokking", "page": "9" * 5_000}).status_code == 200
        reply = ada.post("/api/v1/ask", json={"question": QUESTION, "issue": "2026-W27"})
        assert reply.status_code == 422
        assert "one, two" in reply.json()["error"]["message"]


@pytest.mark.usefixtures("week")
def test_addresses_and_folders_are_not_told_to_every_reader(folder: Path, library: refdesk.Library) -> None:
    (folder / "refdesk.toml").write_text(
        '[subscriptions.all]\nshared = true\nto = ["vip@example.org"]\n[subscriptions.hers]\nreader = "ada"\n'
        'to = ["ada@example.org"]\n[feeds.own]\nkind = "folder"\npath = "/no/such/place"\n'
        '[email]\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\nfrom = "refdesk@example.org"\n'
    )
    library.reload()
    list(library.issues.run(catch_up=1))
    library.readers.add("cur", role="curator")
    told = {}
    with serving(library, auth="token") as at:
        for reader in ("ada", "bob", "cur"):
            with signed_in(library, at.url, reader) as client:
                status, page = client.get("/api/v1/status").json(), client.get("/library").text
            assert [each["name"] for each in status["feeds"]] == ["own"]
            for text in (json.dumps(status), page):
                seen = {word for word in ("vip@example.org", "ada@example.org", "/no/such/place") if word in text}
                told.setdefault(reader, []).append(seen)
    assert told["ada"] == [{"ada@example.org"}] * 2
    assert told["bob"] == [set()] * 2
    assert told["cur"] == [{"vip@example.org", "/no/such/place"}] * 2


def test_a_link_of_another_does_not_replace_who_is_signed_in(library: refdesk.Library) -> None:
    _, token = library.readers.add_token("bob")
    with serving(library, auth="token") as at, signed_in(library, at.url, "ada") as ada:
        for given in ({"token": token}, {"code": library.readers.code("bob")}):
            reply = ada.get("/sign-in", params=given)
            assert reply.status_code == 200
            assert "set-cookie" not in reply.headers
            assert "signed in as <b>ada</b>" in reply.text
            assert next(iter(given.values())) in reply.text
        assert "<b>ada</b>" in ada.get("/library").text
        own = library.readers.code("ada")
        assert [ada.get("/sign-in", params={"code": own}).status_code for _ in range(2)] == [303, 401]
        assert ada.post("/sign-in", data=given).status_code == 303
        assert "<b>bob</b>" in ada.get("/library").text


def test_a_subscription_takes_no_more_than_a_run_can_do(
    library: refdesk.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(library, auth="token") as at, signed_in(library, at.url, "ada") as ada:
        many = "\n".join(map(str, range(101)))
        for field, value in (("topics", many), ("liked", many), ("must_not", "x" * 501), ("size", "501")):
            reply = ada.post("/subscriptions", data={"name": "mine", field: value})
            assert (field, reply.status_code) == (field, 422)
            assert " the most" in reply.text
        assert ada.post("/subscriptions", data={"name": "mine", "topics": many[:200], "size": "500"}).status_code == 303
        monkeypatch.setattr("refdesk.subscribing.MOST", 2)
        names = ("one", "two", "mine")
        assert [ada.put(f"/api/v1/subscriptions/{name}", json={}).status_code for name in names] == [200, 422, 200]
