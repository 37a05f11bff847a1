"""The command line: exit statuses, JSON, errors, streams, filters, settings and what it shows of hostile text."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from shapes import REPORT, SENTENCE, SHOWN, has, is_answer, is_hit, shown

import refdesk
from tests.commands import ROOT, Ran, environment, run_anew
from tests.feed_server import serving

Cli = Callable[..., Ran]
CITATIONS = "Do inline citations make the answers of language models less correct?"
GROKKING = "What explains grokking, the delayed generalization of networks?"
BREAD = "Which recipe makes the best sourdough bread?"
COMMANDS = [
    "init",
    "add",
    "sync",
    "search",
    "ask",
    "chat",
    "digest",
    "run",
    "like",
    "dislike",
    "subscribe",
    "unsubscribe",
    "review",
    "verify",
    "replay",
    "show",
    "split",
    "status",
    "check",
    "reindex",
    "backup",
    "restore",
    "migrate",
    "export",
    "eval",
    "demo",
    "doctor",
    "models",
    "mcp",
    "serve",
    "reader",
    "token",
    "completion",
]
ESCAPE = "\x1b"


# ---- help and lightness


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_explains_every_command(cli: Cli, command: str) -> None:
    ran = cli(*filter(None, [command]), "--help")
    assert ran.status == 0
    assert ran.out.startswith("Usage: refdesk")
    assert len(ran.out.splitlines()) > 5
    assert ran.err == ""


def test_the_list_of_commands_is_the_one_that_is_tested(cli: Cli) -> None:
    listed = cli("--help").out.partition("Commands:")[2].splitlines()
    assert sorted(line.split()[0] for line in listed if line[2:3].strip()) == sorted(COMMANDS)


_LIGHT = """
import sys
from refdesk.cli import main
try: main(sys.argv[1:])
except SystemExit: pass
heavy = {"chromadb", "langchain_core", "langchain", "numpy", "sqlalchemy", "tantivy", "openai", "wordllama", "alembic"}
heavy |= {"mcp", "pydantic"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["add", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIGHT, *arguments], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_importing_refdesk_imports_nothing_heavy() -> None:
    code = (
        "import sys, refdesk\n"
        "print([m for m in ('chromadb', 'langchain_core', 'numpy', 'sqlalchemy', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout.strip() == "[]"


def test_version_and_unknown_commands(cli: Cli) -> None:
    assert cli("--version").out == f"refdesk, version {refdesk.__version__}\n"
    for wrong in (
        ["nothing"],
        ["ask"],
        ["ask", "q", "--limit", "x"],
        ["add"],
        ["search", "q", "--limit", "0"],
        ["export", "--format", "x"],
    ):
        ran = cli(*wrong)
        assert ran.status == 2, wrong
        assert ran.out == ""
        assert "Usage:" in ran.err


# ---- a day in the life, as separate processes


def test_a_library_is_made_filled_asked_shown_and_checked_by_processes(tmp_path: Path) -> None:
    env = environment(REFDESK_LIBRARY=str(tmp_path / "library"))
    ran = run_anew("add", ROOT / "examples" / "papers.jsonl", "--json", env=env)
    assert (ran.status, ran.err) == (0, "")
    has(ran.json, REPORT)
    assert ran.json["added"] + ran.json["updated"] + ran.json["unchanged"] + len(ran.json["rejected"]) == 58
    again = run_anew("add", ROOT / "examples" / "papers.jsonl", env=env)
    assert "58 unchanged" in again.out
    assert ESCAPE not in again.out + again.err
    asked = run_anew("ask", "-", "--json", env=env, stdin=GROKKING.encode())
    assert (asked.status, asked.err) == (0, "")
    with refdesk.open_library(tmp_path / "library", read_only=True) as library:
        is_answer(asked.json, lambda name: shown(library, name))
    assert asked.json["answered"]
    plain = run_anew("ask", GROKKING, env={**env, "NO_COLOR": "1"})
    assert asked.json["claims"][0]["text"] in plain.out
    assert ESCAPE not in plain.out
    assert run_anew("check", env=env).status == 0


def test_papers_come_from_standard_input(tmp_path: Path) -> None:
    stdin = b"title,abstract\nA paper,We study something with care.\n"
    ran = run_anew("--library", tmp_path / "l", "add", "-", "--json", stdin=stdin)
    assert (ran.status, ran.json["added"]) == (0, 1)


def test_a_reader_that_stops_early_is_no_error(sample_library: Path) -> None:
    command = f"{sys.executable} -m refdesk --library {sample_library} export | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


# ---- ask and search


@pytest.fixture
def show(cli: Cli, sample_library: Path) -> Callable[[str], object]:
    return lambda name: cli("--library", sample_library, "show", name, "--json").json


@pytest.mark.parametrize(
    "question",
    [
        GROKKING,
        BREAD,
        "Do inline citations raise or lower the correctness of answers?",
        "Which isotopes were used, [18F] or [11C]?",
        'title:"grokking" AND (paper_id:* OR -weights~2) ^5 [a TO z] \\ \'; DROP TABLE papers; --',
        "grokking " * 2_222,
        "Was bewirkt Grokking in neuronalen Netzen?",
        "蛋白质折叠 protein",
    ],
)
def test_an_answer_keeps_the_contract(
    cli: Cli, sample_library: Path, show: Callable[[str], object], question: str
) -> None:
    ran = cli("--library", sample_library, "ask", question, "--json")
    assert ran.status == 0, ran.out
    assert len(ran.out.splitlines()) == 1
    assert ran.json["question"] == question
    is_answer(ran.json, show)


def test_the_library_abstains_and_says_so_with_the_exit_status_when_asked_to(cli: Cli, sample_library: Path) -> None:
    assert cli("--library", sample_library, "ask", BREAD).status == 0
    ran = cli("--library", sample_library, "ask", BREAD, "--exit-code", "--json")
    assert (ran.status, ran.json["answered"]) == (8, False)
    assert cli("--library", sample_library, "ask", GROKKING, "--exit-code").status == 0
    assert "does not hold an answer" in cli("--library", sample_library, "ask", BREAD).out


def test_a_stream_is_claims_and_then_the_whole_answer(
    cli: Cli, sample_library: Path, show: Callable[[str], object]
) -> None:
    events = [
        json.loads(line)
        for line in cli("--library", sample_library, "ask", GROKKING, "--json", "--stream").out.splitlines()
    ]
    *claims, answer = events
    assert [event.pop("event") for event in claims] == ["claim"] * len(claims)
    assert answer.pop("event") == "answer"
    assert claims == answer["claims"]
    is_answer(answer, show)


def test_a_stream_of_an_abstention_is_the_answer_alone(cli: Cli, sample_library: Path) -> None:
    ran = cli("--library", sample_library, "ask", BREAD, "--json", "--stream")
    assert ran.json["event"] == "answer"


def test_the_number_of_sentences_is_at_most_the_one_asked_for(cli: Cli, sample_library: Path) -> None:
    assert len(cli("--library", sample_library, "ask", CITATIONS, "--max-sentences", "2", "--json").json["claims"]) == 2


def test_search_keeps_the_contract_and_the_limit(cli: Cli, sample_library: Path) -> None:
    ran = cli("--library", sample_library, "search", "speculative decoding", "--limit", "3", "--json")
    has(ran.json, {"query": str, "hits": list, "took_ms": float})
    assert len(ran.json["hits"]) == 3
    scores = [hit["score"] for hit in ran.json["hits"]]
    assert scores == sorted(scores, reverse=True)
    for hit in ran.json["hits"]:
        is_hit(hit)


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("question", "says"),
    [("", "empty"), (" \n\t ", "empty"), ("what is the", "no word"), ("?!…", "no word"), ("q" * 20_001, "20,001")],
)
def test_a_question_with_nothing_to_look_for_is_refused(
    cli: Cli, sample_library: Path, command: str, question: str, says: str
) -> None:
    ran = cli("--library", sample_library, command, question, "--json")
    assert ran.status == 4
    assert ran.json["error"]["type"] == "BadQuestion"
    assert says in ran.json["error"]["message"]
    assert len(ran.json["error"]["message"]) < 200


def test_a_question_of_exactly_the_limit_is_taken(cli: Cli, sample_library: Path) -> None:
    assert cli("--library", sample_library, "ask", ("grokking " * 3_000)[:20_000]).status == 0


def test_a_question_that_is_no_text_does_not_fail(sample_library: Path) -> None:
    ran = run_anew("--library", sample_library, "ask", "-", "--json", stdin=b"grokking \xff\xfe in \x00 networks\n")
    assert ran.status == 0, ran.out


# ---- filters, end to end


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 59),
        (["--since", "2026-06-29"], 25),
        (["--until", "2025"], 0),
        (["--category", "CS.rO"], None),
        (["--source", "csv"], 2),
        (["--paper", "sample:0007"], 1),
        (["--paper", "sample:0007", "--paper", "10.5555/refdesk.0001"], 2),
        (["--tag", "grokking", "--category", "q-bio.BM"], 0),
        (["--since", "2026-06", "--until", "2026-06"], None),
    ],
)
def test_filters_choose_the_same_papers_everywhere(
    cli: Cli, sample_library: Path, options: list[str], count: int | None
) -> None:
    rows = [json.loads(line) for line in cli("--library", sample_library, "export", *options).out.splitlines()]
    if count is not None:
        assert len(rows) == count
    ids = {row["id"] for row in rows}
    hits = cli(
        "--library", sample_library, "search", "model training results of robots", "--limit", "100", *options, "--json"
    ).json["hits"]
    assert {hit["paper_id"] for hit in hits} <= ids
    assert bool(hits) == bool(ids)
    answer = cli("--library", sample_library, "ask", GROKKING, *options, "--json").json
    assert {source["paper_id"] for source in answer["sources"]} <= ids


