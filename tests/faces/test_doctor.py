"""`refdesk doctor`: what a model's server and an embedder take, and what files would bring; nothing is written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refdesk.cli import main
from tests import chat_server, embedding_server
from tests.chat_server import Body, ChatServer
from tests.commands import ROOT, Ran
from tests.embedding_server import EmbeddingServer

KEY = "sk-very-secret-0123456789abcdef"
EXAMPLES = ROOT / "examples" / "papers.jsonl"
Doctor = Callable[..., Ran]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Doctor]:
    """`refdesk doctor` in this process, in an empty folder and with a library that is not there."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)

    def called(*arguments: object) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--library", str(tmp_path / "library"), "doctor", *map(str, arguments)])
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    yield called
    assert list(place.iterdir()) == []
    assert not (tmp_path / "library").exists(), "it writes nothing"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server.serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("REFDESK_MODEL_TIMEOUT_S", "3")
        yield running


@pytest.fixture
def embeddings(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    with embedding_server.serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


def records(count: int) -> str:
    """JSON Lines: every tenth record has no abstract, and every seventh no author."""
    lines = []
    for number in range(count):
        record: Body = {
            "title": f"Moss number {number}",
            "doi": f"10.5555/{number}",
            "published": f"20{10 + number % 9}",
        }
        if number % 10:
            record["abstract"] = f"Moss number {number} grows on walls."
        if number % 7:
            record["authors"] = ["Ngozi Okafor"]
        lines.append(json.dumps(record))
    return "\n".join(lines)


# ---- files


def test_all_records_of_a_file_are_judged_and_a_screen_is_printed(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text(records(12_000))
    ran = doctor(tmp_path / "many.jsonl")
    assert ran.status == 0
    assert "12,000: 10,800 papers, 1,200 rejected" in ran.out
    assert "1,200: no abstract, such as line 1 “Moss number 0”" in ran.out
    assert "published all, listed none, 2010 to 2018" in ran.out
    assert len(ran.out.splitlines()) < 24


def test_the_document_has_what_the_contracts_promise(doctor: Doctor) -> None:
    ran = doctor(EXAMPLES, "--json")
    assert ran.status == 0
    document = ran.json
    assert (document["model"], document["embedder"]) == (None, None)
    [found] = document["files"]
    assert (found["path"], found["format"], found["encoding"]) == (str(EXAMPLES), "jsonl", "utf-8")
    assert (found["records"], found["papers"], found["rejected"], found["error"]) == (58, 57, 0, None)
    assert set(found["columns"]) == {"used", "unused", "without"}
    assert set(found["dates"]) == {"published", "listed", "first", "last"}
    assert found["authors"] == 58
    assert found["ids"]["doi"] == 30


def test_what_no_paper_of_a_file_has_is_said(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "bare.csv").write_text("title,abstract\nMoss on walls,Moss grows on the walls of old towns.\n")
    ran = doctor(tmp_path / "bare.csv")
    assert ran.status == 0
    assert "no paper has a date" in ran.out
    assert "no paper has authors" in ran.out
    assert doctor(tmp_path / "bare.csv", "--json").json["files"][0]["columns"]["without"] == ["date", "authors"]


def test_the_columns_that_are_used_and_those_that_are_not_are_named(doctor: Doctor) -> None:
    path = ROOT / "tests" / "cases" / "field" / "lens.csv"
    columns = doctor(path, "--json").json["files"][0]["columns"]
    assert {"Title", "Abstract", "Author/s", "Date Published"} <= set(columns["used"])
    assert {"Publisher", "Volume"} <= set(columns["unused"])
    text = doctor(path).out
    assert "not used: Publication Type, Publisher" in text
    assert text.count("Publisher") == 1


def test_the_files_of_a_folder_and_of_an_archive_are_told_apart(doctor: Doctor, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("one.jsonl", records(20))
        archive.writestr("two.txt", "nothing of ours")
    (folder / "b.jsonl").write_text(records(5))
    ran = doctor(folder, "--json")
    assert ran.status == 4, "one of them would bring nothing"
    found = {Path(report["path"]).name: report for report in ran.json["files"]}
    assert found["a.zip: one.jsonl"]["papers"] == 18
    assert found["a.zip: two.txt"]["error"]["type"] == "UnknownFormat"
    assert found["b.jsonl"]["papers"] == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 \0\0", "is a PDF"),
        (b"Dear all, the minutes follow.", "format of input.txt is not known"),
        (b"PK\x03\x04 broken", "damaged or encrypted zip"),
        (b"title,notes\nMoss,Walls\n", "has no column “abstract”"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_exits_with_4(
    doctor: Doctor, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "input.txt").write_bytes(content)
    extra = ["--format", "csv"] if content.startswith(b"title") else []
    ran = doctor(tmp_path / "input.txt", *extra)
    assert ran.status == 4
    assert said in " ".join(ran.out.split())
    assert "Traceback" not in ran.out + ran.err


def test_a_file_that_is_not_there_is_an_error(doctor: Doctor) -> None:
    ran = doctor("nothing.csv")
    assert (ran.status, ran.out) == (4, "")
    assert "nothing.csv does not exist" in ran.err


# ---- models


def test_a_server_that_takes_everything_is_asked_three_times(doctor: Doctor, server: ChatServer) -> None:
    ran = doctor("--model", "openai:whole", "--json")
    assert ran.status == 0
    found = ran.json["model"]
    assert [found[name] for name in ("schema", "json", "plain", "stream", "usage")] == [True] * 5
    assert (found["reasoning"], found["left_out"], found["error"], found["supported"]) == (False, [], None, True)
    assert found["answer"].startswith("We measured the cover of moss")
    assert found["requests"] == len(server.requests) == 3


def test_what_a_server_refuses_is_named(doctor: Doctor, server: ChatServer) -> None:
    server.takes_schema = server.usage = False
    ran = doctor("--model", "openai:less", "--json")
    found = ran.json["model"]
    assert (found["schema"], found["json"], found["plain"], found["usage"]) == (False, True, True, False)
    assert found["left_out"] == ["response_format"]
    text = doctor("--model", "openai:less").out
    assert "JSON schema   no" in text
    assert "response_format; left out" in text


def test_a_model_that_reasons_gets_advice(doctor: Doctor, server: ChatServer) -> None:
    server.reply = lambda body: f"<think>Lime wash? It is in 1.2, I think.</think>\n{chat_server.honest(body)}"
    ran = doctor("--model", "openai:thinking")
    assert ran.status == 0
    assert "reasoning     yes" in ran.out
    assert "max_output_tokens = 4000" in ran.out


def test_a_model_whose_replies_name_no_evidence_is_of_no_use_and_told_so(doctor: Doctor, server: ChatServer) -> None:
    server.reply = lambda body: "Networks are fascinating."
    ran = doctor("--model", "openai:vague", "--json")
    assert [ran.json["model"][name] for name in ("schema", "json", "plain")] == [False] * 3
    assert "its replies name no evidence" in doctor("--model", "openai:vague").out


@pytest.mark.parametrize(
    ("mood", "said"),
    [("refused", "refused the key"), ("missing", "no model of that name"), ("down", "failed (503)"), ("html", "")],
)
def test_a_server_that_fails_says_why_and_exits_with_6(
    doctor: Doctor, server: ChatServer, mood: str, said: str
) -> None:
    server.mood = mood
    ran = doctor("--model", "openai:failing", "--json")
    assert ran.status == 6
    assert said in ran.json["model"]["error"]["message"]
    assert ran.json["model"]["error"]["hint"]
    assert len(server.requests) <= 3
    assert KEY not in ran.out + ran.err


def test_a_model_that_cannot_be_made_exits_with_3(doctor: Doctor) -> None:
    ran = doctor("--model", "nobody:nothing", "--json")
    assert ran.status == 3
    assert ran.json["model"]["error"]["type"] == "ConfigError"


# ---- embedders


def test_the_limits_of_an_embedder_are_found(doctor: Doctor, embeddings: EmbeddingServer) -> None:
    def refuses(texts: list[str]) -> tuple[int, Body] | None:
        if len(texts) > 32:
            return 422, {"error": {"message": "batch size too large"}}
        too_long = any(len(text.split()) > 512 for text in texts)
        return (400, {"error": {"message": "maximum context length is 512 tokens"}}) if too_long else None

    embeddings.refuses = refuses
    found = doctor("--embedder", "openai:words", "--json").json["embedder"]
    assert (found["dimension"], found["batch"], found["error"]) == (24, 32, None)
    assert 200 <= found["max_input"] <= 512
    text = doctor("--embedder", "openai:words").out
    assert "texts at once 32" in text


def test_an_embedder_that_fails_exits_with_6(doctor: Doctor, embeddings: EmbeddingServer) -> None:
    embeddings.mood = "refused"
    ran = doctor("--embedder", "openai:words", "--json")
    assert ran.status == 6
    assert "the key was refused" in ran.json["embedder"]["error"]["message"]
    assert KEY not in ran.out + ran.err


def test_without_arguments_the_settings_are_tried(
    doctor: Doctor, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = doctor("--json").json
    assert (found["files"], found["model"], found["embedder"]["name"]) == ([], None, "static-256")
    assert (found["embedder"]["dimension"], found["embedder"]["batch"]) == (256, None)
    monkeypatch.setenv("REFDESK_MODEL", "openai:configured")
    assert doctor("--json").json["model"]["name"] == "openai:configured"
