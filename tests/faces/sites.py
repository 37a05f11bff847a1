"""A served library with something on each of its pages: revisions, a hostile paper, issues, a review, kept answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
from serving import serving

import refdesk
from refdesk.confirming import ACT as CONFIRM
from refdesk.digest.mail_links import RATE, UNSUBSCRIBE
from refdesk.signing import sign
from tests.copies import copied

QUESTION = "What explains grokking, the delayed generalization of networks?"
TOPIC = "language models"
HOSTILE = {
    "id": "arxiv:2401.00009",
    "title": "<think> Zymurgy <script>alert(1)</script> “quoted” \u202egnp & more",
    "abstract": "Zymurgy <b>begins</b> after forty hours. <img src=x onerror=alert(1)> It is halved by cold.",
    "url": "javascript:alert(1)",
    "published": "2019-03-02",
    "authors": ["<i>Ada</i> Byron"],
    "categories": ["<script>alert(3)</script>", "cs.LG"],
    "tags": ['"><img src=x onerror=alert(4)>'],
    "venue": "<script>alert(5)</script>",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A served library, a client of it, and the paths of its pages by name."""

    library: refdesk.Library
    client: httpx.Client
    url: str
    paths: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.url + self.paths[name]

    def ask(self, question: str, **fields: str) -> str:
        """Ask by the form, and return the answer's path."""
        return self.client.post("/", data={"question": question, **fields}).headers["location"]

    def text(self, name: str) -> str:
        """The page of a name."""
        return self.client.get(self.paths[name]).text


@contextmanager
def site(sample_library: Path, folder: Path) -> Iterator[Site]:
    """Serve a copy of the sample library in a folder, with more in it."""
    copied(sample_library, folder / "library")
    (folder / "library" / "refdesk.toml").write_text('[subscriptions.default]\nevery = "month"\n', encoding="utf-8")
    (folder / "hostile.jsonl").write_text(json.dumps(HOSTILE), encoding="utf-8")
    with refdesk.open_library(folder / "library") as library:
        library.add(folder / "hostile.jsonl")
        first = next(library.papers(categories=["cs.LG"]))
        revised = first.abstract.replace(". ", ". In a second version: ", 1)
        record = {"id": first.paper_id, "title": first.title, "abstract": revised}
        (folder / "revised.jsonl").write_text(json.dumps(record), encoding="utf-8")
        assert library.add(folder / "revised.jsonl").updated == 1
        assert list(library.issues.run(catch_up=_months_since(2026, 6)))
        with serving(library) as at, httpx.Client(base_url=at.url, timeout=60) as client:
            found = Site(library, client, at.url)
            library.subscribing.put("mine", {"topics": ["grokking", HOSTILE["title"]], "size": 7})
            library.subscribing.link("mine")
            local = library.readers.get("local")
            library.readers.add("ada", role="curator", email="ada@example.org")
            library.readers.add_token(name=HOSTILE["title"], expires="2999-12-31")
            issues = [f"/issues/{each.subscription}/{each.period}" for each in library.issues.stored()]
            found.paths.update(
                {
                    "ask": "/",
                    "answer": found.ask(QUESTION),
                    "list": found.ask("Which papers are about grokking?"),
                    "filtered": found.ask("grokking", category="cs.LG", since="2020"),
                    "abstention": found.ask("Which recipe makes the best sourdough bread?"),
                    "questions": "/answers",
                    "search": "/search",
                    "hits": "/search?q=grokking&category=cs.LG",
                    "browse": "/search?category=cs.LG",
                    "no hits": "/search?q=zymurgy&since=2031",
                    "refused": "/search?q=grokking&since=soon",
                    "paper": f"/papers/{first.paper_id}",
                    "hostile paper": f"/papers/{HOSTILE['id']}",
                    "issues": "/issues",
                    "issue": next(path for path in issues if client.get(f"/api/v1{path}").json()["papers"]),
                    "reviews": "/reviews",
                    "review": client.post("/reviews", data={"topic": TOPIC}).headers["location"],
                    "library": "/library",
                    "subscriptions": "/subscriptions",
                    "subscription": "/subscriptions/mine",
                    "rated": f"/rated/{sign(local, RATE, HOSTILE['id'], 'mine/2026-06', '1')}",
                    "unsubscribe": f"/unsubscribe/{sign(local, UNSUBSCRIBE, 'mine', 'ada@example.org')}",
                    "confirm": f"/confirm/{sign(local, CONFIRM, 'ada@example.org', '2999-01-01')}",
                    "shared": f"/a/{library.shelf().share(library.shelf().answers(limit=1)[0].id)}",
                    "tokens": "/tokens",
                    "readers": "/readers",
                    "sign in": "/sign-in",
                    "missing": "/papers/none",
                }
            )
            assert set(found.paths) == set(PAGES)
            yield found


PAGES = (
    "ask",
    "answer",
    "list",
    "filtered",
    "abstention",
    "questions",
    "search",
    "hits",
    "browse",
    "no hits",
    "refused",
    "paper",
    "hostile paper",
    "issues",
    "issue",
    "reviews",
    "review",
    "library",
    "subscriptions",
    "subscription",
    "rated",
    "unsubscribe",
    "confirm",
    "shared",
    "tokens",
    "readers",
    "sign in",
    "missing",
)
"""The names of the pages, for tests that look at each of them."""


def _months_since(year: int, month: int) -> int:
    """So many months ended since one began, in which the sample's papers were listed."""
    today = date.today()
    return (today.year - year) * 12 + today.month - month
