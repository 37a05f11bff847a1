"""Imports by Ray's workers: the same library and the same report as without, also when machines die on the way."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

import refdesk
import stores.ingest
import tests.conftest
from rag.ports import Matrix
from rag.sources import parts
from refdesk.errors import RayUnavailable
from refdesk.ingest import ray_connection, ray_import, ray_tasks
from tests.commands import Ran, ended, environment, run, start
from tests.embedding_server import EmbeddingServer
from tests.ray_cluster import Cluster, assert_gone, running

pytest.importorskip("ray", reason="Ray is not installed: pip install 'refdesk[ray]'")
pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]  # Ray's own

WORDS = """attention retrieval sparse dense citation abstract sentence model protein cell graph neural language robust
bayesian causal quantum optical trial patient cohort kernel gradient token parser corpus entropy lattice""".split()
_SMALL_BATCHES = """
import sys
import stores.ingest, stores.store
stores.ingest.BATCH = stores.store.BATCH = 100
from refdesk.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def started() -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        made = Cluster()
        yield made
        made.end()


@pytest.fixture
def cluster(started: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    host = started.address.rpartition(":")[0]
    monkeypatch.setattr(tests.conftest, "LOOPBACK", (*tests.conftest.LOOPBACK, host))  # Ray's own of this machine
    return started


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short name, for Ray keeps sockets in it."""
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as folder:
        yield Path(folder)


def papers(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Invented papers of words at random, one in ten with a sentence that stands in others too."""
    dice = random.Random(seed)

    def sentence() -> str:
        return " ".join(dice.choices(WORDS, k=14)).capitalize() + "."

    return [
        {
            "id": f"10.5555/{seed}.{number}",
            "title": f"{sentence()[:-1]} {number}",
            "abstract": " ".join(sentence() for _ in range(5)),
            "published": f"2026-0{1 + number % 9}-11",
            "authors": ["Ada Lovelace"],
        }
        for number in range(count)
    ]


def lines(rows: list[Any]) -> str:
    return "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)


def whole(folder: Path) -> tuple[set[Any], dict[str, Any]]:
    """The chunks with their texts, sentences with their roles, and a vector for each paper; it is consistent."""
    with refdesk.open_library(folder) as library:
        assert library.check() == []
        vectors, papers = library._store.vectors, list(library.papers())
        sentences = {(paper.paper_id, paper.spans, str(paper.roles)) for paper in papers}
        return sentences | set(vectors.documents()), dict(vectors.rows([paper.paper_id for paper in papers]))


def top(folder: Path, questions: int = 50) -> tuple[list[set[str]], Matrix]:
    """
    For questions of words at random: the first ten by words, less those that tie with the tenth, and the best cosines.

    They are those of all papers, for the graph that Chroma searches differs between two imports of the same file.
    """
    dice = random.Random(1)
    asked = [" ".join(dice.choices(WORDS, k=5)) for _ in range(questions)]
    with refdesk.open_library(folder) as library:
        store = library._store
        words = [store.lexical.search(store.lexical.terms(each), limit=10) for each in asked]
        rows = dict(store.vectors.rows([paper.paper_id for paper in library.papers()]))
        cosines = store.embedder.embed(asked) @ np.stack(list(rows.values())).T
    firsts = [{paper_id for paper_id, score in found if score > found[-1][1] + 1e-5} for found in words]
    return firsts, np.sort(cosines)[:, -10:]


def assert_same(cli: Callable[..., Ran], folder: Path, other: Path) -> None:
    """The same papers, chunks, vectors, and the same papers for questions."""
    exports = [cli("--library", each, "export").out for each in (folder, other)]
    assert exports[0] == exports[1]
    assert exports[0].count("\n") > 10
    (chunks, rows), (other_chunks, other_rows) = whole(folder), whole(other)
    assert chunks == other_chunks
    assert rows.keys() == other_rows.keys()
    assert max(float(np.abs(rows[each] - other_rows[each]).max()) for each in rows) < 1e-5
    (words, cosines), (other_words, other_cosines) = top(folder), top(other)
    assert words == other_words and any(words)
    assert np.allclose(cosines, other_cosines, atol=1e-5)


def mixed(place: Path) -> list[Path]:
    """Files of several formats with records of every kind: good, changed, doubled, refused, broken."""
    rows = papers(600)
    again = [
        {**rows[3], "abstract": rows[4]["abstract"] + " It was revised."},
        rows[5],
        {**rows[6], "id": "1706.00001"},
    ]
    bad = ["{broken\n", "\n", json.dumps({"title": "No abstract here"}) + "\n", "[1, 2]\n", {"notes": "x", **rows[7]}]
    notice = [{**row, "id": f"10.7/{at}", "abstract": "This text was withdrawn."} for at, row in enumerate(rows[:4])]
    files = {
        "a.jsonl": lines([*rows[:250], *bad, *rows[250:], *again]),
        "b.jsonl": lines([*notice, *bad, *papers(20, seed=5)]),
        "c.csv": "title,abstract,year\n" + "".join(f"{row['title']} c,{row['abstract']},2020\n" for row in rows[:30]),
        "d.txt": "no papers in here",
        "f.jsonl": "",
    }
    for name, text in files.items():
        (place / name).write_text(text)
    (place / "e.jsonl.gz").write_bytes(gzip.compress(lines(papers(1_100, seed=2)).encode()))
    (place / "g.jsonl.gz").write_bytes(gzip.compress(lines(papers(300, seed=3)).encode())[:-500])
    return [*sorted(place.iterdir()), place / "h.jsonl"]


def test_files_of_all_kinds_give_the_library_and_the_report_that_they_give_without_ray(
    cluster: Cluster, tmp_path: Path, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 40_000)
    (tmp_path / "in").mkdir()
    files = mixed(tmp_path / "in")
    here = cli("--library", tmp_path / "here", "add", "--json", *files)
    there = cli("--library", tmp_path / "there", "add", "--json", "--ray", cluster.address, *files)
    reports = [{**each.json, "took_ms": 0} for each in (here, there)]
    assert reports[0] == reports[1]
    assert len(reports[0]["rejected"]) > 10 and reports[0]["notes"] and reports[0]["merged"] and reports[0]["updated"]
    assert (here.status, here.err) == (there.status, there.err)
    assert_same(cli, tmp_path / "here", tmp_path / "there")
    again = cli("--library", tmp_path / "there", "add", "--json", "--ray", cluster.address, files[0]).json
    assert (again["added"], again["updated"]) == (0, 0)


def test_a_machine_that_is_killed_in_mid_import_changes_nothing(
    cluster: Cluster,
    tmp_path: Path,
    cli: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 100_000)
    monkeypatch.setattr(stores.ingest, "BATCH", 100)  # so that a machine is killed between two batches of few papers
    files = [tmp_path / "all.jsonl", tmp_path / "rest.jsonl.gz"]
    files[0].write_text(lines(papers(800)))
    files[1].write_bytes(gzip.compress(lines(papers(300, seed=1)).encode()))
    extra = [cluster.add()]

    def progress(count: int, share: float) -> None:
        assert 0 <= share <= 1
        if extra and count >= 400:
            cluster.kill(extra.pop())

    capsys.readouterr()
    with refdesk.open_library(tmp_path / "there") as library:
        report = library.add(*files, ray=cluster.address, progress=progress)
    assert not extra
    assert capsys.readouterr().out == ""  # where commands print their documents
    assert (report.added, report.rejected) == (1_100, ())
    with refdesk.open_library(tmp_path / "here") as library:
        library.add(*files)
    assert_same(cli, tmp_path / "here", tmp_path / "there")


def test_what_is_lost_with_its_worker_is_asked_for_again_and_not_for_ever(cluster: Cluster, tmp_path: Path) -> None:
    """Ray alone gave up on a reader in 3 of 12 imports during each of which two machines were killed."""

    def die(folder: Path, times: int) -> int:
        tried = len(list(folder.iterdir()))
        (folder / str(tried)).touch()
        return tried if tried >= times else os._exit(1)

    with ray_connection.connected(cluster.address) as ray:
        workers = ray_import._Workers(ray, ray_tasks.EmbedderSpec("static", ()), [])
        dying = ray.remote(max_retries=0)(die)
        for times in (ray_import.RETRIES, ray_import.RETRIES + 1):
            folder = tmp_path / str(times)
            folder.mkdir()
            again = partial(dying.remote, folder, times)
            if times == ray_import.RETRIES:
                assert workers._get(again(), again) == times
            else:
                with pytest.raises(RayUnavailable, match=r"Ray gave up: .*worker"):
                    workers._get(again(), again)
                assert len(list(folder.iterdir())) == times
        workers.close()


def test_a_driver_that_is_killed_is_continued_and_embeds_only_what_is_new(
    cluster: Cluster, tmp_path: Path, cli: Callable[..., Ran], server: EmbeddingServer
) -> None:
    (tmp_path / "all.jsonl").write_text(lines(papers(500)))
    place = tmp_path / "there"
    env = environment(OPENAI_API_KEY="sk-very-secret-0123456789", OPENAI_BASE_URL=server.url)
    assert run("--library", place, "init", "--embedder", "openai:small", env=env).status == 0
    adds = ["--library", place, "add", "--json", "--ray", cluster.address, tmp_path / "all.jsonl"]
    process = start(_SMALL_BATCHES, *adds, env=env)
    until = time.monotonic() + 60
    while sum(len(each["input"]) for each in server.requests) < 300 and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    ended(process)
    before = sum(len(each["input"]) for each in server.requests)
    done = run(*adds, env=env)
    assert done.json["added"] + done.json["unchanged"] == 500 and done.json["unchanged"] >= 100, done.err
    assert sum(len(each["input"]) for each in server.requests) - before <= done.json["added"] + 110
    assert {each["key"] for each in server.requests} == {"sk-very-secret-0123456789"}
    assert "very-secret" not in done.out + done.err
    run("--library", tmp_path / "here", "init", "--embedder", "openai:small", env=env)
    run("--library", tmp_path / "here", "add", tmp_path / "all.jsonl", env=env)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        os.environ[name] = env[name]
    try:
        assert_same(cli, tmp_path / "here", place)
    finally:
        del os.environ["OPENAI_API_KEY"], os.environ["OPENAI_BASE_URL"]


def test_ctrl_c_ends_an_import_at_once_and_keeps_what_was_written(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text(lines(papers(3_000)))
    adds = ["--library", tmp_path / "there", "add", "--ray", cluster.address, tmp_path / "all.jsonl"]
    process = start(_SMALL_BATCHES, *adds)
    until = time.monotonic() + 60
    while not (tmp_path / "there" / "lexical").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    began = time.monotonic()
    assert ended(process) == Ran(130, "", "Interrupted.\n")
    assert time.monotonic() - began < 10
    with refdesk.open_library(tmp_path / "there") as library:
        assert 0 < library.status()["papers"] < 3_000
        library.catch_up()
        assert library.check() == []


def test_what_a_worker_lacks_is_said_in_a_sentence(
    cluster: Cluster, tmp_path: Path, library: refdesk.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(lines(papers(10)))
    source = ray_tasks.Source(str(file), "some.jsonl", 1, ray_import.Reading(), "2026-07-01")
    with pytest.raises(RayUnavailable, match="sees another file at") as raised:
        ray_tasks.Reader().read(refdesk.__version__, source, 0)
    assert "share" in str(raised.value.hint)
    with pytest.raises(RayUnavailable, match="cannot read"):
        ray_tasks.Reader().read(refdesk.__version__, ray_import.replace(source, path="/nowhere/some.jsonl"), 0)
    monkeypatch.setattr(ray_import, "__version__", "9.9")
    with pytest.raises(
        RayUnavailable, match=rf"The worker .* has Refdesk {refdesk.__version__}, and here it is 9\.9\."
    ):
        library.add(file, ray=cluster.address)
    assert library.status()["papers"] == 0


def test_an_embedder_that_fails_on_a_worker_is_named_with_the_worker(
    cluster: Cluster, tmp_path: Path, server: EmbeddingServer
) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(lines(papers(10)))
    env = environment(OPENAI_API_KEY="sk-very-secret-0123456789", OPENAI_BASE_URL=server.url)
    assert run("--library", tmp_path / "l", "init", "--embedder", "openai:small", env=env).status == 0
    server.mood = "refused"
    done = run("--library", tmp_path / "l", "-v", "add", "--ray", cluster.address, file, env=env)
    assert done.status == 6
    assert "Traceback" in done.err  # which shows no secret either
    assert "Error: On the worker " in done.err and "the key was refused" in done.err
    assert "very-secret" not in done.out + done.err


def test_an_address_where_no_ray_is_is_refused_in_time(tmp_path: Path, library: refdesk.Library) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(lines(papers(10)))
    for address, says in (
        ("head", "“head” is no address of Ray"),
        ("127.0.0.1:1", "cannot be reached"),
        ("ray://127.0.0.1:1", "cannot be reached"),
    ):
        began = time.monotonic()
        with pytest.raises(RayUnavailable, match=says) as raised:
            library.add(file, ray=address)
        assert raised.value.hint
        assert time.monotonic() - began < 15, address


def test_a_cluster_that_fails_a_client_from_outside_is_asked_again_and_its_reason_told(
    tmp_path: Path, library: refdesk.Library
) -> None:
    """As Ray's head does where the process that it forks for a client hangs: then the second try succeeds at once."""
    from ray.core.generated import ray_client_pb2, ray_client_pb2_grpc

    asked = []

    class Failing(ray_client_pb2_grpc.RayletDataStreamerServicer):  # type: ignore[misc]
        def Datapath(self, requests: Any, _: Any) -> Iterator[Any]:  # noqa: N802
            request = next(requests)
            asked.append(request)
            said = "Traceback (most recent call last):\nRuntimeError: Proxy failed to Connect to backend!\n"
            yield ray_client_pb2.DataResponse(
                req_id=request.req_id, init=ray_client_pb2.InitResponse(ok=False, msg=said)
            )
            list(requests)  # until the client goes

    class Ready(ray_client_pb2_grpc.RayletDriverServicer):  # type: ignore[misc]
        def ClusterInfo(self, _: Any, __: Any) -> Any:  # noqa: N802
            return ray_client_pb2.ClusterInfoResponse(json="{}")

    server = grpc.server(ThreadPoolExecutor(4))
    ray_client_pb2_grpc.add_RayletDriverServicer_to_server(Ready(), server)
    ray_client_pb2_grpc.add_RayletDataStreamerServicer_to_server(Failing(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        file = tmp_path / "some.jsonl"
        file.write_text(lines(papers(10)))
        with pytest.raises(RayUnavailable, match="RuntimeError: Proxy failed to Connect to backend!"):
            library.add(file, ray=f"ray://127.0.0.1:{port}")
    finally:
        server.stop(None)
    assert len(asked) == 2


def test_without_ray_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text(lines(papers(2)))
    code = "import sys; sys.modules['ray'] = None\nfrom refdesk.cli import main; main(sys.argv[1:])"
    adds = ["--library", tmp_path / "l", "add", "--json"]
    done = ended(start(code, *adds, "--ray", "local", tmp_path / "some.jsonl"))
    assert (done.status, done.json["error"]["type"]) == (6, "RayUnavailable")
    assert "pip install 'refdesk[ray]'" in done.json["error"]["hint"]
    assert ended(start(code, *adds, tmp_path / "some.jsonl")).json["added"] == 2


def test_ray_starts_on_this_machine_and_leaves_nothing(
    tmp_path: Path, short_folder: Path, cli: Callable[..., Ran]
) -> None:
    (tmp_path / "rag").mkdir()
    (tmp_path / "rag" / "__init__.py").write_text("raise SystemExit('not ours')")  # workers must not take this one
    (tmp_path / "some.jsonl").write_text(lines(papers(300)))
    code = f"import os; os.chdir({str(tmp_path)!r})\nfrom refdesk.cli import main; import sys; main(sys.argv[1:])"
    env = environment(RAY_TMPDIR=str(short_folder))
    done = ended(start(code, "--library", "there", "add", "--json", "--ray", "local", "some.jsonl", env=env))
    assert (done.status, done.err) == (0, "")
    assert done.json["added"] == 300
    assert [each for each in short_folder.glob("ray/session_*") if each.is_dir() and not each.is_symlink()] == []
    assert_gone(short_folder)
    cli("--library", tmp_path / "here", "add", tmp_path / "some.jsonl")
    assert_same(cli, tmp_path / "here", tmp_path / "there")


def test_ray_that_was_started_for_an_import_ends_with_it_also_when_it_is_killed(
    tmp_path: Path, short_folder: Path
) -> None:
    (tmp_path / "all.jsonl").write_text(lines(papers(3_000)))
    adds = ["--library", tmp_path / "there", "add", "--ray", "local", tmp_path / "all.jsonl"]
    process = start(_SMALL_BATCHES, *adds, env=environment(RAY_TMPDIR=str(short_folder)))
    until = time.monotonic() + 90
    while not (tmp_path / "there" / "lexical").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert running(short_folder)
    process.kill()
    ended(process)
    assert_gone(short_folder)


def test_a_cluster_is_used_from_outside_and_found_on_this_machine(
    cluster: Cluster, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    (tmp_path / "some.jsonl").write_text(lines(papers(300)))
    (tmp_path / "none.txt").write_text("no papers in here")
    adds = ["--library", tmp_path / "there", "add", "--json", "--ray"]
    done = run(*adds, cluster.from_outside, tmp_path / "some.jsonl")
    assert (done.status, done.err) == (0, ""), done.out
    assert done.json["added"] == 300
    failed = run(*adds, "auto", tmp_path / "none.txt")
    assert (failed.status, failed.json["error"]["type"]) == (4, "UnknownFormat")
    cli("--library", tmp_path / "here", "add", tmp_path / "some.jsonl")
    assert_same(cli, tmp_path / "here", tmp_path / "there")
