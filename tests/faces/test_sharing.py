"""Answers that a reader shares, follow-ups of an answer, questions within an issue, and methods that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import serving

import refdesk
from tests.copies import copied

QUESTION = "What explains grokking, the delayed generalization of networks?"


class Readers:
    """A served library, and a client of each reader."""

    def __init__(self, library: refdesk.Library, url: str) -> None:
        self.library, self._url = library, url

    def of(self, name: str) -> httpx.Client:
        token = self.library.readers.add_token(name)[1]
        return httpx.Client(base_url=self._url, timeout=60, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def readers(sample_library: Path, tmp_path: Path) -> Iterator[Readers]:
    folder = copied(sample_library, tmp_path / "own")
    (folder / "refdesk.toml").write_text(
        '[subscriptions.hers]\nreader = "ada"\nevery = "month"\n[subscriptions.his]\nreader = "bob"\nevery = "month"\n'
    )
    with refdesk.open_library(folder) as library, serving(library, auth="token") as at:
        library.readers.add("ada")
        library.readers.add("bob")
        yield Readers(library, at.url)


def test_an_answer_opens_for_others_while_it_is_shared(readers: Readers) -> None:
    with readers.of("ada") as ada, readers.of("bob") as bob, readers.of("local") as admin:
        answer = ada.post("/api/v1/ask", json={"question": QUESTION}).json()
        path = f"/api/v1/answers/{answer['id']}"
        assert [each.get(path).status_code for each in (ada, bob, admin)] == [200, 404, 404]
        assert bob.post(f"{path}/share").status_code == 404
        made = ada.post(f"{path}/share").json()
        assert ada.post(f"{path}/share").json() == made
        assert len(made["secret"]) >= 22
        assert ada.get("/api/v1/answers").json()["answers"][0]["shared"] == made["secret"]
        shared = f"/api/v1/shared/{made['secret']}"
        for each in (ada, bob, admin):
            assert each.get(shared).json() == ada.get(path).json()
            assert each.get(f"{shared}.md").text == ada.get(f"{path}.md").text
            page = each.get(made["address"])
            assert (page.status_code, "A reader shares this answer." in page.text) == (200, True)
            assert "Permalink" not in page.text
        assert bob.get(path).status_code == 404
        assert httpx.get(f"{bob.base_url}{made['address']}").status_code == 303
        assert bob.delete(f"{path}/share").status_code == 404
        assert ada.delete(f"{path}/share").status_code == 204
        assert ada.delete(f"{path}/share").status_code == 404
        assert bob.get(shared).status_code == bob.get(made["address"]).status_code == 404


def test_an_answer_is_shared_on_its_page(readers: Readers) -> None:
    with readers.of("ada") as ada, readers.of("bob") as bob:
        at = ada.post("/", data={"question": QUESTION}).headers["location"]
        assert ">Share<" in ada.get(at).text
        back = ada.post(f"{at}/share")
        assert (back.status_code, back.headers["location"]) == (303, at)
        (kept,) = readers.library.shelf("ada").answers(limit=2)
        assert f'href="/a/{kept.shared}"' in ada.get(at).text
        assert bob.get(f"/a/{kept.shared}").status_code == 200
        ada.post(f"{at}/share", data={"end": "yes"})
        assert bob.get(f"/a/{kept.shared}").status_code == 404


def test_a_follow_up_is_of_ones_own_or_of_a_shared_answer(readers: Readers) -> None:
    expected = readers.library.condense([QUESTION], "And weight decay?")
    assert expected != "And weight decay?"
    with readers.of("ada") as ada, readers.of("bob") as bob:
        first = ada.post("/api/v1/ask", json={"question": QUESTION}).json()
        secret = ada.post(f"/api/v1/answers/{first['id']}/share").json()["secret"]

        def asked(client: httpx.Client, of: str, accept: str = "*/*") -> httpx.Response:
            body = {"question": "And weight decay?", "follow_up_of": of}
            return client.post("/api/v1/ask", json=body, headers={"Accept": accept})

        assert asked(ada, first["id"]).json()["question"] == expected
        assert asked(bob, secret).json()["question"] == expected
        assert f'"question": "{expected}"' in asked(bob, secret, "text/event-stream").text
        for accept in ("*/*", "text/event-stream"):
            assert asked(bob, first["id"], accept).status_code == 404


def test_a_question_is_asked_within_an_issue_that_one_may_see(readers: Readers) -> None:
    list(readers.library.issues.run(catch_up=12))
    stored = [each for each in readers.library.issues.stored() if "no papers" not in each.subject]
    hers, his = (next(each for each in stored if each.subscription == name) for name in ("hers", "his"))
    with readers.of("ada") as ada:

        def asked(issue: str) -> httpx.Response:
            return ada.post("/api/v1/ask", json={"question": "Which papers are about language models?", "issue": issue})

        within = asked(f"hers/{hers.period}").json()
        document = ada.get(f"/api/v1/issues/hers/{hers.period}").json()
        papers = {source["paper_id"] for source in document["sources"]}
        assert {source["paper_id"] for source in within["sources"]} <= papers
        assert {**asked(hers.period).json(), "took_ms": 0} == {**within, "took_ms": 0}
        assert asked(f"his/{his.period}").status_code == 404
        assert asked("hers/2001-W01").status_code == asked("2001-W01").status_code == 404


def test_a_method_that_is_not_there_is_told_with_those_that_are(readers: Readers) -> None:
    with readers.of("ada") as ada:
        for method, path, allowed in (
            ("POST", "/search", {"GET", "HEAD"}),
            ("PUT", "/answers/sha256:none", {"GET", "HEAD", "DELETE"}),
            ("DELETE", "/ask", {"POST"}),
        ):
            reply = ada.request(method, f"/api/v1{path}")
            assert (reply.status_code, reply.json()["error"]["type"]) == (405, "Refused")
            assert set(reply.headers["allow"].split(", ")) == allowed
