"""Shared by the commands: the session, the filter options, naming papers, and printing."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rag.types import Paper
    from refdesk.library import Library

FOUND_SOMETHING = 7
"""The exit status of `check` and `verify` that found faults."""
INTERRUPTED = threading.Event()
"""Set when the user presses Ctrl-C."""
Command = TypeVar("Command", bound=Callable[..., Any])
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

judge_option = click.option(
    "--judge",
    type=click.Choice(["auto", "model", "entailment", "words"]),
    help="Who decides about claims what words alone do not.",
)


@dataclass(frozen=True, slots=True)
class Session:
    """The options before the command."""

    folder: Path | None
    config: Path | None
    verbose: bool
    quiet: bool

    @property
    def place(self) -> Path:
        """The folder of the library that was named, or of the default one."""
        from refdesk.settings.config import default_folder

        return self.folder or default_folder()

    def open(
        self,
        *,
        embedder: str | None = None,
        model: str | None = None,
        judge: str | None = None,
        create: bool = False,
    ) -> Library:
        """Open the library."""
        from refdesk.opening import open_library

        return open_library(
            self.place,
            embedder=embedder,
            model=model,
            judge=judge,
            config=self.config,
            create=create,
            notify=self.tell,
        )

    def tell(self, notice: str) -> None:
        """Print a sentence for people on standard error."""
        if not self.quiet:
            click.echo(printable(notice), err=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, float], None]]:
        """Show a progress bar on a terminal. Yields a function that takes a count and a share."""
        from refdesk.render.terminal import console

        screen = console(stderr=True)
        if self.quiet or not screen.is_terminal:
            yield lambda _count, _share: _stop_if_interrupted()
            _stop_if_interrupted()
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]:,}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task(what, total=1.0, count=0)

            def update(count: int, share: float) -> None:
                _stop_if_interrupted()
                bar.update(task, completed=share, count=count)

            yield update
        _stop_if_interrupted()


def _stop_if_interrupted() -> None:
    if INTERRUPTED.is_set():
        raise KeyboardInterrupt


def filters(command: Command) -> Command:
    """Add the filter options to a command, which gets them as one `Filter` named `chosen`."""
    options = (
        click.option("--since", metavar="DATE", help="Listed (else published, else imported) on this date or later."),
        click.option(
            "--until", metavar="DATE", help="Listed on this date or earlier; 2024-06 includes the whole month."
        ),
        click.option(
            "--category",
            "categories",
            multiple=True,
            metavar="NAME",
            help="Of this category, such as cs.CL; may be repeated.",
        ),
        click.option("--tag", "tags", multiple=True, metavar="NAME", help="With this tag; may be repeated."),
        click.option(
            "--source",
            "sources",
            multiple=True,
            metavar="NAME",
            help="Imported from this format; may be repeated.",
        ),
        click.option(
            "--author",
            "authors",
            multiple=True,
            metavar="NAME",
            help='By this author, such as "G. Neubig" or Neubig; may be repeated.',
        ),
        click.option("--paper", "papers", multiple=True, metavar="ID", help="Only this paper; may be repeated."),
    )

    @functools.wraps(command)
    def filtered(
        *args: Any,
        since: str | None,
        until: str | None,
        categories: tuple[str, ...],
        tags: tuple[str, ...],
        sources: tuple[str, ...],
        papers: tuple[str, ...],
        authors: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        from rag.types import Filter

        chosen = Filter(
            since=since,
            until=until,
            categories=categories,
            tags=tags,
            sources=sources,
            papers=papers,
            authors=authors,
        )
        return command(*args, chosen=chosen, **rest)

    wrapped: Any = functools.reduce(lambda made, option: option(made), reversed(options), filtered)
    return wrapped  # type: ignore[no-any-return]


def named_papers(library: Library, names: Sequence[str]) -> list[Paper]:
    """
    The papers of the arguments PAPER…, each an id or the words of a title in quotes.

    Single words that cannot be ids are the words of one title: `refdesk show sparse attention`.

    Raises:
        PaperNotFound: As `Library.show`; no paper is returned then.
    """
    from refdesk.filters import title_words

    if all(title_words(name) and name.split() == [name] for name in names):
        names = [" ".join(names)]
    return [library.show(name) for name in names]


def printable(text: str) -> str:
    """Text from outside, such as a file name, without the control characters that steer a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def print_json(document: Any) -> None:
    """Print a JSON document on one line of standard output."""
    click.echo(json.dumps(document, ensure_ascii=False).encode(errors="replace").decode())


def show(renderable: Any) -> None:
    """Print text, tables or colours on standard output."""
    from refdesk.render.terminal import console

    console().print(renderable)