@pytest.mark.parametrize(
    ("options", "type_"),
    [
        (["--since", "yesterday"], "BadFilter"),
        (["--since", "2026-13"], "BadFilter"),
        (["--until", "2026-02-31"], "BadFilter"),
        (["--since", "2026", "--until", "2025"], "BadFilter"),
        (["--paper", "sample:9999"], "PaperNotFound"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(cli: Cli, sample_library: Path, options: list[str], type_: str) -> None:
    for command in (["ask", "grokking"], ["search", "grokking"]):
        ran = cli("--library", sample_library, *command, *options, "--json")
        assert (ran.status, ran.json["error"]["type"]) == (4, type_)
    ran = cli("--library", sample_library, "export", *options)
    assert (ran.status, ran.out) == (4, "")


# ---- errors


@pytest.mark.parametrize(
    ("arguments", "status", "type_"),
    [
        (["ask", "grokking"], 5, "LibraryNotFound"),
        (["search", "grokking"], 5, "LibraryNotFound"),
        (["show", "arxiv:2406.11741"], 5, "LibraryNotFound"),
        (["status"], 5, "LibraryNotFound"),
        (["check"], 5, "LibraryNotFound"),
        (["reindex"], 5, "LibraryNotFound"),
        (["init", "--embedder", "nothing"], 3, "ConfigError"),
        (["init", "--embedder", "openai:words"], 3, "ConfigError"),
        (["add", "no-such-file.jsonl"], 4, "UnreadableInput"),
        (["add", "no-such-*.bib"], 4, "UnreadableInput"),
        (["sync"], 3, "ConfigError"),
        (["add", str(ROOT / "examples" / "papers.csv"), "--format", "nothing"], 4, "UnknownFormat"),
        (["add", str(ROOT / "examples" / "papers.csv"), "--listed", "soon"], 4, "BadFilter"),
    ],
)
def test_a_failure_is_one_document_with_json_and_one_sentence_without(
    cli: Cli, arguments: list[str], status: int, type_: str
) -> None:
    ran = cli(*arguments, "--json")
    assert ran.status == status
    error = ran.json["error"]
    assert set(error) == {"type", "message", "hint"}
    assert error["type"] == type_
    assert error["message"].endswith(".")
    plain = cli(*arguments)
    assert (plain.status, plain.out) == (status, "")
    assert plain.err.startswith(f"Error: {error['message']}")
    assert "Traceback" not in plain.err
    assert error["hint"] is None or f"Hint: {error['hint']}" in plain.err


def test_verbose_shows_where_an_error_came_from(cli: Cli) -> None:
    ran = cli("-v", "status")
    assert ran.status == 5
    assert "Traceback" in ran.err


def test_an_export_without_a_library_fails_without_output(cli: Cli) -> None:
    ran = cli("export")
    assert (ran.status, ran.out) == (5, "")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 4),
        (b"%PDF-1.7 binary", 4),
        (b"just some words\nand more words\n", 4),
        (b'{"id": "1", "title": "No abstract"}\n', 4),
        (b"title,abstract\n", 4),
        (b'{"id": "1", "title": "T", "abstract": "We study something."}\n{"id": "2", "title": "No abstract"}\n', 0),
    ],
)
def test_add_fails_when_nothing_was_accepted(cli: Cli, write: Callable[..., Path], content: bytes, status: int) -> None:
    assert cli("add", write("input.data", content), "--json").status == status


