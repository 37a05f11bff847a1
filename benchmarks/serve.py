"""
The served library: how long replies take, alone, with 16 clients, beside an import, a rebuild, and slow models.

The server is `refdesk serve` in a process of its own, over real abstracts; the clients are threads of this process. With
`--against` each scene alternates between this checkout and another one, and the table has the ratio: times on a shared
machine vary, ratios less.

    python -m benchmarks.serve [--papers 6000] [--rounds 3] [--against CHECKOUT] [--scenes search ask …]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import table, write_section
from benchmarks.scale import documents, questions
from benchmarks.serving import HERE, Request, Server, answer, ask, command, environment, load, search, served
from tests import chat_server

CLIENTS = 16
WAITING = 45
"""Questions that wait for a model while others search."""
ASKING = 4
"""Readers that ask a model beside an import."""
GIVEN_UP_S = 90.0
Measured = dict[str, float]


@dataclass(frozen=True, slots=True)
class Bench:
    """
    What a scene needs.

    Args:
        checkout: Whose server is measured.
        folder: For its files.
        papers: Of the library, and as many others to import.
    """

    checkout: Path
    folder: Path
    papers: Sequence[dict[str, Any]]
    more: Sequence[dict[str, Any]]

    @property
    def questions(self) -> list[str]:
        """Questions about papers of the library."""
        return questions(self.papers)

    @property
    def made(self) -> Path:
        """The library, made once."""
        made = self.folder / "made"
        if not made.exists():
            self.run(made, "add", jsonl(self.folder / "papers.jsonl", self.papers))
        return made

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """A copy of the library."""
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            yield shutil.copytree(self.made, Path(temporary) / "library")

    def run(self, library: Path, *arguments: str | Path) -> None:
        """Run a command to its end."""
        subprocess.run(
            command(library, *arguments), check=True, capture_output=True, env=environment(self.checkout), cwd=self.folder
        )

    @contextmanager
    def importing(self, library: Path) -> Iterator[subprocess.Popen[bytes]]:
        """The command that imports the other papers, at work."""
        source = jsonl(self.folder / "more.jsonl", self.more)
        process = subprocess.Popen(
            command(library, "add", source, "--json"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(self.checkout),
            cwd=self.folder,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def jsonl(path: Path, papers: Sequence[dict[str, Any]]) -> Path:
    """A file of papers, made once."""
    if not path.exists():
        path.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    return path


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
            "search, 1 client, rate": one.rate,
            "search, 1 client": one.ms(0.95),
            "search, 16 clients, rate": many.rate,
            "search, 16 clients": many.ms(0.95),
            "ask, 1 client": one_asks.ms(0.95),
            "ask, 16 clients, rate": many_ask.rate,
            "ask, 16 clients": many_ask.ms(0.95),
            "memory": server.memory_mb(),
            "page": page_kb(server),
            "errors": sum(len(each.errors) for each in (one, many, one_asks, many_ask)),
        }


def page_kb(server: Server) -> float:
    """The most bytes of a page with all that it loads, as they are sent to a browser that takes gzip, in KB."""
    connection = server.connect()
    accept = (("Accept-Encoding", "gzip"), ("Accept", "text/html"))
    most = 0

    def got(path: str) -> bytes:
        nonlocal size
        status, sent = answer(connection, Request(path, headers=accept))
        assert status == 200, f"{path}: {status}"
        size += len(sent)
        return gzip.decompress(sent) if sent[:2] == b"\x1f\x8b" else sent

    for path in ("/", "/search?q=diffusion+models", "/library", "/issues", "/answers"):
        size = 0
        for asset in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', got(path).decode())):
            got(asset)
        most = max(most, size)
    return most / 1000


def beside_import(bench: Bench) -> Measured:
    """A client that searches and one that rates, while another process imports as many papers again."""
    with bench.copy() as library, served(bench.checkout, library) as server:
        rates = [
            Request(f"/api/v1/ratings/arxiv:{paper['id']}", {"rating": 1}, "PUT") for paper in bench.papers[:500]
        ]
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
            "import, papers/s": len(bench.more) / took_s,
            "errors": len(rated.errors) + len(searched.errors) + died,
        }


def beside_rebuild(bench: Bench) -> Measured:
    """A client that searches from the first moment of a server whose library waits to be rebuilt."""
    with bench.copy() as library:
        with closing(sqlite3.connect(library / "catalog.sqlite3")) as catalog, catalog:
            catalog.execute("INSERT OR REPLACE INTO settings (name, value) VALUES ('rebuild', 'yes')")
        with served(bench.checkout, library) as server:
            searches = [search(question) for question in bench.questions]
            until = time.perf_counter() + 60
            searched = load(server, searches, clients=1, until=lambda: time.perf_counter() > until)
            return {
                "search beside a pending rebuild": searched.ms(0.95),
                "search beside a pending rebuild, longest": searched.ms(1.0),
                "ready beside a pending rebuild": server.ready_s,
                "rebuilt": float(not rebuild_is_pending(library)),
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
                "a search beside waiting model questions": searched.ms(1.0) / 1000,
                "model questions at a time": waiting,
                "cancelled": time.perf_counter() - began,
                "errors": len(searched.errors),
            }


def connections(server: Server, url: str) -> int:
    """How many open connections a server has to a URL of loopback."""
    port = f":{int(url.rsplit(':', 1)[1].partition('/')[0]):04X}"
    rows = Path(f"/proc/{server.process.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return sum(row.split()[2].endswith(port) and row.split()[3] == "01" for row in rows)


def together(*actions: Callable[[], Any]) -> list[Any]:
    """The results of actions that run at a time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(actions)) as pool:
        return [each.result() for each in [pool.submit(action) for action in actions]]


def beside_readers(bench: Bench, imports: int = 5) -> Measured:
    """Imports while readers ask a model through the server: how many die."""
    died = failed = asked = 0
    with chat_server.serving() as chat:
        variables = {"OPENAI_BASE_URL": chat.url, "OPENAI_API_KEY": "sk-test", "REFDESK_MODEL": "openai:test-model"}
        questions = [
            Request("/api/v1/ask", {"question": question, "fresh": True}) for question in bench.questions
        ]
        for _ in range(imports):
            with bench.copy() as library, served(bench.checkout, library, **variables) as server:
                with bench.importing(library) as process:
                    asking = load(server, questions, clients=ASKING, until=lambda: process.poll() is not None)
                died += process.returncode != 0
                asked += len(asking.seconds)
                failed += len(asking.errors)
                print(asking.errors[:3], file=sys.stderr)
    return {"imports that died": died, "questions beside them": asked, "errors": failed}


SCENES: dict[str, Callable[[Bench], Measured]] = {
    "alone": alone, "import": beside_import, "rebuild": beside_rebuild, "models": beside_models,
    "readers": beside_readers,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    options = parser.parse_args()
    papers = documents(2 * options.papers)
    with tempfile.TemporaryDirectory() as temporary:
        benches = {}
        for name, checkout in {"here": HERE, "there": options.against}.items():
            if checkout:
                folder = Path(temporary) / name
                folder.mkdir()
                benches[name] = Bench(checkout.resolve(), folder, papers[: options.papers], papers[options.papers :])
        for scene in options.scenes:
            for _ in range(options.rounds):
                for name, bench in benches.items():
                    print(name, scene, json.dumps({k: round(v, 2) for k, v in SCENES[scene](bench).items()}), flush=True)


if __name__ == "__main__":
    main()
