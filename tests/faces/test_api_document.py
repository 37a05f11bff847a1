"""
The API does what its description says: schemathesis makes requests of all kinds, valid and not, as each role.

First come real requests: together they have every parameter of every operation in a request with a reply 2xx. Then
come made-up ones. All replies are of a status, a media type and a shape that the description has.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from serving import serving

import refdesk
from rag.delivery.outbox import planned
from rag.types.reader import READER_ROLES, ReaderRole
from tests.campaigns import WHOLE, some
from tests.copies import copied
from tests.smtp_server import serving as mail_server

schemathesis = pytest.importorskip("schemathesis")
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks as conforming  # noqa: E402

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("default")]
QUESTION = "What explains grokking, the delayed generalization of networks?"
EXAMPLES = some(2, of=100)
SEED = 20261127
CHECKS = [
    not_a_server_error,
    conforming.status_code_conformance,
    conforming.content_type_conformance,
    conforming.response_schema_conformance,
    conforming.response_headers_conformance,
]
Name = tuple[str, str]


@dataclass
class House:
    """
    A served library, asked as one role.

    Args:
        library, role: Of it.
        client: Signed in by a token that may write.
        document: The description, as the client loads it.
        schema: The same, as schemathesis reads it.
        shown: By operation the parameters that were part of a request with a reply 2xx.
        refused: The operations that were refused to the role.
        statuses: How many replies had which status.
        ids: Real values for path parameters, by operation.
    """

    library: refdesk.Library
    role: ReaderRole
    client: httpx.Client
    document: Any
    schema: Any
    shown: dict[Name, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: set[Name] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ids: dict[str, list[str]] = field(default_factory=dict)

    def send(self, method: str, path: str, *, of: str = "", files: Any = None, **given_: Any) -> httpx.Response:
        """
        Send a real request, and check the reply.

        Args:
            method, path: Of the operation, as the description has it.
            of: The real path, where there are parameters in it.
            files: Uploaded.
            given_: `query`, `body` or `accept`.
        """
        body, accept = given_.get("body"), given_.get("accept", "*/*")
        sent: dict[str, Any] = {"data": body, "files": files} if files else {"json": body}
        reply = self.client.request(
            method,
            f"/api/v1{of or path}",
            params=given_.get("query"),
            headers={"Accept": accept},
            **(sent if body is not None or files else {}),
        )
        media = "multipart/form-data" if files else "application/json" if body is not None else None
        reply.request.read()
        parameters = {part[1:-1]: "real" for part in path.split("/") if part.startswith("{")}
        names = set(parameters) | set(given_.get("query") or {})
        names |= {f"body.{name}" for name in [*(body or {}), *({"file"} if files else ())]}
        operation = self.schema[f"/api/v1{path}"][method]
        case = operation.Case(path_parameters=parameters, body=body or schemathesis.core.NOT_SET, media_type=media)
        self.check(case, reply, names)
        return reply

    def check(self, case: Any, reply: Any, names: set[str] | None = None) -> None:
        """Check a reply, and note what it shows if it is to a real request, which has these parameters."""
        name = (case.operation.method.upper(), case.operation.path.removeprefix("/api/v1"))
        self.statuses[reply.status_code] += 1
        if 200 <= reply.status_code < 300:
            if names is not None:
                media = reply.headers.get("content-type", "").partition(";")[0]
                self.shown[name] |= {*names, f"-> {media}", "a reply"}
        elif reply.status_code == 403:
            self.refused.add(name)
        case.validate_response(reply, checks=CHECKS)


@pytest.fixture(scope="module", params=READER_ROLES)
def house(
    request: pytest.FixtureRequest, sample_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    tmp_path = tmp_path_factory.mktemp("described")
    folder = copied(sample_library, tmp_path / "own")
    (folder / "papers").mkdir()
    with ExitStack() as open_:
        mail = open_.enter_context(mail_server())
        (folder / "refdesk.toml").write_text(
            f'[email]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\nfrom = "desk@example.org"\n'
            "[serve]\nsearches_per_second = 10_000\npublic_url = 'https://papers.example.org'\n"
            f'[feeds.shelf]\nkind = "folder"\npath = "{folder / "papers"}"\n'
            '[subscriptions.ours]\nshared = true\nevery = "month"\nformats = ["md", "html"]\n',
            encoding="utf-8",
        )
        library = open_.enter_context(refdesk.open_library(folder))
        at = open_.enter_context(serving(library, auth="token"))
        library.readers.add("asking", role=request.param, email="asking@example.org")
        library.readers.add("other")
        bearer = {"Authorization": f"Bearer {library.readers.add_token('asking')[1]}"}
        list(library.issues.run(catch_up=12))
        client = open_.enter_context(httpx.Client(base_url=at.url, timeout=60, headers=bearer))
        document = client.get("/api/v1/openapi.json").json()
        yield House(library, request.param, client, document, schemathesis.openapi.from_dict(document))


def _papers(house: House) -> None:
    paper = next(house.library.papers(categories=["cs.LG"]))
    tagged = next(each for each in house.library.papers() if each.tags)
    filters = {"since": "2020", "until": "2030-01", "category": "cs.LG", "author": paper.authors[0]}
    for query in (
        {"q": "grokking", "limit": 2, "sort": "date", **filters},
        {"q": "grokking", "tag": tagged.tags[0], "source": "jsonl"},
        {"q": "the", "author": paper.authors[0]},
        {"q": paper.title, "paper": paper.paper_id},
    ):
        house.send("GET", "/search", query=query)
    each = {**filters, "tag": tagged.tags[0], "source": "jsonl", "paper": paper.paper_id}
    page = house.send("GET", "/papers", query={**each, "limit": 5, "sort": "id"}).json()
    house.send("GET", "/papers", query={"after": house.send("GET", "/papers", query={"limit": 1}).json()["next"]})
    assert page["papers"] is not None
    house.send("GET", "/papers/{id}", of=f"/papers/{paper.paper_id}")
    for rating in (1, -1, 0):
        house.send("PUT", "/ratings/{id}", of=f"/ratings/{paper.paper_id}", body={"rating": rating})
    for format_name in ("jsonl", "bibtex", "csl", "ris"):
        house.send("GET", "/export", query={"format": format_name, **each})
    house.ids["/papers/{id}"] = house.ids["/ratings/{id}"] = [paper.paper_id, *paper.aliases]


def _answers(house: House) -> None:
    stored = next(each for each in house.library.issues.stored() if "no papers" not in each.subject)
    house.send("GET", "/issues")
    issue = "/issues/{subscription}/{period}"
    for ending in ("", ".md", ".html"):
        house.send("GET", issue, of=f"/issues/{stored.subscription}/{stored.period}{ending}")
    review = house.send("POST", "/review", body={"topic": "grokking", "limit": 20, "filter": {"since": "2020"}}).json()
    house.send("GET", "/reviews")
    for ending in ("", ".json", ".md", ".html"):
        house.send("GET", "/reviews/{id}", of=f"/reviews/{review['id']}{ending}")
    first = house.send("POST", "/ask", body={"question": QUESTION, "filter": {"since": "2020"}}).json()
    house.send("POST", "/ask", body={"question": QUESTION}, accept="text/event-stream")
    within = {"issue": f"{stored.subscription}/{stored.period}", "max_sentences": 2, "fresh": True}
    house.send("POST", "/ask", body={"question": "Which papers are about language models?", **within})
    house.send("POST", "/ask", body={"question": "What is grokking?", "review": review["id"]})
    house.send("POST", "/ask", body={"question": "And weight decay?", "follow_up_of": first["id"]})
    house.send("POST", "/verify", body={"document": json.dumps(first)})
    house.send("GET", "/answers")
    one = f"/answers/{first['id']}"
    for ending in ("", ".json", ".md", ".bib", ".ris", ".csl"):
        house.send("GET", "/answers/{id}", of=one + ending)
    secret = house.send("POST", "/answers/{id}/share", of=f"{one}/share").json()["secret"]
    for ending in ("", ".md", ".bib", ".csl"):
        house.send("GET", "/shared/{secret}", of=f"/shared/{secret}{ending}")
    house.send("DELETE", "/answers/{id}/share", of=f"{one}/share")
    house.send("DELETE", "/answers/{id}", of=one)
    house.send("DELETE", "/reviews/{id}", of=f"/reviews/{review['id']}")
    kept = [each["id"] for each in house.send("GET", "/answers").json()["answers"]]
    house.ids["/answers/{id}"] = house.ids["/answers/{id}/share"] = kept


def _own(house: House) -> None:
    house.send("GET", "/status")
    paper = next(house.library.papers()).paper_id
    settings_ = {
        "every": "month",
        "timezone": "Europe/Berlin",
        "topics": ["grokking"],
        "authors": ["Ada Byron"],
        "categories": ["cs.LG"],
        "must": ["network"],
        "must_not": ["kale"],
        "liked": [paper],
        "disliked": ["arxiv:2406.11741"],
        "threshold": 0.2,
        "size": 7,
        "order": "trending",
        "formats": ["md"],
        "mail": False,
    }
    for name in ("mine", "kept"):
        house.send("PUT", "/subscriptions/{name}", of=f"/subscriptions/{name}", body=settings_)
    house.send("GET", "/subscriptions")
    house.send("GET", "/subscriptions/{name}", of="/subscriptions/mine")
    feed = "/subscriptions/{name}/feed"
    house.send("POST", feed, of="/subscriptions/mine/feed")
    house.send("DELETE", feed, of="/subscriptions/mine/feed")
    house.send("DELETE", "/subscriptions/{name}", of="/subscriptions/mine")
    house.ids["/subscriptions/{name}"] = house.ids[feed] = ["kept"]
    house.send("POST", "/address", body={"address": "asking@example.org"})
    house.send("GET", "/tokens")
    made = {"name": "notebook", "scope": "read", "expires": "2999-12-31", "reader": "asking"}
    token = house.send("POST", "/tokens", body=made).json()
    house.send("DELETE", "/tokens/{id}", of=f"/tokens/{token['id']}")


def _curators(house: House) -> None:
    fields = {
        "format": "jsonl",
        "encoding": "utf-8",
        "tags": "a,b",
        "listed": "2026-05",
        "keep_without_abstract": "yes",
    }
    record = b'{"title": "Whales sing", "abstract": "Whales sing at night. They sing far."}'
    house.send("GET", "/imports")
    reply = house.send("POST", "/imports", files={"file": ("whales.jsonl", record)}, body=fields)
    # a reader who was a curator still sees what they began
    job = reply.json().get("id") or house.library.jobs.sync((), reader="asking").id
    house.send("GET", "/imports/{id}", of=f"/imports/{job}")
    house.send("GET", "/jobs/{id}", of=f"/jobs/{job}")
    house.send("POST", "/sync", body={"feeds": ["shelf"]})
    deliveries = _failed_deliveries(house)
    house.send("POST", "/deliveries/{id}/resend", of=f"/deliveries/{deliveries[0]}/resend")
    house.send("POST", "/deliveries/{id}/dismiss", of=f"/deliveries/{deliveries[1]}/dismiss")
    house.ids["/imports/{id}"] = house.ids["/jobs/{id}"] = [job]


def _failed_deliveries(house: House) -> list[str]:
    """The ids of two deliveries that failed."""
    outbox, stored, found = house.library._store.catalog.outbox(), house.library.issues.stored()[0], []
    for number in range(2):
        made = planned(
            subscription=stored.subscription,
            period=stored.period,
            channel="file",
            target=str(house.library._store.place.folder / f"shelf{number}"),
            now=house.library._store._now(),
        )
        outbox.plan([made])
        assert outbox.change(made, replace(made, state="failed", due=None, detail="It was full."))
        found.append(made.id)
    return found


def _admins(house: House) -> None:
    house.send("GET", "/readers")
    house.send("POST", "/readers", body={"name": "new", "role": "curator", "email": "new@example.org"})
    one = "/readers/{name}"
    house.send("PUT", one, of="/readers/new", body={"role": "reader", "email": ""})
    house.send("POST", f"{one}/link", of="/readers/new/link")
    house.send("DELETE", one, of="/readers/new")
    house.ids[one] = house.ids[f"{one}/link"] = ["other"]


def test_real_requests_show_every_parameter_of_every_operation(house: House) -> None:
    _papers(house)
    _answers(house)
    _own(house)
    _curators(house)
    _admins(house)
    missing = []
    for path, methods in house.document["paths"].items():
        for method, operation in methods.items():
            name = (method.upper(), path.removeprefix("/api/v1"))
            needs = next(
                (role for role in READER_ROLES if f"role {role}," in operation.get("description", "")), "reader"
            )
            if READER_ROLES.index(house.role) < READER_ROLES.index(needs):
                assert name in house.refused, name
                assert not house.shown[name], name
                continue
            asked = {"a reply", *(parameter["name"] for parameter in operation["parameters"])}
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                asked |= {f"body.{key}" for key in content["schema"]["properties"]}
                assert media in ("application/json", "multipart/form-data")
            given_ = next(reply for status, reply in operation["responses"].items() if status.startswith("2"))
            asked |= {f"-> {media}" for media in given_.get("content", {})}
            missing += [(name, each) for each in sorted(asked - house.shown[name])]
    assert not missing


def _make_up(house: House, session: requests.Session, operation: Any, mode: Any) -> None:
    """Send made-up requests to an operation, half of those with an id to a real one, and check the replies."""
    base = str(house.client.base_url).rstrip("/")
    real = house.ids.get(operation.path.removeprefix("/api/v1"), [])

    @seeded(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if WHOLE else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if real and len(case.path_parameters or {}) == 1 and data.draw(st.booleans()):
            (parameter,) = case.path_parameters
            case.path_parameters[parameter] = data.draw(st.sampled_from(real))
        house.check(case, case.call(base_url=base, session=session))

    run()


def test_made_up_requests_are_answered_as_the_description_says(house: House) -> None:
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    before = sum(house.statuses.values())
    with requests.Session() as session:
        session.headers.update(house.client.headers)
        for operation in house.schema.get_all_operations():
            for mode in modes:
                _make_up(house, session, operation.ok(), mode)
    sent = sum(house.statuses.values()) - before
    assert sent >= len(house.document["paths"])
    assert house.client.get("/api/v1/status").status_code == 200
    print(f"{house.role}: {sent} made-up requests; all replies by status: {dict(sorted(house.statuses.items()))}")