def test_a_file_of_an_encoding_that_is_not_sure_is_refused_until_it_is_named(
    cli: Cli, write: Callable[..., Path]
) -> None:
    title = "שלום עולם ספר לבן ביתי"
    text = f"TY  - JOUR\nTI  - {title}\nAB  - We counted moss on walls in five cities.\nER  - \n"
    path = write("p.ris", text.encode("cp1255"))
    ran = cli("add", path)
    assert ran.status == 4
    assert "--encoding NAME" in ran.err
    assert cli("add", path, "--encoding", "windows-1255", "--json").json["added"] == 1
    assert title in cli("export").out


def test_strict_fails_when_anything_was_refused_and_keeps_the_rest(cli: Cli, write: Callable[..., Path]) -> None:
    path = write(
        "p.jsonl", '{"id": "1", "title": "T", "abstract": "We study something."}\n{"id": "2", "title": "No abstract"}\n'
    )
    ran = cli("add", path, "--strict", "--json")
    assert (ran.status, ran.json["added"]) == (4, 1)
    assert ran.json["rejected"] == [{"where": "line 2", "reason": "no abstract", "title": "No abstract"}]
    assert cli("status", "--json").json["papers"] == 1


def test_of_several_inputs_one_that_cannot_be_read_is_a_reject(cli: Cli, tmp_path: Path) -> None:
    ran = cli("add", ROOT / "examples" / "papers.csv", tmp_path / "none.csv", "--json")
    assert (ran.status, ran.json["added"]) == (0, 3)
    assert [reject["where"] for reject in ran.json["rejected"]] == [str(tmp_path / "none.csv")]


