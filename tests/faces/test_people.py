"""Readers and tokens, managed by the API and on pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, serving

import refdesk
from tests.copies import copied


@pytest.fixture
def served(sample_library: Path, tmp_path: Path) -> Iterator[tuple[refdesk.Library, Served]]:
    with (
        refdesk.open_library(copied(sample_library, tmp_path / "own")) as library,
        serving(library, auth="token") as at,
    ):
        library.readers.add("ada")
        library.readers.add("eve", role="admin")
        yield library, at


@contextmanager
def signed(library: refdesk.Library, at: Served, reader: str) -> Iterator[httpx.Client]:
    """A browser in which a reader is signed in."""
    with httpx.Client(base_url=at.url, timeout=60) as client:
        assert client.get("/sign-in", params={"code": library.readers.code(reader)}).status_code == 303
        yield client


def test_an_admin_manages_readers_by_the_api(served: tuple[refdesk.Library, Served]) -> None:
    library, at = served
    with signed(library, at, "eve") as eve:
        added = eve.post("/api/v1/readers", json={"name": "bob", "role": "curator"})
        assert (added.status_code, added.json()["role"]) == (201, "curator")
        assert eve.post("/api/v1/readers", json={"name": "bob"}).status_code == 422
        assert eve.post("/api/v1/readers", json={"name": "../bob"}).status_code == 422
        changed = eve.put("/api/v1/readers/bob", json={"email": "bob@example.org"}).json()
        assert (changed["role"], changed["email"]) == ("curator", "bob@example.org")
        assert eve.put("/api/v1/readers/none", json={}).status_code == 404
        assert eve.put("/api/v1/readers/local", json={"role": "reader"}).status_code == 422
        library.rate(next(library.papers()).paper_id, 1, reader="bob")
        listed = {each["name"]: each for each in eve.get("/api/v1/readers").json()["readers"]}
        assert set(listed) == {"ada", "bob", "eve", "local"}
        assert listed["bob"]["ratings"] == 1
        assert "key" not in listed["bob"]
        link = eve.post("/api/v1/readers/bob/link").json()["link"]
        assert link.startswith(f"{at.url}/sign-in?code=")
        with httpx.Client(base_url=at.url) as bob:
            assert bob.get(link).status_code == 303
            assert bob.get("/api/v1/status").status_code == 200
            assert eve.delete("/api/v1/readers/bob").status_code == 204
            assert bob.get("/api/v1/status").status_code == 401
        assert eve.delete("/api/v1/readers/bob").status_code == 404
        assert eve.delete("/api/v1/readers/local").status_code == 422


def test_readers_have_tokens_of_their_own(served: tuple[refdesk.Library, Served]) -> None:
    library, at = served
    with signed(library, at, "ada") as ada, signed(library, at, "eve") as eve:
        made = ada.post("/api/v1/tokens", json={"name": "notebook", "expires": "2999-12-31"}).json()
        assert (made["reader"], made["scope"]) == ("ada", "read")
        bearer = {"Authorization": f"Bearer {made['token']}"}
        assert httpx.get(f"{at.url}/api/v1/tokens", headers=bearer).status_code == 200
        assert httpx.post(f"{at.url}/api/v1/tokens", headers=bearer, json={}).status_code == 403
        assert ada.post("/api/v1/tokens", json={"reader": "eve"}).status_code == 403
        assert ada.post("/api/v1/tokens", json={"expires": "soon"}).status_code == 422
        hers = eve.post("/api/v1/tokens", json={"scope": "write"}).json()
        assert [each["id"] for each in ada.get("/api/v1/tokens").json()["tokens"]] == [made["id"]]
        assert {each["id"] for each in eve.get("/api/v1/tokens").json()["tokens"]} == {made["id"], hers["id"]}
        assert "refdesk_" not in eve.get("/api/v1/tokens").text
        assert ada.delete(f"/api/v1/tokens/{hers['id']}").status_code == 404
        assert eve.post("/api/v1/tokens", json={"reader": "ada"}).json()["reader"] == "ada"
        assert eve.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
        assert httpx.get(f"{at.url}/api/v1/tokens", headers=bearer).status_code == 401


def test_a_token_is_made_and_revoked_on_its_page(served: tuple[refdesk.Library, Served]) -> None:
    library, at = served
    with signed(library, at, "ada") as ada:
        assert "Readers" not in ada.get("/library").text
        page = ada.post("/tokens", data={"name": "<b>mine</b>", "scope": "write", "expires": ""})
        (secret,) = re.findall(r"<code>(refdesk_[^<]+)</code>", page.text)
        assert httpx.get(f"{at.url}/api/v1/status", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
        page = ada.get("/tokens")
        assert "&lt;b&gt;mine&lt;/b&gt;" in page.text
        assert secret not in page.text
        wrong = ada.post("/tokens", data={"expires": "soon"})
        assert (wrong.status_code, "is no day" in wrong.text) == (422, True)
        (token,) = library.readers.tokens("ada")
        back = ada.post(f"/tokens/{token.id}/revoke")
        # revoking ends the reader's sessions too, this one among them
        assert (back.status_code, back.headers["location"]) == (303, "/tokens")
        assert ada.get("/tokens").headers["location"] == "/sign-in"
        assert not library.readers.tokens("ada")


def test_readers_are_managed_on_a_page_for_admins(served: tuple[refdesk.Library, Served]) -> None:
    library, at = served

    def posted(client: httpx.Client, path: str, **data: Any) -> httpx.Response:
        return client.post(path, data=data)

    with signed(library, at, "eve") as eve, signed(library, at, "ada") as ada:
        assert 'href="/readers"' in eve.get("/library").text
        assert posted(eve, "/readers", name="bob", role="curator").status_code == 303
        assert "bob" in eve.get("/readers").text
        again = posted(eve, "/readers", name="bob", role="reader")
        assert (again.status_code, "There is a reader bob already." in again.text) == (422, True)
        assert posted(eve, "/readers/bob/set", role="reader", email="").status_code == 303
        assert library.readers.get("bob").role == "reader"
        assert f"{at.url}/sign-in?code=" in posted(eve, "/readers/bob/link").text
        for path in ("/readers", "/readers/bob/set", "/readers/bob/link", "/readers/bob/remove"):
            assert posted(ada, path, name="x", role="admin").status_code == 403
        assert ada.get("/readers").status_code == 403
        assert posted(eve, "/readers/bob/remove").status_code == 303
        assert library.readers.find("bob") is None


def test_one_signs_out_by_a_button(served: tuple[refdesk.Library, Served]) -> None:
    library, at = served
    with signed(library, at, "ada") as ada:
        page = ada.get("/library").text
        assert ("You are <b>ada</b>, a reader" in page, page.count('action="/sign-out"')) == (True, 1)
        assert ada.post("/sign-out").headers["location"] == "/sign-in"
        assert ada.get("/library").status_code == 303
    token = library.readers.add_token("ada")[1]
    page = httpx.get(f"{at.url}/library", headers={"Authorization": f"Bearer {token}"})
    assert (page.status_code, "/sign-out" in page.text) == (200, False), "a token has no session to end"
