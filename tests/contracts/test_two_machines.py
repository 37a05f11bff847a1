"""Two machines over one catalog and one Chroma server: each has a word index of its own, and both answer the same."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

import refdesk
from stores.sql.positions import NAME, PositionFile

_names = count()
pytestmark = [pytest.mark.server, pytest.mark.catalogs("postgres")]


@pytest.fixture
def machine(
    tmp_path: Path,
    chroma_server: str,
    empty_url: str,
    monkeypatch: pytest.MonkeyPatch,
    open_library: Callable[..., refdesk.Library],
) -> Callable[..., refdesk.Library]:
    """Open the library in a machine's folder."""
    monkeypatch.setenv("REFDESK_CATALOG", empty_url)
    monkeypatch.setenv("REFDESK_VECTORS", f"{chroma_server}/two-machines-{next(_names)}")
    return lambda name, **options: open_library(tmp_path / name, **options)


@pytest.fixture
def papers(tmp_path: Path) -> Callable[..., Path]:
    def written(topic: str, *, about: str = "We study") -> Path:
        path = tmp_path / f"{topic}-{next(_names)}.jsonl"
        records = [
            {
                "doi": f"10.1000/{topic.replace(' ', '-')}.{number}",
                "title": f"{topic} {number}",
                "abstract": f"{about} {topic} {number}.",
            }
            for number in range(5)
        ]
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return path

    return written


def found(library: refdesk.Library, words: str) -> list[tuple[str, float]]:
    return [(hit.paper_id, round(hit.score, 6)) for hit in library.search(words, limit=10)]


def test_each_machine_finds_what_the_other_added(
    machine: Callable[..., refdesk.Library], papers: Callable[..., Path]
) -> None:
    one = machine("one")
    one.add(papers("grokking"))
    other = machine("other")  # its folder is new
    assert found(one, "grokking") == found(other, "grokking") != []
    other.add(papers("scaling laws"))
    one.add(papers("distillation"))
    other.add(papers("grokking", about="We observe the oddity of"))  # other texts of known papers
    for words in ("scaling laws", "distillation", "oddity"):
        assert found(one, words) == found(other, words) != []
    for library in (one, other):
        assert library.check() == []
        assert {name: state["lag"] for name, state in library.status()["indexes"].items()} == {
            "lexical": 0,
            "vectors": 0,
        }


def test_a_machine_whose_word_index_is_lost_or_of_another_library_makes_it_anew(
    machine: Callable[..., refdesk.Library], papers: Callable[..., Path], tmp_path: Path
) -> None:
    one = machine("one")
    one.add(papers("grokking"))
    expected = found(one, "grokking")
    shutil.rmtree(tmp_path / "one" / "lexical")
    assert found(machine("one"), "grokking") == expected
    position = tmp_path / "one" / "lexical" / NAME
    stored = json.loads(position.read_text(encoding="utf-8"))
    for changed in ({"library": "another"}, {"seq": 1_000_000}):  # a folder of another library; an older catalog
        position.write_text(json.dumps(stored | changed), encoding="utf-8")
        again = machine("one")
        assert found(again, "grokking") == expected
        assert json.loads(position.read_text(encoding="utf-8"))["seq"] == stored["seq"]


def test_a_library_that_is_only_read_follows_nobody(
    machine: Callable[..., refdesk.Library], papers: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = machine("one"), machine("other")
    one.add(papers("grokking"))
    found(other, "grokking")
    reading = machine("other", read_only=True)
    one.add(papers("scaling laws"))
    before = (tmp_path / "other" / "lexical" / NAME).read_bytes()
    found(reading, "scaling laws")
    assert (tmp_path / "other" / "lexical" / NAME).read_bytes() == before
    assert reading.status()["indexes"]["lexical"]["lag"] == 5
    assert found(other, "scaling laws") == found(one, "scaling laws")


def test_a_folder_of_another_library_gives_none_of_its_papers(
    machine: Callable[..., refdesk.Library],
    papers: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as alone:
        alone.delenv("REFDESK_CATALOG")
        alone.delenv("REFDESK_VECTORS")
        machine("other").add(papers("whales"))
    one, other = machine("one"), machine("other")
    assert found(other, "whales") == []
    one.add(papers("grokking"))
    assert found(one, "grokking") == found(other, "grokking") != []
    assert other.check() == []


def test_a_machine_follows_while_its_own_import_waits_for_another_machine(
    machine: Callable[..., refdesk.Library], papers: Callable[..., Path]
) -> None:
    one, other, asking = machine("one"), machine("other"), machine("other")
    files = [papers("grokking"), papers("scaling laws")]
    with one._store.writing():
        waiting = threading.Thread(target=other.add, args=(files[1],))
        waiting.start()
        one.add(files[0])
        time.sleep(0.5)
        assert found(asking, "grokking") == found(one, "grokking") != []
        assert waiting.is_alive()
    waiting.join(60)
    assert found(asking, "scaling laws") == found(one, "scaling laws") != []


def test_a_machine_that_cannot_index_answers_from_what_it_has_and_says_so(
    machine: Callable[..., refdesk.Library], papers: Callable[..., Path], tmp_path: Path
) -> None:
    told: list[str] = []
    one, other = machine("one"), machine("other", notify=told.append)
    one.add(papers("grokking"))
    assert found(other, "grokking") == found(one, "grokking")
    lock = tmp_path / "other" / "indexes.lock"
    lock.unlink()
    lock.mkdir()
    one.add(papers("scaling laws"))
    for _ in range(2):
        assert len(found(other, "scaling laws")) == 10, "the vectors are shared"
        assert other.status()["indexes"]["lexical"]["lag"] == 5
    assert told == ["5 papers cannot be found yet; each question and `refdesk serve` index more of them."]
    lock.rmdir()
    assert found(other, "scaling laws") == found(one, "scaling laws")


def test_the_position_of_another_library_is_none(tmp_path: Path) -> None:
    PositionFile(tmp_path / "lexical", "a").write(7)
    assert PositionFile(tmp_path / "lexical", "a").read().seq == 7
    assert PositionFile(tmp_path / "lexical", "b").read().seq == 0
    assert [path.name for path in (tmp_path / "lexical").iterdir()] == [NAME]
