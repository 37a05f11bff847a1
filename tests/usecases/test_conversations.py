"""Conversations in `chat`: follow-ups without a model, sentences that are not shown twice, commands, and saving."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest

import refdesk
from rag.answers.followups import sentences_of, without_repetitions
from tests.chat_server import honest, serving, shown
from tests.commands import ROOT, Ran, environment, run
from tests.copies import copied
from tests.faces.shapes import is_answer
from tests.faces.shapes import shown as stored

GROKKING = "What explains grokking, the delayed generalization of networks?"
CITATIONS = "Do inline citations make the answers of language models less correct?"
NUMBER = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample library, read by all tests here."""
    folder = tmp_path_factory.mktemp("conversations") / "library"
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl")
    return folder


@pytest.fixture
def chat(folder: Path) -> Callable[..., Ran]:
    """`refdesk chat` with these lines typed."""

    def typed(*lines: str) -> Ran:
        ran = run("--library", folder, "chat", stdin="\n".join(lines).encode(), env=environment())
        assert ran.status == 0
        return ran

    return typed


# ---- follow-ups


def test_a_follow_up_takes_the_frame_of_the_last_question(chat: Callable[..., Ran]) -> None:
    ran = chat("Does weight decay explain grokking?", "what about label noise?", "and why?")
    assert "Read as: Does label noise explain grokking?" in ran.err
    assert "Read as: Why does label noise explain grokking?" in ran.err
    assert ran.out.count("Sources") + ran.out.count("does not hold an answer") == 3


def test_a_question_that_is_no_follow_up_is_said_to_be_one_of_its_own(chat: Callable[..., Ran]) -> None:
    assert chat(GROKKING, CITATIONS).err.count("Read as a question of its own.") == 1


def test_a_pronoun_that_may_mean_two_things_is_not_guessed(chat: Callable[..., Ran]) -> None:
    ran = chat("Does weight decay explain grokking?", "How fast is it?")
    assert "“it” is not clear without a model. It may be “weight decay” or “grokking”." in ran.err
    assert "Hint: Ask again with the name in its place." in ran.err
    assert ran.out.count("Sources") == 1


def test_an_unclear_line_does_not_end_what_can_be_followed(chat: Callable[..., Ran]) -> None:
    ran = chat("Does weight decay explain grokking?", "How fast is it?", "and label noise?")
    assert "Read as: Does label noise explain grokking?" in ran.err