# ---- show, status, check, reindex, init


def test_show_keeps_the_contract(cli: Cli, sample_library: Path) -> None:
    shown = cli("--library", sample_library, "show", "sample:0038", "--json").json
    has(shown, SHOWN)
    for number, sentence in enumerate(shown["sentences"], start=1):
        has(sentence, SENTENCE)
        assert sentence["number"] == number
        assert shown["abstract"][sentence["start"] : sentence["end"]] == sentence["text"]
    assert len(shown["revisions"]) == 2
    for revision in shown["revisions"]:
        has(revision, {"hash": str, "seen": str})
    assert "1.7" in shown["abstract"]


def test_every_alias_finds_its_paper(cli: Cli, sample_library: Path) -> None:
    with refdesk.open_library(sample_library, read_only=True) as library:
        for paper in library.papers():
            for alias in paper.aliases:
                assert library.show(alias).paper_id == paper.paper_id
    for name in ("2799.00012", "arXiv:2799.00012v1", "https://arxiv.org/abs/2799.00012v2"):
        assert cli("--library", sample_library, "show", name, "--json").json["paper_id"] == "arxiv:2799.00012"


@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 60_000, "a " * 990, "a " * 2_000], ids=len)
def test_an_unknown_paper_is_refused(cli: Cli, sample_library: Path, name: str) -> None:
    ran = cli("--library", sample_library, "show", name, "--json")
    assert (ran.status, ran.json["error"]["type"]) == (4, "PaperNotFound")
    assert len(ran.json["error"]["message"]) < 400


def test_several_papers_are_shown_one_document_a_line(cli: Cli, sample_library: Path) -> None:
    names = ("sample:0038", "10.5555/refdesk.0001", "2799.00012")
    ran = cli("--library", sample_library, "show", *names, "--json")
    alone = [cli("--library", sample_library, "show", name, "--json").json for name in names]
    assert [json.loads(line) for line in ran.out.splitlines()] == alone
    text = cli("--library", sample_library, "show", *names).out
    assert all(document["title"] in " ".join(text.split()) for document in alone)


def test_one_unknown_paper_of_several_is_refused_before_any_is_shown(cli: Cli, sample_library: Path) -> None:
    ran = cli("--library", sample_library, "show", "sample:0038", "sample:9999")
    assert (ran.status, ran.out) == (4, "")
    assert "sample:9999" in ran.err


@pytest.mark.parametrize("command", ["show", "like"])
def test_a_paper_is_found_by_words_of_its_title(cli: Cli, own_library: Path, command: str) -> None:
    with refdesk.open_library(own_library) as library:
        paper = library.show("arxiv:2799.00012")
    first, second, *_, last = paper.title.lower().replace(":", "").split()
    for words in ([paper.title], [paper.title.upper()], [f"{last} {first} {second[:4]}"]):
        ran = cli("--library", own_library, command, *words)
        assert ran.status == 0, ran.err
        assert paper.paper_id in ran.out + ran.err


def test_show_lists_revisions_only_where_there_are_several(cli: Cli, sample_library: Path) -> None:
    assert "(this one)" in cli("--library", sample_library, "show", "sample:0038").out
    assert "revisions" not in cli("--library", sample_library, "show", "sample:0007").out


