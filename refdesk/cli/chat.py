"""The command `chat`: questions, follow-ups, and the commands of a conversation, which begin with a slash."""

from __future__ import annotations

import sys
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refdesk.cli.ask import answering_options
from refdesk.cli.common import INTERRUPTED, Session, filters, printable, show
from refdesk.near_names import near_names

if TYPE_CHECKING:
    from rag.question import FollowUp
    from rag.types import Answer, Filter
    from refdesk.library import Library

COMMANDS = {
    "/sources": "list the sources of the last answer",
    "/show N": "show source N of the last answer, sentence by sentence",
    "/save FILE": "save the conversation with its sources as Markdown; without FILE, where it was saved before",
    "/help": "show this",
    "/quit": "end",
}
_ENDING = ("/quit", "/exit", "/q")
_MOST_SENTENCES = 50


@click.command()
@answering_options
@filters
@click.pass_obj
def chat(
    session: Session,
    model: str | None,
    judge: str | None,
    fresh: bool,
    strict: bool,
    keep_unsupported: bool,
    chosen: Filter,
) -> None:
    """
    Ask, with follow-ups such as “and X?”.

    A model makes a question of a follow-up; without one, rules do. /sources, /show N, /save FILE, /help, /quit.
    """
    with suppress(ImportError):
        import readline  # noqa: F401 - line editing and history, where the platform has it
    with session.open(model=model, judge=judge) as library:
        if not library.model:
            session.tell("No model is configured: follow-ups such as “and X?” are read by rule.")
        session.tell(f"Ask a question. {', '.join(COMMANDS)}.")
        options = {"filter": chosen, "fresh": fresh, "strict": strict, "keep_unsupported": keep_unsupported}
        conversation = Conversation(session, library, options)
        while True:
            try:
                line = input("> " if sys.stdin.isatty() else "").strip()
            except EOFError:
                return
            if line.partition(" ")[0] in _ENDING:
                return
            if line:
                conversation.take(line)


