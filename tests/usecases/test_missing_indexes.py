"""An index that is gone, of an older layout, or of another library: what is said, and what the next writer does."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import refdesk
from refdesk import errors
from stores.lexical.layouts import LAYOUT
from stores.lexical.tantivy import TantivyLexical
from tests.commands import environment, run

NAMES = {"lexical": "word index", "chroma": "vector index"}
FOUND = "file:papers:sample:00017"


@pytest.fixture
def one_more(small: Path, records: Callable[..., list], jsonl: Callable[..., Path]) -> Path:
    return jsonl(small.parent / "more.jsonl", records(1, first=700))


# ---- missing


@pytest.mark.parametrize("part", NAMES)
def test_what_reads_says_that_an_index_is_missing_and_what_to_do(small: Path, part: str) -> None:
    shutil.rmtree(small / part)
    told: list[str] = []
    with refdesk.open_library(small, notify=told.append) as library:
        for question in (library.search, library.ask):
            with pytest.raises(errors.StoreDamaged, match=f"The {NAMES[part]} is missing") as caught:
                question("What does the study of subject17 find?")
            assert "refdesk reindex" in str(caught.value.hint)
        assert library.show("sample:00017").title
        assert any(NAMES[part] in sentence and "refdesk reindex" in sentence for sentence in told)
        problem = library.status()["indexes"][{"chroma": "vectors"}.get(part, part)]["problem"]
        assert NAMES[part] in problem
    told.clear()
    with refdesk.open_library(small, notify=told.append) as library:
        assert {each.kind for each in library.check()} == {"missing"}
        assert any(NAMES[part] in sentence and "refdesk reindex" in sentence for sentence in told)
    assert not (small / part).exists(), "a reader makes no empty index in its place"


def test_status_for_people_shows_what_is_missing(small: Path) -> None:
    shutil.rmtree(small / "lexical")
    ran = run("--library", small, "status")
    assert ran.status == 0
    assert "The word index is missing" in " ".join(ran.out.split())


@pytest.mark.parametrize(("index", "file"), [("lexical", "lexical/meta.json"), ("vectors", "chroma/chroma.sqlite3")])
def test_status_tells_of_an_index_that_cannot_be_opened(small: Path, index: str, file: str) -> None:
    for left in (small / file).parent.glob("chroma.sqlite3-*"):
        left.unlink()
    (small / file).write_bytes(b"this is no index" * 1_000)
    ran = run("--library", small, "status", "--json")
    assert ran.status == 0
    problems = {name: state["problem"] for name, state in ran.json["indexes"].items()}
    assert "cannot be" in problems.pop(index)
    assert list(problems.values()) == [None]
    assert ran.json["papers"] == 60


@pytest.mark.parametrize("part", NAMES)
def test_the_next_import_fills_an_index_that_is_missing(small: Path, one_more: Path, part: str) -> None:
    shutil.rmtree(small / part)
    with refdesk.open_library(small) as library:
        assert library.add(one_more).added == 1
        assert library.check() == []
        assert library.search("subject17")[0].paper_id == FOUND


def test_a_new_library_misses_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    with refdesk.open_library(tmp_path / "new", notify=told.append) as library:
        assert library.search("anything") == []
        assert not library.ask("Is there anything?").answered
        assert library.check() == []
        assert [state["problem"] for state in library.status()["indexes"].values()] == [None, None]
    assert told == []


# ---- an older layout


def of_layout_1(library: refdesk.Library, folder: Path) -> None:
    """Put a word index as earlier versions made it in the place of the library's."""
    shutil.rmtree(folder / "lexical")
    old = TantivyLexical(folder / "lexical", layout=1)
    old.upsert(list(library.papers()))
    old.close()


def hits(library: refdesk.Library) -> list[tuple[str, float]]:
    return [(hit.paper_id, hit.score) for hit in library.search("the effect of subject17")]


def test_an_index_of_an_older_layout_is_read_as_it_is_and_rebuilt_by_the_next_writer(
    small: Path, one_more: Path
) -> None:
    with refdesk.open_library(small) as library:
        expected = hits(library)
        of_layout_1(library, small)
    with refdesk.open_library(small) as reader:
        assert hits(reader) == expected
        assert reader._store.lexical.layout == 1
        assert "layout 1" in reader.status()["indexes"]["lexical"]["problem"]
        assert reader.check() == []
        assert run("--library", small, "add", one_more).status == 0
        assert reader.search("subject700")[0].paper_id == "file:more:sample:00700"
        assert reader._store.lexical.layout == LAYOUT
        assert reader.status()["indexes"]["lexical"]["problem"] is None
        assert reader.check() == []


_KILLED = """
import os, signal, sys
import refdesk, stores.lexical.tantivy as module
stop, replace = sys.argv[2], module._replace
class Stop(type(module.Path())):
    def replace(self, target):
        if self.name == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().replace(target)
def killed(path, new):
    if stop == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(Stop(path), Stop(new))
module._replace = killed
with refdesk.open_library(sys.argv[1]) as library:
    library.add(sys.argv[3])
"""


@pytest.mark.parametrize("stop", ["before", ".managed.json", "meta.json"])
def test_a_rebuild_that_is_killed_leaves_the_old_index_and_the_next_writer_finishes(
    small: Path, one_more: Path, stop: str
) -> None:
    with refdesk.open_library(small) as library:
        expected = hits(library)
        of_layout_1(library, small)
    env = environment()
    killed = subprocess.run([sys.executable, "-c", _KILLED, small, stop, one_more], env=env, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    with refdesk.open_library(small) as library:
        assert hits(library) == expected
        assert library._store.lexical.layout == 1
        library.add(one_more)
        assert library._store.lexical.layout == LAYOUT
        assert library.check() == []
    held = {path.stem for path in (small / "lexical").iterdir() if not path.name.startswith(".")}
    segments = json.loads((small / "lexical" / "meta.json").read_text())["segments"]
    assert held == {"meta", *(each["segment_id"].replace("-", "") for each in segments)}, "nothing is left behind"
    assert not (small / "lexical.new").exists()


def test_readers_are_answered_all_the_while_an_index_is_rebuilt(small: Path, one_more: Path) -> None:
    with refdesk.open_library(small) as library:
        of_layout_1(library, small)
    found: list[int] = []
    with refdesk.open_library(small) as reader, refdesk.open_library(small) as writer:
        writing = threading.Thread(target=lambda: writer.add(one_more))
        writing.start()
        while writing.is_alive():
            found.append(len(reader.search("the effect of subject17", limit=20)))
        writing.join()
        assert set(found) == {20}


def test_an_index_of_a_newer_layout_is_named(small: Path) -> None:
    meta = small / "lexical" / "meta.json"
    document = json.loads(meta.read_text())
    document["schema"].append({**document["schema"][-1], "name": "authors"})
    meta.write_text(json.dumps(document))
    with refdesk.open_library(small) as library:
        with pytest.raises(errors.StoreMismatch, match="layout"):
            library.search("subject17")
        assert library.reindex() == 60
        assert library.search("subject17")[0].paper_id == FOUND
