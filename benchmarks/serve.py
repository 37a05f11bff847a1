"""
The served library: how long replies take, alone, with 16 clients, beside an import, a rebuild, and slow models.

The server is `refdesk serve` in a process of its own, over real abstracts; the clients are threads of this process.
Milliseconds are 95th percentiles unless they are said to be the longest. With `--against` each scene alternates between
this checkout and another one, and the table has the ratio: times on a shared machine vary, ratios less.

    python -m benchmarks.serve [--papers 6000] [--rounds 3] [--against CHECKOUT] [--scenes alone import …]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.report import table, write_section
from benchmarks.scale import documents
from benchmarks.serving import HERE, Bench, Load, Request, Server, answer, ask, jsonl, load, search, served, upload
from tests import chat_server

CLIENTS = 16
WAITING = 45
"""Questions that wait for a model while others search."""
ASKING = 4
"""Readers that ask a model beside an import."""
GIVEN_UP_S = 90.0
Measured = dict[str, float]


# ---- scenes: each gives figures by name


def alone(bench: Bench) -> Measured:
    """Searches and questions with nothing beside them; how soon the server is ready, and its memory."""
    searches = [search(question) for question in bench.questions]
    asked = [ask(question) for question in bench.questions]
    with bench.copy() as library, served(bench.checkout, library) as server:
        load(server, searches, clients=CLIENTS, number=100)
        one = load(server, searches, clients=1, number=300)
        many = load(server, searches, clients=CLIENTS, number=1_000)
        load(server, asked, clients=CLIENTS, number=100)
        one_asks = load(server, asked, clients=1, number=200)
        many_ask = load(server, asked, clients=CLIENTS, number=1_000)
        return {
            "ready": server.ready_s,
            "search, 1 client, a second": one.rate,
            "search, 1 client": one.ms(0.95),
            "search, 16 clients, a second": many.rate,
            "search, 16 clients": many.ms(0.95),
            "ask, 1 client": one_asks.ms(0.95),
            "ask, 16 clients, a second": many_ask.rate,
            "ask, 16 clients": many_ask.ms(0.95),
            "memory": server.memory_mb(),
            "page": page_kb(server),
            "errors": sum(len(each.errors) for each in (one, many, one_asks, many_ask)),
        }


def page_kb(server: Server) -> float:
    """The most bytes of a page with all that it loads, as they are sent to a browser, which takes gzip, in KB."""
    pages = ("/", "/search?q=diffusion+models", "/library", "/issues", "/answers")
    return max(sum(map(len, sent_for(server, page))) for page in pages) / 1000


def sent_for(server: Server, page: str) -> list[bytes]:
    """A page and all that it loads, as they are sent."""
    connection = server.connect()
    accepted = (("Accept-Encoding", "gzip"), ("Accept", "text/html"))
    status, sent, _ = answer(connection, Request(page, headers=accepted))
    assert status == 200, f"{page}: {status}"
    text = (gzip.decompress(sent) if sent[:2] == b"\x1f\x8b" else sent).decode()
    assets = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text)))
    return [sent, *(answer(connection, Request(asset, headers=accepted)).body for asset in assets)]


def beside_import(bench: Bench) -> Measured:
    """A client that searches and one that rates, while another process imports as many papers again."""
    with bench.copy() as library, served(bench.checkout, library) as server:
        rates = [Request(f"/api/v1/ratings/arxiv:{paper['id']}", {"rating": 1}, "PUT") for paper in bench.papers[:500]]
        searches = [search(question) for question in bench.questions]
        load(server, searches, clients=2, number=100)
        began = time.perf_counter()
        with bench.importing(library) as process:

            def over() -> bool:
                return process.poll() is not None

            rated, searched = together(
                lambda: load(server, rates, clients=1, until=over, pause_s=0.1),
                lambda: load(server, searches, clients=1, until=over),
            )
            took_s = time.perf_counter() - began
            died = process.returncode != 0
        return {
            "search during an import": searched.ms(0.95),
            "search during an import, longest": searched.ms(1.0),
            "a like during an import, longest": rated.ms(1.0) / 1000,
            "papers imported meanwhile, a second": len(bench.more) / took_s,
            "errors": len(rated.errors) + len(searched.errors) + died,
        }


def beside_upload(bench: Bench) -> Measured:
    """The same, where the papers are sent to the server, which imports them."""
    with bench.copy() as library, served(bench.checkout, library) as server, closing(server.connect()) as connection:
        searches = [search(question) for question in bench.questions]
        load(server, searches, clients=2, number=100)
        began = time.perf_counter()
        sent = answer(connection, upload(jsonl(bench.folder / "more.jsonl", bench.more)))
        if sent.status == 404:  # an earlier version
            return {}
        assert sent.status == 202, sent.body
        job = Request(f"/api/v1/imports/{json.loads(sent.body)['id']}")
        state: dict[str, Any] = {}

        def over() -> bool:
            if time.perf_counter() > state.get("looked", 0.0) + 0.5:
                state.update(json.loads(answer(connection, job).body), looked=time.perf_counter())
            return state["state"] in ("done", "failed")

        searched = load(server, searches, clients=1, until=over)
        took_s = time.perf_counter() - began
        return {
            "search beside an import of the server": searched.ms(0.95),
            "search beside an import of the server, longest": searched.ms(1.0),
            "papers imported by the server, a second": len(bench.more) / took_s,
            "memory beside it": server.memory_mb(),
            "errors": len(searched.errors) + (state["state"] != "done"),
        }


def beside_rebuild(bench: Bench) -> Measured:
    """A client that searches from the first moment of a server whose library waits to be rebuilt."""
    with bench.copy() as library:
        with closing(sqlite3.connect(library / "catalog.sqlite3")) as catalog, catalog:
            catalog.execute("INSERT OR REPLACE INTO settings (name, value) VALUES ('rebuild', 'yes')")
        with served(bench.checkout, library) as server:
            searches = [search(question) for question in bench.questions]
            began = time.perf_counter()

            def over() -> bool:
                return time.perf_counter() > began + GIVEN_UP_S or not rebuild_is_pending(library)

            searched = load(server, searches, clients=1, until=over)
            rebuilt_s = time.perf_counter() - began
            after = load(server, searches, clients=1, number=100)  # the first one opens the new indexes
            searched.seconds += after.seconds
            searched.errors += after.errors
            return {
                "search beside a pending rebuild": searched.ms(0.95),
                "search beside a pending rebuild, longest": searched.ms(1.0),
                "ready beside a pending rebuild": server.ready_s,
                "rebuilt after": rebuilt_s,
                "errors": len(searched.errors),
            }


def rebuild_is_pending(library: Path) -> bool:
    """True if the library waits to be rebuilt."""
    with closing(sqlite3.connect(library / "catalog.sqlite3")) as catalog:
        return catalog.execute("SELECT value FROM settings WHERE name = 'rebuild'").fetchone() == ("yes",)


def beside_models(bench: Bench) -> Measured:
    """A client that searches while others wait for a model that writes a few letters a second; then they go away."""
    with chat_server.serving() as chat, bench.copy() as library:
        chat.pause_s = 1.0
        variables = {"OPENAI_BASE_URL": chat.url, "OPENAI_API_KEY": "sk-test", "REFDESK_MODEL": "openai:test-model"}
        with served(bench.checkout, library, **variables) as server:
            searches = [search(question) for question in bench.questions]
            load(server, searches, clients=2, number=50)
            asking = [server.connect() for _ in range(WAITING)]
            for number, connection in enumerate(asking):
                accepted = "text/event-stream" if number % 2 else "application/json"
                connection.request(
                    "POST",
                    "/api/v1/ask",
                    json.dumps({"question": bench.questions[number], "fresh": True}),
                    {"Content-Type": "application/json", "Accept": accepted},
                )
            time.sleep(3)
            searched = load(server, searches, clients=1, number=100)
            waiting = connections(server, chat.url)
            began = time.perf_counter()
            for connection in asking:
                connection.close()
            while connections(server, chat.url) and time.perf_counter() < began + GIVEN_UP_S:
                time.sleep(0.05)
            return {
                "a search beside 45 model questions, longest": searched.ms(1.0) / 1000,
                "model questions at a time": waiting,
                "cancelled after": time.perf_counter() - began,
                "errors": len(searched.errors),
            }


def connections(server: Server, url: str) -> int:
    """How many open connections a server has to a URL of loopback."""
    port = f":{int(url.rsplit(':', 1)[1].partition('/')[0]):04X}"
    rows = Path(f"/proc/{server.process.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return sum(row.split()[2].endswith(port) and row.split()[3] == "01" for row in rows)


def together(*actions: Callable[[], Load]) -> list[Load]:
    """The results of loads that run at a time."""
    with ThreadPoolExecutor(len(actions)) as pool:
        return [each.result() for each in [pool.submit(action) for action in actions]]


def beside_readers(bench: Bench, imports: int = 5) -> Measured:
    """Imports while readers ask a model through the server: how many die."""
    died = failed = asked = 0
    with chat_server.serving() as chat:
        variables = {"OPENAI_BASE_URL": chat.url, "OPENAI_API_KEY": "sk-test", "REFDESK_MODEL": "openai:test-model"}
        questions = [Request("/api/v1/ask", {"question": question, "fresh": True}) for question in bench.questions]
        for _ in range(imports):
            with bench.copy() as library, served(bench.checkout, library, **variables) as server:
                with bench.importing(library) as process:
                    asking = load(server, questions, clients=ASKING, until=lambda: process.poll() is not None)
                died += process.returncode != 0
                asked += len(asking.seconds)
                failed += len(asking.errors)
    return {"imports that died beside 4 asking readers": died, "questions beside them": asked, "errors": failed}


SCENES: dict[str, Callable[[Bench], Measured]] = {
    "alone": alone,
    "import": beside_import,
    "upload": beside_upload,
    "rebuild": beside_rebuild,
    "models": beside_models,
    "readers": beside_readers,
}
LIMITS = {
    "ready": "s ≤ 4",
    "search, 1 client, a second": "",
    "search, 1 client": "ms ≤ 30",
    "search, 16 clients, a second": " ≥ 60",
    "search, 16 clients": "ms ≤ 300",
    "ask, 1 client": "ms",
    "ask, 16 clients, a second": "",
    "ask, 16 clients": "ms ≤ 350",
    "memory": "MB ≤ 350",
    "page": "KB ≤ 60",
    "search during an import": "ms ≤ 300",
    "search during an import, longest": "ms",
    "a like during an import, longest": "s < 1",
    "papers imported meanwhile, a second": "",
    "search beside an import of the server": "ms ≤ 300",
    "search beside an import of the server, longest": "ms",
    "papers imported by the server, a second": "",
    "memory beside it": "MB ≤ 350",
    "search beside a pending rebuild": "ms ≤ 500",
    "search beside a pending rebuild, longest": "ms",
    "ready beside a pending rebuild": "s ≤ 4",
    "rebuilt after": "s",
    "model questions at a time": "",
    "a search beside 45 model questions, longest": "s < 0.5",
    "cancelled after": "s < 2",
    "imports that died beside 4 asking readers": " = 0",
    "questions beside them": "",
    "errors": " = 0",
}
"""Unit and limit of each figure."""


def found(name: str, value: float) -> str:
    """A figure with its unit."""
    unit = LIMITS[name].partition(" ")[0]
    digits = 0 if unit in ("ms", "MB") or float(value).is_integer() else 1 if unit == "KB" or value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def rows_of(measured: dict[str, list[dict[str, Measured]]]) -> list[list[str]]:
    """A row for each figure: the median of the rounds, its limit, the other checkout's, and the median ratio."""
    rows = []
    for name, limit in LIMITS.items():
        rounds = [each for runs in measured.values() for each in runs if name in each["here"]]
        if not rounds:
            continue
        values = [each["here"][name] for each in rounds]
        if name == "errors":
            rows.append([name, f"{sum(values):.0f}", limit.strip()])
            continue
        rows.append([name, found(name, statistics.median(values)), limit.partition(" ")[2]])
        others = [(each["here"][name], each["there"][name]) for each in rounds if name in each.get("there", {})]
        if others:
            there = statistics.median(other for _, other in others)
            ratio = statistics.median(here / other for here, other in others if other) if there else 1.0
            rows[-1] += [found(name, there), f"{ratio:.2f}"]
    return rows


def main() -> None:
    """Play the scenes and print a table; after all of them write the section “Serving” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout, measured in turn with this one")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    options = parser.parse_args()
    papers = documents(2 * options.papers)
    measured: dict[str, list[dict[str, Measured]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        benches = {}
        for name, checkout in {"here": HERE, "there": options.against}.items():
            if checkout:
                folder = Path(temporary) / name
                folder.mkdir()
                benches[name] = Bench(checkout.resolve(), folder, papers[: options.papers], papers[options.papers :])
        for scene in options.scenes:
            for number in range(options.rounds):
                turn = {name: SCENES[scene](bench) for name, bench in benches.items()}
                measured.setdefault(scene, []).append(turn)
                print(f"{scene}, round {number + 1}: {turn}", file=sys.stderr, flush=True)
    headings = [f"at {options.papers:,} papers", "found", "limit", *(["the other", "ratio"] if options.against else [])]
    report = table(headings, [[*row, "", ""][: len(headings)] for row in rows_of(measured)])
    if options.scenes == list(SCENES) and not options.against:
        write_section("Serving", report)
    else:
        print(report)


if __name__ == "__main__":
    main()