class Conversation:
    """
    Questions and answers of one session.

    Args:
        session: Where notices go.
        library: The open library.
        options: Of `Library.ask`, for every question.
    """

    def __init__(self, session: Session, library: Library, options: dict[str, Any]) -> None:
        self._session, self._library, self._options = session, library, options
        self._asked: list[str] = []
        self._answers: list[Answer] = []
        self._shown: set[tuple[str, str]] = set()
        self._saved: dict[Path, bytes] = {}

    def take(self, line: str) -> None:
        """Answer a question, or do a command; what fails is told, and the conversation goes on."""
        from rag.errors import RefdeskError

        try:
            if line.startswith("/"):
                self._do(*line.split(maxsplit=1))
            else:
                self._ask(line)
        except CancelledError as error:
            raise KeyboardInterrupt from error
        except RefdeskError as error:
            _fail(error.message, error.hint)

    # ---- questions

    def _ask(self, line: str) -> None:
        read = self._read(line)
        if read.reading == "unclear":
            may_be = f" It may be {_either(read.candidates)}." if read.candidates else ""
            _fail(f"“{read.word}” is not clear without a model.{may_be}", "Ask again with the name in its place.")
            return
        if read.question != line:
            self._session.tell(f"Read as: {read.question}")
        elif self._asked and not self._library.model:
            self._session.tell("Read as a question of its own.")
        is_own = read.reading == "own"
        answer = self._streamed(read.question) if self._library.model else self._quoted(read.question, is_own=is_own)
        self._asked.append(read.question)
        if answer:
            from rag.answers.followups import sentences_of

            self._answers.append(answer)
            self._shown.update(sentences_of(answer))

    def _read(self, line: str) -> FollowUp:
        from rag.errors import ModelUnavailable

        try:
            return self._library.follow_up(self._asked, line, cancel=INTERRUPTED)
        except ModelUnavailable as error:
            self._session.tell(f"{error.message} The question is read by rule.")
            return self._library.follow_up(self._asked, line, by_rule=True)

    def _streamed(self, question: str) -> Answer:
        """Show the claims of the model as they come."""
        from refdesk.cli.ask import show_stream

        return show_stream(self._session, self._library.stream(question, cancel=INTERRUPTED, **self._options))

    def _quoted(self, question: str, *, is_own: bool) -> Answer | None:
        """
        Show an answer in the papers' own sentences, without those that were shown before.

        A question of its own that only these answer gets them again: who asked another thing needs its answer.
        """
        from refdesk.cli.ask import tell_degraded
        from refdesk.render import terminal

        answer = self._library.ask(question, cancel=INTERRUPTED, **self._options)
        repeated = sum(self._was_shown(answer, at) for at in range(len(answer.claims)))
        if repeated and answer.mode == "extractive":
            new = self._new(question, len(answer.claims), repeated)
            if not new and is_own:
                self._session.tell("All of it was shown before, as the answer to another question.")
            elif not new:
                self._session.tell(
                    "Nothing new is left: all sentences here that answer this were shown before. /sources lists the "
                    "sources of the last answer."
                )
                return None
            else:
                self._session.tell(f"{_sentences(repeated)} shown before {'is' if repeated == 1 else 'are'} left out.")
                answer = new
        tell_degraded(self._session, answer)
        show(terminal.answer(answer))
        return answer

    def _was_shown(self, answer: Answer, at: int) -> bool:
        places = answer.claims[at].citations
        return bool(places) and all((place.paper_id, place.quote) in self._shown for place in places)

    def _new(self, question: str, usual: int, repeated: int) -> Answer | None:
        """An answer of new sentences; it is asked for more of them, and at last for as many as there may be."""
        from rag.answers.followups import without_repetitions

        for most in (min(usual + repeated, _MOST_SENTENCES), _MOST_SENTENCES):
            answer = self._library.ask(question, max_sentences=most, cancel=INTERRUPTED, **self._options)
            new = without_repetitions(answer, self._shown, limit=usual)
            if new.claims:
                return new
        return None

    # ---- commands

    def _do(self, command: str, rest: str = "") -> None:
        from refdesk.render import terminal

        if command == "/help":
            for name, does in COMMANDS.items():
                click.echo(f"{name:<11} {does}")
        elif command == "/sources" and self._answers:
            show(terminal.sources(self._answers[-1]))
        elif command == "/show" and self._answers:
            self._show(self._answers[-1], rest.strip())
        elif command == "/save":
            self._save(rest.strip())
        elif command in ("/sources", "/show"):
            _fail("Nothing was asked yet.", "Ask a question first.")
        else:
            near = near_names(command.lower(), [name.split()[0] for name in COMMANDS])
            meant = f"Did you mean {' or '.join(near)}? " if near else ""
            _fail(f"Unknown command “{command}”.", f"{meant}There are {', '.join(COMMANDS)}.")

    def _show(self, answer: Answer, number: str) -> None:
        from refdesk.render import terminal

        papers = [source.paper for source in answer.sources if str(source.number) == number]
        if papers:
            show(terminal.paper(papers[0], self._library.revisions(papers[0].paper_id)))
        elif answer.sources:
            what = f"The last answer has no source “{number}”." if number else "/show needs the number of a source."
            _fail(what, f"The last answer has 1 to {len(answer.sources)}; for example: /show 1")
        else:
            _fail("The last answer has no sources.", "/show shows the sources of an answer.")

    def _save(self, name: str) -> None:
        """Write all answers as Markdown; of files that are there, only one that this conversation wrote is replaced."""
        from rag.files import write
        from refdesk.render.markdown import conversation

        path = _path(name) if name else next(reversed(self._saved), None)
        if not self._answers:
            return _fail("There is no answer to save.", "Ask a question first.")
        if path is None:
            return _fail("/save needs the name of a file.", "For example: /save conversation.md")
        if path.is_dir():
            return _fail(f"{path} is a folder.", f"Name a file in it: /save {path / 'conversation.md'}")
        if not path.parent.is_dir():
            return _fail(f"There is no folder {path.parent}.", "Make it first, or name a file in another folder.")
        if path.exists() and not self._is_ours(path):
            why = "was changed since it was saved" if path in self._saved else "exists already"
            return _fail(f"{path} {why}, and is not replaced.", "Save under another name.")
        content = conversation(self._answers).encode(errors="replace")
        write(path, content)
        self._saved.pop(path, None)
        self._saved[path] = content
        self._session.tell(f"Saved {len(self._answers)} answer{'s'[: len(self._answers) > 1]} to {path}.")
        return None

    def _is_ours(self, path: Path) -> bool:
        """True if a file holds what this conversation wrote there."""
        try:
            return path in self._saved and path.is_file() and path.read_bytes() == self._saved[path]
        except OSError:
            return False


def _path(name: str) -> Path:
    """A path as it was typed: perhaps in quotation marks, or from `~` on."""
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    with suppress(RuntimeError):  # no such user
        return Path(name).expanduser().absolute()
    return Path(name).absolute()


def _fail(message: str, hint: str | None) -> None:
    click.echo(printable(f"Error: {message}"), err=True)
    if hint:
        click.echo(printable(f"Hint: {hint}"), err=True)


def _either(names: tuple[str, ...]) -> str:
    quoted = [f"“{name}”" for name in names]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _sentences(count: int) -> str:
    return f"{count} sentence{'s'[: count > 1]}"