def test_the_first_like_says_what_issues_will_leave_out_and_a_new_rating_what_was_before(
    cli: Cli, own_library: Path
) -> None:
    def rate(*words: str) -> str:
        ran = cli("--library", own_library, *words)
        assert ran.status == 0, ran.err
        return ran.err

    assert "From now on" not in rate("dislike", "sample:0041")
    assert "From now on, issues show only papers that are near enough" in rate("like", "sample:0007")
    assert "From now on" not in rate("like", "sample:0008")
    assert rate("dislike", "sample:0008").startswith("disliked, was liked before: Two Circuits")
    assert rate("dislike", "sample:0008").startswith("disliked: Two Circuits")


@pytest.mark.parametrize("period", [[], ["--week", "2020-W01"], ["--json"]])
def test_an_empty_digest_hints_at_the_last_week_that_has_papers(
    cli: Cli, sample_library: Path, tmp_path: Path, period: list[str]
) -> None:
    hint = (
        "Hint: The library's papers are of 2026-01-01 to 2026-07-03; `refdesk digest --week 2026-W27` shows the last."
    )
    ran = cli("--library", sample_library, "digest", *period)
    assert (ran.status, hint in ran.err) == (0, True), ran.err
    assert hint not in cli("--library", sample_library, "digest", "--week", "2026-W27").err
    cli("--library", tmp_path / "new", "init")
    assert "The library is empty" in cli("--library", tmp_path / "new", "digest", *period).err


def test_a_sync_that_failed_says_so(cli: Cli, own_library: Path) -> None:
    (own_library / "refdesk.toml").write_text('[feeds.box]\nkind = "folder"\npath = "/nowhere"\n', encoding="utf-8")
    ran = cli("--library", own_library, "sync")
    assert ran.status == 6
    assert ran.out.startswith("box  broken: failed in ")


def test_formats_are_listed_in_columns(cli: Cli) -> None:
    listed = cli("add", "--list-formats").out.splitlines()
    column = max(len(line.split()[0]) for line in listed) + 2
    assert {line[column - 1] for line in listed} == {" "}
    assert " " not in {line[column] for line in listed}


def test_an_empty_query_is_told_how_to_search(cli: Cli, sample_library: Path) -> None:
    ran = cli("--library", sample_library, "search", "")
    assert (ran.status, ran.out) == (4, "")
    assert "`refdesk search grokking`" in ran.err


def test_the_status_spells_categories_as_the_papers_do(cli: Cli, sample_library: Path) -> None:
    assert list(cli("--library", sample_library, "status", "--json").json["categories"])[:2] == ["cs.LG", "cs.CL"]


def test_title_words_need_no_quotes_where_none_is_an_id(cli: Cli, sample_library: Path) -> None:
    with refdesk.open_library(sample_library, read_only=True) as library:
        paper = library.show("arxiv:2799.00012")
    words = [word for word in paper.title.replace(":", "").split() if word.isalpha()]
    assert cli("--library", sample_library, "show", *words, "--json").json["paper_id"] == paper.paper_id


def test_title_words_of_several_papers_list_them_with_their_ids(cli: Cli, sample_library: Path) -> None:
    ran = cli("--library", sample_library, "show", "grokking", "--json")
    assert ran.status == 4
    message = ran.json["error"]["message"]
    assert message.startswith("Several papers have “grokking” in their titles: ")
    with refdesk.open_library(sample_library, read_only=True) as library:
        titled = [paper for paper in library.papers() if "grokking" in paper.title.casefold()]
    assert len(titled) > 1
    for paper in titled:
        assert f"{paper.paper_id} “{paper.title[:80]}”" in message


@pytest.mark.parametrize("words", ["no such words here", "%", "_ _", "grokking\x00", "…"])
def test_title_words_of_no_paper_are_refused(cli: Cli, sample_library: Path, words: str) -> None:
    ran = cli("--library", sample_library, "show", words, "--json")
    assert (ran.status, ran.json["error"]["type"]) == (4, "PaperNotFound")


def test_status_check_and_reindex_print_one_document(cli: Cli, own_library: Path) -> None:
    status = cli("--library", own_library, "status", "--json").json
    assert (status["papers"], status["to_index"], status["embedder"], status["dimension"]) == (59, 0, "static-256", 256)
    assert cli("--library", own_library, "check", "--json").json == {
        "ok": True,
        "papers": 59,
        "without_vectors": 0,
        "findings": [],
    }
    assert cli("--library", own_library, "reindex", "--json").json == {
        "indexed": 59,
        "embedder": "static-256",
        "without_vectors": 0,
    }


