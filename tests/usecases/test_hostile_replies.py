"""Ten thousand replies that are out to break the reader: whatever a model writes, the contract holds."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

import refdesk
from rag.answers.extractive import unbracketed
from rag.types import Answer
from tests import chat_server
from tests.campaigns import seeds, shortened, some
from tests.chat_server import ChatServer, serving
from tests.faces.shapes import is_answer
from tests.faces.shapes import shown as stored

QUESTION = "Do pears raise yield?"
PAPERS = [
    ("Pears in northern orchards", "Pears raise orchard yield by 5.2% in 14 trials. They do not raise water use."),
    ("Plums and pears compared", "Plums ripen in 14 days, pears in 21 days. Orchards with pears yield 3.1 t more."),
    ("Why orchards fail", "Orchards without pears fail in 7 of 60 winters. Yield falls when frost comes in May."),
    ("Grafting of pears", "Grafted pears bear fruit after 3 years. Their yield rises by 12% with irrigation."),
]
LINK = re.compile(r"https?://|www\.|javascript:|data:text|\]\(|<\s*/?\s*\w+[^>]*>", re.IGNORECASE)
CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
NUMBER = count()
PARTS, ALL, EACH = 100, 100, 50
"""Parts of the campaign, replies of a part, and replies to one library."""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    """A server that sends a reply in one piece."""
    with serving() as running:
        running.chunk = 10**7
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of four papers."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [
        {"id": f"pear:{number}", "title": title, "abstract": abstract, "authors": ["Ada Byron"], "published": "2024"}
        for number, (title, abstract) in enumerate(PAPERS)
    ]
    (folder / "papers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with refdesk.open_library(folder / "library") as library:
        library.add(folder / "papers.jsonl")
    return folder / "library"


@pytest.fixture(autouse=True)
def _reachable(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def model() -> str:
    """One that nobody asked before: every way of asking is gone through again."""
    return f"openai:hostile-{next(NUMBER)}"


def holds(answer: Answer, library: refdesk.Library, sent: dict[str, str]) -> None:
    """All that a reader may rely on, whatever the model wrote; `sent` are the sentences that it was shown."""
    document = json.loads(json.dumps(answer.to_dict()))
    is_answer(document, lambda name: stored(library, name))
    papers = {paper.paper_id for paper in library.papers()}
    assert {source["paper_id"] for source in document["sources"]} <= papers
    assert not LINK.search(document["text"])
    assert not CONTROL.search(document["text"])
    assert not re.search(f"{LINK.pattern}|{CONTROL.pattern}", document["missing"] or "", re.IGNORECASE)
    for claim in document["claims"]:
        assert not CONTROL.search(claim["text"])
        if claim["support"] == "unsupported":
            assert f"{unbracketed(claim['text'])} [unsupported]" in document["text"]
            continue
        assert claim["citations"]
        assert not LINK.search(claim["text"])
        assert {citation["quote"] for citation in claim["citations"]} <= set(sent.values())
        for number in re.findall(r"\d+(?:\.\d+)?", claim["text"]):
            assert any(number in citation["quote"] for citation in claim["citations"]), claim


@pytest.mark.campaign
@pytest.mark.parametrize("part", seeds(PARTS))
def test_nothing_that_hostile_replies_say_breaks_the_contract(server: ChatServer, folder: Path, part: int) -> None:
    seen: Counter[str] = Counter()
    broken: list[str] = []
    halves: list[UnicodeEncodeError] = []
    began = time.process_time()  # others may keep the machine busy
    for first in range(part * ALL, (part + 1) * ALL, EACH):
        server.takes_schema = first % (2 * EACH) == 0
        with refdesk.open_library(folder, model=model()) as library:
            for seed in range(first, first + EACH):
                server.reply = chat_server.hostile(seed)
                server.requests.clear()
                try:
                    answer = library.ask(QUESTION, fresh=True)
                    holds(answer, library, chat_server.shown(server.requests[0]))
                except UnicodeEncodeError as error:
                    halves.append(error)
                    continue
                except Exception as error:  # noqa: BLE001 - all that break it are told, not the first alone
                    broken.append(f"seed {seed}: {type(error).__name__}: {str(error)[:300]}")
                    continue
                seen["degraded" if answer.degraded else "answered" if answer.answered else "abstained"] += 1
                seen["claims"] += len(answer.claims)
                assert len(server.requests) <= 6, f"seed {seed}"
    took = time.process_time() - began
    print(f"{ALL} hostile replies in {took:.0f} s: {dict(seen)}, crashed {len(halves)}")
    assert not broken, f"{len(broken)} replies\n" + "\n".join(broken[:20])
    assert took < 20
    assert seen["answered"] > ALL / 20, "replies that are only refused test nothing"
    assert seen["degraded"] > ALL / 20
    if halves:
        raise halves[0]


@shortened
def test_nothing_breaks_the_contract_where_unsupported_claims_are_kept(server: ChatServer, folder: Path) -> None:
    server.takes_schema = True
    with refdesk.open_library(folder, model=model()) as library:
        for seed in range(some(50, of=200)):
            hostile = chat_server.hostile(seed)
            server.reply = lambda body, hostile=hostile: hostile(body).replace("\ud800", "")
            server.requests.clear()
            answer = library.ask(QUESTION, fresh=True, keep_unsupported=True)
            holds(answer, library, chat_server.shown(server.requests[0]))


@pytest.fixture(scope="module")
def kept(server: ChatServer, folder: Path) -> list[tuple[str, Answer]]:
    """Answers from hostile replies that are kept, each with the model that was asked."""
    server.takes_schema = True
    found: list[tuple[str, Answer]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "sk-test")
        for seed in range(60):
            server.reply = chat_server.hostile(seed)
            with refdesk.open_library(folder, model=model()) as library:
                answer = library.ask(QUESTION)
            if answer.generation:
                found.append((library.model, answer))
    assert len(found) > 10
    return found


def test_a_hostile_reply_that_was_stored_says_the_same_again(
    server: ChatServer, folder: Path, kept: list[tuple[str, Answer]]
) -> None:
    for name, answer in kept:
        asked = len(server.requests)
        with refdesk.open_library(folder, model=name) as library:
            again = library.ask(QUESTION)
        assert len(server.requests) == asked
        assert (again.text, again.dropped) == (answer.text, answer.dropped)


def test_a_hostile_reply_that_is_replayed_says_the_same_again(folder: Path, kept: list[tuple[str, Answer]]) -> None:
    for name, answer in kept:
        with refdesk.open_library(folder, model=name) as library:
            assert library.replay(str(answer.generation)).text == answer.text


@shortened
def test_hostile_queries_do_no_harm(server: ChatServer, folder: Path) -> None:
    with refdesk.open_library(folder, model=model()) as library:
        for seed in range(some(25, of=100)):
            server.reply = chat_server.hostile(seed)
            server.requests.clear()
            answer = library.ask("Which taxes did Florentine wool merchants pay in 1427?", fresh=True)
            sent = chat_server.shown(server.requests[-1]) if server.requests else {}
            holds(answer, library, sent)