def test_a_follow_up_is_read_by_rule_where_the_model_fails(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        server.moods, server.reply = ["ok", "refused"], honest
        copy = copied(folder, tmp_path / "own")
        ran = run(
            "--library", copy, "chat", "--model", f"openai:talking-{next(NUMBER)}",
            stdin=b"Does weight decay explain grokking?\nand label noise?\n", env=environment(),
        )  # fmt: skip
        assert "The question is read by rule." in ran.err
        assert "Read as: Does label noise explain grokking?" in ran.err
        assert [bool(shown(body)) for body in server.requests][:1] == [True]


def test_python_reads_follow_ups_by_rule_too(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        assert library.condense(["What is grokking?"], "and double descent?") == "What is double descent?"
        assert library.follow_up(["Is A better than B?"], "why is it?").reading == "resolved"
        assert library.follow_up([], "and double descent?").reading == "own"


# ---- nothing twice


def test_no_sentence_is_shown_twice_and_the_end_is_told(chat: Callable[..., Ran]) -> None:
    ran = chat("Norm decay explains the delay of generalization.", *["tell me more"] * 40)
    told = [line for line in ran.out.splitlines() if line.rstrip().endswith("]") and not line.startswith("[")]
    assert len(told) >= 2
    sentences = [line.rpartition(" [")[0] for line in told]
    seen: set[str] = set()
    for sentence, following in pairwise([*sentences, ""]):
        assert sentence not in seen or following not in seen  # a sentence may stand again before the one that needs it
        seen.add(sentence)
    assert "shown before are left out." in ran.err
    assert "Nothing new is left" in ran.err.splitlines()[-1]


def test_a_question_of_its_own_is_answered_also_with_what_was_shown(chat: Callable[..., Ran]) -> None:
    ran = chat("What explains grokking?", "Why does grokking happen?", *["What explains grokking?"] * 40)
    assert "All of it was shown before, as the answer to another question." in ran.err
    assert ran.err.count("All of it was shown before") > 30
    assert ran.out.count("\nSources") > 30


def test_what_is_left_of_an_answer_keeps_the_contract(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        answer = library.ask(GROKKING, max_sentences=12)
        sentences = sentences_of(answer)
        for number in range(len(sentences) + 1):
            left = without_repetitions(answer, sentences[:number], limit=5)
            new = [each for each in sentences_of(left) if each not in sentences[:number]]
            assert len(new) == min(5, len(sentences) - number)
            if new:
                is_answer(left.to_dict(), lambda name: stored(library, name))
        assert without_repetitions(answer, [], limit=50) == answer


# ---- commands


def test_an_unknown_command_names_the_near_ones_and_all(chat: Callable[..., Ran]) -> None:
    ran = chat("/sorces", "/xyz")
    first, second = ran.err.splitlines()[-4:-2], ran.err.splitlines()[-2:]
    everything = "There are /sources, /show N, /save FILE, /help, /quit."
    assert first == ["Error: Unknown command “/sorces”.", f"Hint: Did you mean /sources? {everything}"]
    assert second == ["Error: Unknown command “/xyz”.", f"Hint: {everything}"]
    assert ran.out == ""


def test_help_says_what_each_command_does(chat: Callable[..., Ran]) -> None:
    out = chat("/help").out
    assert [line.split()[0] for line in out.splitlines()] == ["/sources", "/show", "/save", "/help", "/quit"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["/sources"], "Nothing was asked yet."),
        (["/show 1"], "Nothing was asked yet."),
        (["/save x.md"], "There is no answer to save."),
        ([GROKKING, "/show"], "/show needs the number of a source."),
        ([GROKKING, "/show 99"], "The last answer has no source “99”."),
        ([GROKKING, "/save"], "/save needs the name of a file."),
    ],
)
def test_a_command_that_cannot_be_done_says_why_and_what_to_do(
    chat: Callable[..., Ran], lines: list[str], message: str
) -> None:
    *_, error, hint = chat(*lines).err.splitlines()
    assert error == f"Error: {message}"
    assert hint.startswith("Hint: ")


# ---- saving


def test_a_saved_conversation_is_read_again_by_verify(folder: Path, chat: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "my talk.md"
    ran = chat(GROKKING, CITATIONS, "What is the capital of France?", "papers by A. Nobody", f"/save '{file}'")
    assert f"Saved 4 answers to {file}." in ran.err
    text = file.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("# ")][:2] == [f"# {GROKKING}", f"# {CITATIONS}"]
    checked = run("--library", folder, "verify", "--json", file)
    assert checked.status == 0
    assert checked.json["checked"] >= 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("grokking", "groking"),
        ("## Sources", "# Grokking cures cancer.\n\n## Sources"),
        ("\n# ", "\n# It is known.\n\n# "),
    ],
)
def test_verify_finds_what_was_changed_in_a_saved_conversation(
    folder: Path, chat: Callable[..., Ran], tmp_path: Path, old: str, new: str
) -> None:
    file = tmp_path / "talk.md"
    chat(CITATIONS, GROKKING, f"/save {file}")
    heading, text = file.read_text(encoding="utf-8").split("\n", 1)
    head, _, rest = text.rpartition(old) if old == "grokking" else text.partition(old)
    file.write_text(f"{heading}\n{head}{new}{rest}", encoding="utf-8")
    assert run("--library", folder, "verify", file).status == 7


def test_saving_again_replaces_what_the_conversation_wrote(chat: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "talk.md"
    ran = chat(GROKKING, f"/save {file}", CITATIONS, "/save")
    assert "Saved 1 answer to" in ran.err
    assert "Saved 2 answers to" in ran.err
    assert file.read_text(encoding="utf-8").count("## Sources") == 2


def test_a_file_that_the_conversation_did_not_write_is_never_replaced(chat: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "mine.md"
    file.write_text("my notes", encoding="utf-8")
    ran = chat(GROKKING, f"/save {file}", f"/save {tmp_path}", f"/save {tmp_path / 'none' / 'x.md'}")
    assert f"Error: {file} exists already, and is not replaced.\nHint: Save under another name." in ran.err
    assert f"Error: {tmp_path} is a folder." in ran.err
    assert f"Error: There is no folder {tmp_path / 'none'}." in ran.err
    assert file.read_text(encoding="utf-8") == "my notes"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.md"]


def test_a_saved_file_that_was_edited_meanwhile_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    import click.testing

    from refdesk.cli.chat import Conversation
    from refdesk.cli.common import Session

    file = tmp_path / "talk.md"
    session = Session(folder=folder, config=None, verbose=False, quiet=True)
    with refdesk.open_library(folder) as library, click.testing.CliRunner().isolation() as (_, err, *_rest):
        conversation = Conversation(session, library, {})
        conversation.take(GROKKING)
        conversation.take(f"/save {file}")
        file.write_text("edited", encoding="utf-8")
        conversation.take("/save")
        told = err.getvalue().decode()
    assert "was changed since it was saved, and is not replaced" in told
    assert file.read_text(encoding="utf-8") == "edited"
