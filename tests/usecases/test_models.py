"""`refdesk models`: downloads from a hub that are checked before they are in place, and what is left of bad ones."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from refdesk.models import known
from refdesk.models.known import RECEIPT, HubFile, HubModel
from tests import hub_server
from tests.commands import Ran, ended, environment, start
from tests.hub_server import COMMIT, PLACES, Hub
from tests.onnx_models import cross_encoder

Cli = Callable[..., Ran]
NAME, REPOSITORY = "small-reranker", "tests/small-reranker"
TEXTS = ["a first text", "a second one"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server.serving() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url + "/")
        yield running


@pytest.fixture
def source(tmp_path: Path, hub: Hub) -> Path:
    """The folder of a model that the hub offers."""
    folder = cross_encoder(tmp_path / "source", TEXTS, config={"max_position_embeddings": 128})
    hub.put(REPOSITORY, folder)
    return folder


@pytest.fixture
def pinned(source: Path, monkeypatch: pytest.MonkeyPatch) -> HubModel:
    """The same model as a known one, whose checksums are fixed."""
    files = {
        name: HubFile(path=place, sha256=digest(source / name), bytes=(source / name).stat().st_size)
        for name, place in PLACES.items()
    }
    model = HubModel(name=NAME, repository=REPOSITORY, revision=COMMIT, files=files, licence="Apache-2.0")
    monkeypatch.setattr(known, "RERANKERS", (model,))
    return model


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def place(name: str) -> Path:
    """The folder of a downloaded model."""
    return known.models_folder() / name.replace("/", "--")


def left() -> list[Path]:
    """All that is in the folder of the models."""
    folder = known.models_folder()
    return sorted(folder.iterdir()) if folder.exists() else []


def listed(cli: Cli, name: str) -> Any:
    return next(row for row in cli("models", "list", "--json").json["models"] if row["name"] == name)


def test_a_known_model_is_downloaded_once_checked_and_listed(
    cli: Cli, hub: Hub, source: Path, pinned: HubModel
) -> None:
    assert listed(cli, NAME) == {
        "name": NAME,
        "kind": "reranker",
        "here": False,
        "bytes": pinned.bytes,
        "path": str(place(NAME)),
        "licence": "Apache-2.0",
    }
    ran = cli("models", "get", NAME, "--json")
    assert ran.status == 0, ran.out
    assert ran.json["downloaded"]
    assert ran.json["setting"] == 'reranker = "small-reranker"'
    assert {name: facts["sha256"] for name, facts in ran.json["files"].items()} == {
        name: digest(source / name) for name in PLACES
    }
    assert [path for path in hub.asked if COMMIT not in path] == []
    assert listed(cli, NAME)["here"]
    assert left() == [place(NAME)]
    asked = len(hub.asked)
    assert not cli("models", "get", "Small-Reranker", "--json").json["downloaded"]
    assert not cli("models", "get", REPOSITORY, "--json").json["downloaded"]
    assert len(hub.asked) == asked
    shown = cli("models", "list").out.splitlines()
    assert shown[0].split()[:4] == [NAME, "reranker", "here,", "0"]
    assert shown[1].strip() == str(place(NAME))
    assert "embedder" in shown[2]
    said = cli("models", "get", NAME).out
    assert f"in {place(NAME)}." in said
    assert 'refdesk.toml:  reranker = "small-reranker"' in said
    assert digest(source / "model.onnx") in said


@pytest.mark.parametrize("name", PLACES)
def test_a_file_with_another_checksum_is_refused_and_nothing_is_kept(
    cli: Cli, hub: Hub, pinned: HubModel, name: str
) -> None:
    path = f"/{REPOSITORY}/resolve/{COMMIT}/{PLACES[name]}"
    hub.files[path] = hub.files[path][:-1] + b"\n"
    ran = cli("models", "get", NAME)
    assert ran.status == 6
    assert f"{name} of {NAME} is not the expected file: its SHA-256 is" in ran.err
    assert str(pinned.files[name].sha256) in ran.err
    assert "Nothing was kept" in ran.err
    assert not left()


def test_a_file_that_is_longer_than_expected_is_refused(cli: Cli, hub: Hub, pinned: HubModel) -> None:
    hub.files[f"/{REPOSITORY}/resolve/{COMMIT}/onnx/model.onnx"] += b"\0" * 100_000
    ran = cli("models", "get", NAME)
    assert (ran.status, left()) == (6, [])
    assert "larger than expected" in ran.err


@pytest.mark.parametrize("mood", ["cut", "chunked", "503", "429", "403"])
@pytest.mark.parametrize("name", [NAME, "tests/unknown"])
def test_a_download_that_breaks_off_or_is_refused_leaves_nothing(
    cli: Cli, hub: Hub, source: Path, pinned: HubModel, name: str, mood: str
) -> None:
    hub.put("tests/unknown", source)
    hub.mood = mood
    ran = cli("models", "get", name)
    assert (ran.status, left()) == (6, [])
    assert (f"answered {mood}" if mood.isdigit() else "could not be downloaded") in ran.err
    assert "Hint: " in ran.err


def test_without_a_network_the_error_says_what_to_do(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    ran = cli("models", "get", "ms-marco-MiniLM-L-6-v2", "--json")
    assert ran.status == 6
    error = ran.json["error"]
    assert error["type"] == "HubUnavailable"
    assert error["message"].startswith("ms-marco-MiniLM-L6-v2 could not be downloaded from http://127.0.0.1:9: ")
    assert "refdesk models path DIR" in error["hint"]
    assert not left()


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1", "127.0.0.1", "http://[bad", "http://me:secret@127.0.0.1:9"])
def test_a_hub_that_cannot_be_asked_is_named_without_its_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    ran = cli("models", "get", "tests/unknown")
    assert (ran.status, left()) == (6, [])
    assert "tests/unknown could not be downloaded from" in ran.err
    assert "secret" not in ran.err


def test_a_hub_that_refuses_is_named_without_its_password(
    cli: Cli, hub: Hub, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.mood = "503"
    monkeypatch.setenv("HF_ENDPOINT", hub.url.replace("//", "//me:secret@"))
    ran = cli("models", "get", REPOSITORY)
    assert ran.status == 6
    assert "answered 503" in ran.err
    assert "secret" not in ran.err


def test_files_behind_redirects_are_fetched_at_the_commit_that_the_hub_names(
    cli: Cli, hub: Hub, tmp_path: Path
) -> None:
    folder = cross_encoder(tmp_path / "unknown", TEXTS, config={})
    hub.put("tests/unknown", folder)
    hub.mood = "moved"
    ran = cli("models", "get", "tests/unknown", "--json")
    assert ran.status == 0, ran.out
    assert ran.json["revision"] == COMMIT
    assert (ran.json["asked"], ran.json["repository"]) == ("main", "tests/unknown")
    first, *others = [path for path in hub.asked if not path.startswith("/stored")]
    assert first == "/tests/unknown/resolve/main/config.json"
    assert all(COMMIT in path for path in others)
    assert listed(cli, "tests/unknown")["kind"] == "reranker"


def test_a_model_without_a_config_and_with_its_files_at_the_top_is_found(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    hub.put("tests/flat", cross_encoder(tmp_path / "flat", TEXTS), flat=True)
    assert cli("models", "get", "tests/flat").status == 0
    assert sorted(path.name for path in place("tests/flat").iterdir()) == ["model.onnx", RECEIPT, "tokenizer.json"]


@pytest.mark.parametrize("lacking", ["model.onnx", "tokenizer.json"])
def test_a_repository_without_a_file_is_named(cli: Cli, hub: Hub, tmp_path: Path, lacking: str) -> None:
    folder = cross_encoder(tmp_path / "part", TEXTS)
    (folder / lacking).unlink()
    hub.put("tests/part", folder)
    ran = cli("models", "get", "tests/part")
    assert (ran.status, left()) == (6, [])
    assert f"has no {PLACES[lacking]} of tests/part at main" in ran.err


def test_what_is_no_cross_encoder_is_refused_and_not_kept(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    hub.put("tests/encoder", cross_encoder(tmp_path / "encoder", TEXTS, output="tokens"))
    ran = cli("models", "get", "tests/encoder")
    assert (ran.status, left()) == (3, [])
    assert "The model in tests/encoder is no cross-encoder" in ran.err


def test_the_checksums_of_the_first_download_hold_for_the_next(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    hub.put("tests/unknown", cross_encoder(tmp_path / "first", TEXTS))
    first = cli("models", "get", "tests/unknown", "--json").json["files"]["model.onnx"]["sha256"]
    model = place("tests/unknown") / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    assert cli("models", "get", "tests/unknown", "--json").json["downloaded"]
    assert digest(model) == first

    hub.put("tests/unknown", cross_encoder(tmp_path / "second", TEXTS, factor=2.0))
    assert not cli("models", "get", "tests/unknown", "--json").json["downloaded"]
    model.write_bytes(b"damaged")
    ran = cli("models", "get", "tests/unknown")
    assert ran.status == 6
    assert f"not {first}" in ran.err
    assert "The hub's file has changed; to accept it, remove" in ran.err
    second = digest(tmp_path / "second" / "model.onnx")
    assert cli("models", "get", "tests/unknown", "--sha256", second.upper()).status == 0
    assert digest(model) == second


def test_a_checksum_that_is_given_is_compared(cli: Cli, hub: Hub, source: Path, pinned: HubModel) -> None:
    right, wrong = digest(source / "model.onnx"), "0" * 64
    hub.put("tests/unknown", source)
    ran = cli("models", "get", "tests/unknown", "--sha256", wrong)
    assert (ran.status, left()) == (6, [])
    assert "Check the value of --sha256" in ran.err
    assert cli("models", "get", "tests/unknown", "--sha256", right).status == 0
    assert cli("models", "get", "tests/unknown", "--sha256", "abc").status == 2
    ran = cli("models", "get", NAME, "--sha256", wrong)
    assert ran.status == 3
    assert f"The checksum of {NAME} is known, and is {right}." in ran.err


def test_a_revision_may_be_named(cli: Cli, hub: Hub, source: Path) -> None:
    hub.put("tests/unknown", source, "v1.2", COMMIT)
    assert cli("models", "get", "tests/unknown@v1.2", "--json").json["asked"] == "v1.2"
    assert hub.asked[0] == "/tests/unknown/resolve/v1.2/config.json"


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "../up", "a/..", "tests/x@../y", "", "a b/c", "tests/x?y"])
def test_a_name_that_is_neither_known_nor_of_a_hub_is_refused(cli: Cli, hub: Hub, name: str) -> None:
    ran = cli("models", "get", name)
    assert ran.status == 3
    assert "Known are ms-marco-MiniLM-L6-v2, minilm" in ran.err
    assert not hub.asked


def test_a_folder_that_was_not_downloaded_is_left_alone(cli: Cli, hub: Hub, pinned: HubModel, tmp_path: Path) -> None:
    own = cross_encoder(place(NAME), ["of my own"])
    before = digest(own / "tokenizer.json")
    ran = cli("models", "get", NAME)
    assert ran.status == 3
    assert "another model, which Refdesk did not download" in ran.err
    assert digest(own / "tokenizer.json") == before
    assert not hub.asked


def test_files_that_were_copied_by_hand_and_have_the_right_checksums_need_no_download(
    cli: Cli, hub: Hub, source: Path, pinned: HubModel
) -> None:
    place(NAME).parent.mkdir()
    source.rename(place(NAME))
    ran = cli("models", "get", NAME, "--json")
    assert (ran.status, ran.json["downloaded"], hub.asked) == (0, False, [])


def test_a_killed_download_leaves_no_model_and_the_next_one_cleans_up(
    cli: Cli, hub: Hub, source: Path, pinned: HubModel
) -> None:
    hub.put("tests/unknown", source)
    hub.mood = "slow"
    code = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
    process = start(code, "models", "get", "tests/unknown", env=environment(HF_ENDPOINT=hub.url))
    until = time.monotonic() + 60
    while not list(known.models_folder().glob(".partial-*/model/model.onnx")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    ended(process)
    (partial,) = left()
    assert list(partial.glob("model/*"))
    rows = cli("models", "list", "--json").json["models"]
    assert [row["name"] for row in rows if row["here"] and row["kind"] != "embedder"] == []
    hub.mood = "well"
    assert cli("models", "get", "tests/unknown").status == 0
    assert partial.exists()  # it might belong to a process that runs
    a_day_ago = time.time() - 100_000
    os.utime(partial, (a_day_ago, a_day_ago))
    assert cli("models", "get", NAME).status == 0
    assert left() == [place(NAME), place("tests/unknown")]


def test_an_interrupted_download_leaves_nothing(hub: Hub, source: Path) -> None:
    hub.mood = "slow"
    code = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
    process = start(code, "models", "get", REPOSITORY, env=environment(HF_ENDPOINT=hub.url))
    until = time.monotonic() + 60
    while not list(known.models_folder().glob(".partial-*/model/model.onnx")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.status == 130, ran.err
    assert left() == []


def test_a_folder_of_models_that_cannot_be_written_is_named(
    cli: Cli, hub: Hub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REFDESK_MODELS", str(tmp_path / "file"))
    ran = cli("models", "get", REPOSITORY)
    assert ran.status == 5
    assert f"{tmp_path / 'file'} cannot be written" in ran.err
    assert "REFDESK_MODELS" in ran.err


# ---- a folder of one's own


def test_path_says_what_a_folder_holds_and_how_a_setting_names_it(cli: Cli, tmp_path: Path) -> None:
    folder = cross_encoder(tmp_path / 'my "own" model', TEXTS, config={"max_position_embeddings": 64})
    found = cli("models", "path", folder, "--json").json
    assert (found["kind"], found["max_tokens"], found["labels"]) == ("reranker", 64, [])
    assert found["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert found["setting"] == f"reranker = {json.dumps(str(folder))}"
    said = cli("models", "path", folder).out
    assert found["setting"] in said
    assert "reranks" in said


def test_path_names_the_labels_of_a_model_that_judges(cli: Cli, tmp_path: Path) -> None:
    folder = cross_encoder(tmp_path / "judge", TEXTS, labels=("contradiction", "ENTAILMENT", "neutral"))
    found = cli("models", "path", folder, "--json").json
    assert (found["kind"], found["labels"], found["setting"]) == (
        "entailment",
        ["contradiction", "ENTAILMENT", "neutral"],
        f"entailment_model = {json.dumps(str(folder))}",
    )
    assert "judges whether claims follow from their sentences" in cli("models", "path", folder).out


def test_path_refuses_a_folder_that_is_no_model(cli: Cli, tmp_path: Path) -> None:
    ran = cli("models", "path", tmp_path, "--json")
    assert ran.status == 3
    assert ran.json["error"]["message"] == f"{tmp_path} has no model.onnx."


def test_a_receipt_that_cannot_be_read_is_as_none(cli: Cli, hub: Hub, source: Path) -> None:
    assert cli("models", "get", REPOSITORY).status == 0
    (place(REPOSITORY) / RECEIPT).write_text("[")
    row = next(row for row in cli("models", "list", "--json").json["models"] if row["path"] == str(place(REPOSITORY)))
    assert (row["here"], row["kind"], row["name"]) == (True, None, str(place(REPOSITORY)))