def test_check_exits_with_7_and_names_what_is_amiss(cli: Cli, own_library: Path) -> None:
    with refdesk.open_library(own_library) as library:
        library._store.lexical.upsert([], ["arxiv:2799.00012"])
    ran = cli("--library", own_library, "check", "--json")
    assert ran.status == 7
    [finding] = ran.json["findings"]
    assert finding == {"store": "lexical", "kind": "missing", "count": 1, "examples": ["arxiv:2799.00012"]}
    assert "arxiv:2799.00012" in cli("--library", own_library, "check").out
    assert cli("--library", own_library, "reindex").status == 0
    assert cli("--library", own_library, "check").status == 0


def test_init_makes_a_library_and_another_embedder_is_a_mismatch(cli: Cli, tmp_path: Path) -> None:
    assert cli("--library", tmp_path / "new", "init", "--json").json["papers"] == 0
    assert cli("--library", tmp_path / "new", "init").status == 0
    ran = cli("--library", tmp_path / "new", "init", "--embedder", "minilm", "--json")
    assert (ran.status, ran.json["error"]["type"]) == (5, "StoreMismatch")
    assert cli("--library", tmp_path / "new", "ask", "grokking in networks", "--exit-code").status == 8


# ---- export


@pytest.mark.parametrize("form", ["bibtex", "csl", "ris"])
def test_other_exports_come_back_without_a_change(cli: Cli, own_library: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    assert cli("--library", own_library, "export", "--format", form, "-o", path).status == 0
    again = cli("--library", own_library, "add", path, "--json").json
    assert (again["added"], again["updated"], again["rejected"]) == (0, 0, [])
    assert cli("--library", tmp_path / "new", "add", path, "--json").json["added"] == again["unchanged"]


def test_exported_jsonl_comes_back_without_a_change(cli: Cli, own_library: Path, tmp_path: Path) -> None:
    out = cli("--library", own_library, "export").out
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 59
    (tmp_path / "papers.jsonl").write_text(out, encoding="utf-8")
    report = cli("--library", own_library, "add", tmp_path / "papers.jsonl", "--json").json
    assert (report["added"], report["rejected"]) == (0, [])
    assert cli("--library", own_library, "export").out == out
    again = cli("--library", own_library, "add", tmp_path / "papers.jsonl", "--json").json
    assert again["unchanged"] == 59


def test_exported_jsonl_makes_the_same_papers_elsewhere(cli: Cli, sample_library: Path, tmp_path: Path) -> None:
    def papers(path: Path) -> list[str]:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row in rows:  # of several ids another may come first
            row["aliases"] = sorted({row.pop("id"), *row.get("aliases", [])} - {f"doi:{row.get('doi')}"})
        return sorted(json.dumps(row, sort_keys=True) for row in rows)

    cli("--library", sample_library, "export", "-o", tmp_path / "first.jsonl")
    report = cli("--library", tmp_path / "copy", "add", tmp_path / "first.jsonl", "--json").json
    assert (report["added"], report["rejected"]) == (59, [])
    cli("--library", tmp_path / "copy", "export", "-o", tmp_path / "second.jsonl")
    assert papers(tmp_path / "second.jsonl") == papers(tmp_path / "first.jsonl")


def test_exported_bibtex_has_one_whole_entry_a_paper(cli: Cli, sample_library: Path) -> None:
    out = cli("--library", sample_library, "export", "--format", "bibtex").out
    entries = [entry for entry in out.split("\n@") if entry.strip()]
    assert len(entries) == 59
    keys = [entry.partition("{")[2].partition(",")[0] for entry in entries]
    assert len(set(keys)) == 59
    for entry in entries:
        assert entry.replace("\\{", "").replace("\\}", "").count("{") == entry.replace("\\{", "").replace(
            "\\}", ""
        ).count("}"), entry
        assert "  title = {{" in entry


@pytest.mark.parametrize("form", ["--json", "--markdown"])
@pytest.mark.parametrize("to", ["jsonl", "bibtex", "csl", "ris"])
def test_the_sources_of_an_answer_are_exported_in_their_order(
    cli: Cli, sample_library: Path, tmp_path: Path, form: str, to: str
) -> None:
    answer = cli("--library", sample_library, "ask", CITATIONS, "--json").json
    ids = [source["paper_id"] for source in answer["sources"]]
    assert len(ids) > 1
    (tmp_path / "answer").write_text(cli("--library", sample_library, "ask", CITATIONS, form).out, encoding="utf-8")
    ran = cli("--library", sample_library, "export", "--answer", tmp_path / "answer", "--format", to)
    assert ran.status == 0
    places = [ran.out.index(paper_id) for paper_id in ids]
    assert places == sorted(places)
    (tmp_path / "out").write_text(ran.out, encoding="utf-8")
    assert cli("--library", tmp_path / "new", "add", tmp_path / "out", "--json").json["added"] == len(ids)


def test_an_answer_from_standard_input_is_exported(cli: Cli, sample_library: Path) -> None:
    answer = cli("--library", sample_library, "ask", GROKKING, "--json")
    ran = run_anew("--library", sample_library, "export", "--answer", "-", stdin=answer.out.encode())
    rows = [json.loads(line)["id"] for line in ran.out.splitlines()]
    assert (ran.status, rows) == (0, [source["paper_id"] for source in answer.json["sources"]])


def test_a_cited_paper_that_the_library_lacks_is_named(cli: Cli, sample_library: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"sources": [{"paper_id": "doi:10.1/none"}, {"paper_id": "sample:0038"}]}')
    ran = cli("--library", sample_library, "export", "--answer", tmp_path / "a.json")
    assert (ran.status, ran.out) == (4, "")
    assert "lacks 1 of 2 cited papers: doi:10.1/none." in ran.err


@pytest.mark.parametrize("content", ["", "{}", "{broken", "# Notes\n\nNothing here.\n", '{"sources": []}'])
def test_a_document_without_sources_is_refused(cli: Cli, sample_library: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    ran = cli("--library", sample_library, "export", "--answer", tmp_path / "a.json")
    assert (ran.status, ran.out) == (4, "")


def test_an_answer_and_filters_at_once_are_a_usage_error(cli: Cli, sample_library: Path, tmp_path: Path) -> None:
    ran = cli("--library", sample_library, "export", "--answer", tmp_path / "a.json", "--tag", "x")
    assert (ran.status, ran.out) == (2, "")


# ---- settings


def test_the_library_named_on_the_command_line_goes_before_the_environment(
    cli: Cli, sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_LIBRARY", str(sample_library))
    assert cli("status", "--json").json["papers"] == 59
    assert cli("--library", tmp_path / "none", "status").status == 5


def test_flags_go_before_the_environment_and_that_before_the_file(
    cli: Cli, own_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sentences(*options: object) -> int:
        asked = ("ask", "Norm decay explains the delay of generalization.", "--json")
        return len(cli("--library", own_library, *options[:2], *asked, *options[2:]).json["claims"])

    assert sentences() == 5
    (own_library / "refdesk.toml").write_text("max_sentences = 4\n")
    assert sentences() == 4
    (tmp_path / "other.toml").write_text("max_sentences = 3\n")
    assert sentences("--config", tmp_path / "other.toml") == 3
    monkeypatch.setenv("REFDESK_MAX_SENTENCES", "2")
    assert sentences("--config", tmp_path / "other.toml") == 2
    assert sentences("--config", tmp_path / "other.toml", "--max-sentences", "1") == 1


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("colour = 'red'\n", "colour"),
        ("max_sentences = 'many'\n", "max_sentences"),
        ("max_sentences = true\n", "max_sentences"),
        ("max_sentences = 0\n", "at least 1"),
        ("lock_timeout_s = -1\n", "at least 0"),
        ("[embedder]\nname = 'static'\n", "embedder"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_wrong_setting_exits_with_3_and_names_it(cli: Cli, own_library: Path, toml: str, says: str) -> None:
    (own_library / "refdesk.toml").write_text(toml)
    ran = cli("--library", own_library, "status", "--json")
    assert ran.status == 3
    assert ran.json["error"]["type"] == "ConfigError"
    assert says in ran.json["error"]["message"]


def test_a_wrong_setting_in_the_environment_and_a_missing_file_exit_with_3(
    cli: Cli, sample_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("--library", sample_library, "--config", "none.toml", "status").status == 3
    monkeypatch.setenv("REFDESK_LOCK_TIMEOUT_S", "soon")
    ran = cli("--library", sample_library, "status")
    assert ran.status == 3
    assert "REFDESK_LOCK_TIMEOUT_S" in ran.err


# ---- hostile text


def test_markup_in_titles_is_shown_as_text(cli: Cli, write: Callable[..., Path]) -> None:
    title = "[red]x[/red] [link=https://evil.example]y[/link] :smile: {0} %s"
    path = write(
        "p.jsonl",
        json.dumps({"id": "1", "title": title, "abstract": "We study [bold]zymurgy[/bold] with care."}) + "\n",
    )
    assert cli("add", path).status == 0
    for command in (["ask", "study of zymurgy"], ["search", "zymurgy"], ["show", "1"]):
        out = cli(*command).out
        assert title in out.replace("https: //", "https://")
        assert "[bold]zymurgy[/bold]" in out


def test_escapes_are_refused_and_told_without_them(cli: Cli, write: Callable[..., Path]) -> None:
    path = write(
        "p.jsonl",
        json.dumps({"id": "1", "title": "\x1b[31mred\x1b[0m", "abstract": "We study something with care."}) + "\n",
    )
    ran = cli("add", path)
    assert ran.status == 4
    assert "U+001B" in ran.out
    assert ESCAPE not in ran.out + ran.err


def test_a_very_long_title_is_shown_whole(cli: Cli, write: Callable[..., Path]) -> None:
    title = "Long " * 3_000
    path = write("p.jsonl", json.dumps({"id": "1", "title": title, "abstract": "We study zymurgy with care."}) + "\n")
    assert cli("add", path).status == 0
    assert title.strip() in cli("search", "zymurgy").out


@pytest.mark.parametrize("arguments", [["search", "grokking", "--json"], ["export"]])
def test_output_that_cannot_be_written_is_told_in_one_sentence(sample_library: Path, arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ran = subprocess.run(
            [sys.executable, "-m", "refdesk", "--library", sample_library, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 5
    assert ran.stderr.startswith("Error: The output cannot be written: the disk is full.\nHint: ")


def test_an_export_that_fails_leaves_the_file_as_it_was(cli: Cli, sample_library: Path, tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text("old", encoding="utf-8")
    (tmp_path / f".{path.name}.part").mkdir()  # the new file cannot be written
    assert cli("--library", sample_library, "export", "-o", path).status == 5
    assert path.read_text(encoding="utf-8") == "old"


def test_an_export_to_a_full_disk_names_the_file(cli: Cli, sample_library: Path, tmp_path: Path) -> None:
    ran = cli("--library", sample_library, "export", "-o", "/dev/full")
    assert (ran.status, ran.out) == (5, "")
    assert ran.err.startswith("Error: /dev/full cannot be written: the disk is full.\nHint: ")
    ran = cli("--library", sample_library, "export", "-o", tmp_path / "none" / "papers.jsonl")
    assert ran.status == 5
    assert f"{tmp_path / 'none' / 'papers.jsonl'} cannot be written: No such file or directory." in ran.err


def test_an_input_that_does_not_fit_into_the_temporary_folder_is_told(tmp_path: Path) -> None:
    papers = json.dumps({"id": "1", "title": "T", "abstract": "We study something with care. " * 600_000}) + "\n"
    ran = subprocess.run(
        ["bash", "-c", 'ulimit -f 4000; exec "$@"', "-", sys.executable, "-m", "refdesk", "add", "-"],
        input=papers,
        capture_output=True,
        text=True,
        env=environment(TMPDIR=str(tmp_path)),
        check=False,
    )
    assert ran.returncode == 5
    assert ran.stderr.startswith(f"Error: The input does not fit into the temporary folder {tmp_path}: File too large.")


def test_an_interrupt_while_a_url_is_fetched_is_told_in_a_word(tmp_path: Path) -> None:
    with serving() as server:
        server.mood = "drip"
        command = [sys.executable, "-m", "refdesk", "add", f"{server.url}/rss"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
            until = time.monotonic() + 60
            while not server.asked and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"Interrupted.\n")


def test_what_outsiders_name_cannot_steer_the_terminal(cli: Cli, write: Callable[..., Path]) -> None:
    path = write(f"hdr{ESCAPE}[31m.csv", "a,b\n1,2\n")
    ran = cli("add", path)
    assert ran.status == 4
    assert ESCAPE not in ran.err
    assert cli("add", path, "--tag", f"{ESCAPE}]0;x").status == 4


def test_nothing_that_is_piped_has_escape_codes_even_for_links(cli: Cli, sample_library: Path) -> None:
    for command in (
        ["ask", GROKKING],
        ["ask", BREAD],
        ["search", "grokking"],
        ["show", "sample:0032"],
        ["status"],
        ["check"],
    ):
        ran = cli("--library", sample_library, *command)
        assert ESCAPE not in ran.out + ran.err, command
