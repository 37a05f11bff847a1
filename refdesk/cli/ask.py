"""The commands `search` and `ask`, and how answers are shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refdesk.cli.common import INTERRUPTED, Session, as_json, filters, judge_option, print_json, show

if TYPE_CHECKING:
    from rag.answers.stream import AnswerStream
    from rag.types import Answer, Filter
    from refdesk.questions import Sort

NO_ANSWER = 8


def answering_options(command: Any) -> Any:
    """The options of `ask` and `chat` that say how an answer is written."""
    for option in reversed(
        (
            click.option("--model", metavar="NAME", help="A chat model, such as openai:gpt-4o-mini."),
            judge_option,
            click.option("--fresh", is_flag=True, help="Ask the model again, also where its reply is stored."),
            click.option("--strict", is_flag=True, help="Exit with 6 when the model fails, not answer without it."),
            click.option("--keep-unsupported", is_flag=True, help="Show claims that failed the check too, marked."),
        )
    ):
        command = option(command)
    return command


def sort_option(help_text: str) -> Callable[[Any], Any]:
    """The option `--sort`, with what it orders."""
    choice = click.Choice(["score", "date"])
    return click.option("--sort", type=choice, default="score", show_default=True, help=help_text)


@contextmanager
def until_interrupted(stream: AnswerStream) -> Iterator[AnswerStream]:
    """A stream that is closed in the end; where Ctrl-C was swallowed within it, it is raised again."""
    try:
        with stream:
            yield stream
    except CancelledError as error:
        raise KeyboardInterrupt from error


def show_stream(session: Session, stream: AnswerStream, *, live: bool = True) -> Answer:
    """
    Print each claim as it comes, and then the sources; or the whole answer where the model failed or abstained.

    Args:
        session: Where to print.
        stream: The answer.
        live: False to print the whole answer at its end, for answers in the papers' own sentences: they come at once.
    """
    from rag.types import Answer
    from refdesk.render import terminal

    shown = 0
    with until_interrupted(stream) as parts:
        for part in parts:
            if not isinstance(part, Answer):
                if live:
                    show(terminal.claim(part))
                    shown += 1
            elif (part.degraded and part.mode != "generated") or not shown:
                tell_degraded(session, part)
                show(terminal.answer(part))
                return part
            else:
                tell_degraded(session, part)
                show(terminal.below(part))
                return part
    raise AssertionError("a stream ends with its answer")


def tell_degraded(session: Session, answer: Answer) -> None:
    """Tell in one sentence why the model, the judge or the vectors were not used."""
    if answer.degraded and answer.degraded["from"] == "vectors":
        tell_words_alone(session, answer.degraded)
    elif answer.degraded and answer.degraded["from"] == "length":
        session.tell(f"The model may have had more to say: {answer.degraded['reason']} (`max_output_tokens`).")
    elif answer.degraded and answer.mode == "generated":
        session.tell(f"Words alone decided about some claims: {answer.degraded['reason']}.")
    elif answer.degraded:
        reason = answer.degraded["reason"]
        session.tell(f"The model was not used: {reason}. The answer is in the papers' own sentences.")


def tell_words_alone(session: Session, degraded: Mapping[str, str]) -> None:
    """Tell that the vectors were not used; why, the library has told."""
    from refdesk.render.wording import capital

    session.tell(f"{capital(degraded['reason'])}.")


@click.command()
@click.argument("words", metavar="[QUERY]", nargs=-1)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many papers.")
@sort_option("date: these papers ordered by their day, the newest first.")
@filters
@as_json
@click.pass_obj
def search(session: Session, words: tuple[str, ...], limit: int, sort: Sort, chosen: Filter, as_json: bool) -> None:
    """
    Rank the papers that match QUERY.

    With --author, QUERY may be left out: then the author's papers are listed, the newest first.
    """
    query = " ".join(words)
    if not words and not chosen.authors:
        raise click.UsageError("Missing argument 'QUERY'. Only with --author it may be left out.")
    with session.open() as library:
        began = time.perf_counter()
        hits = library.search(query, limit=limit, sort=sort, filter=chosen)
        took_ms = (time.perf_counter() - began) * 1000
    if hits.degraded:
        tell_words_alone(session, hits.degraded)
    if as_json:
        found = [hit.to_dict() for hit in hits]
        print_json({"query": query, "hits": found, "degraded": hits.degraded, "took_ms": round(took_ms, 1)})
    else:
        from refdesk.render import terminal

        show(terminal.hits(hits))


@click.command()
@click.argument("words", metavar="QUESTION", nargs=-1, required=True)
@click.option(
    "--max-sentences",
    type=click.IntRange(1, 50),
    help="The most sentences in the answer, or papers in a list. [default: 5; 10 papers]",
)
@click.option("--stream", is_flag=True, help="With --json: one event a line as the answer is made.")
@click.option("--markdown", is_flag=True, help="Print Markdown, which `verify` reads again.")
@answering_options
@click.option("--exit-code", is_flag=True, help="Exit with 8 when the library holds no answer.")
@click.option("--issue", metavar="PERIOD", help="Only the papers of this issue, such as 2026-W27.")
@click.option("--subscription", metavar="NAME", help="… of this subscription.")
@click.option(
    "--review",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Only the papers of this review, JSON or Markdown.",
)
@click.option("--list", "as_list", is_flag=True, help="List papers with their findings, whatever is asked; no model.")
@sort_option("date: the newest of the answer's papers first, where it is in the papers' own sentences.")
@filters
@as_json
@click.pass_obj
def ask(
    session: Session,
    words: tuple[str, ...],
    max_sentences: int | None,
    stream: bool,
    markdown: bool,
    model: str | None,
    judge: str | None,
    fresh: bool,
    strict: bool,
    keep_unsupported: bool,
    exit_code: bool,
    issue: str | None,
    subscription: str | None,
    review: Path | None,
    as_list: bool,
    sort: Sort,
    chosen: Filter,
    as_json: bool,
) -> int:
    """
    Answer QUESTION from the library's abstracts, every sentence cited.

    With a model (--model, or `model` in refdesk.toml) the answer is written by it and checked sentence by sentence
    before it is shown; without one it is in the papers' own sentences, or a list of papers where one is asked for.

    QUESTION may be - to read it from standard input.
    """
    question = " ".join(words)
    if question == "-":
        question = sys.stdin.buffer.read().decode(errors="replace")
    if subscription and not issue:
        raise click.UsageError("--subscription goes with --issue.")
    if review and (issue or chosen.papers):
        raise click.UsageError("--review, --issue and --paper choose papers; give one of them.")
    from refdesk.ingest.inputs import text_of

    with session.open(model=model, judge=judge) as library:
        if issue:
            chosen = library.within_issue(issue, chosen, subscription=subscription)
        if review:
            cited = library.cited(text_of(review))
            chosen = replace(chosen, papers=tuple(sorted(paper.paper_id for paper in cited)))
        parts = library.stream(
            question,
            filter=chosen,
            max_sentences=max_sentences,
            fresh=fresh,
            strict=strict,
            keep_unsupported=keep_unsupported,
            sort=sort,
            as_list=as_list,
            cancel=INTERRUPTED,
        )
        if as_json:
            answer = _print_json(session, parts, as_events=stream)
        else:
            answer = _print(session, parts, markdown=markdown, live=bool(library.model) and not as_list)
    return NO_ANSWER if exit_code and not answer.answered else 0


def _print(session: Session, stream: AnswerStream, *, markdown: bool, live: bool) -> Answer:
    if not markdown:
        return show_stream(session, stream, live=live)
    from refdesk.render.markdown import answer as as_markdown

    answer = _answer(stream)
    tell_degraded(session, answer)
    click.echo(as_markdown(answer), nl=False)
    return answer


def _print_json(session: Session, stream: AnswerStream, *, as_events: bool) -> Answer:
    from rag.types import Answer

    with until_interrupted(stream) as parts:
        for part in parts:
            if isinstance(part, Answer):
                tell_degraded(session, part)
                print_json({"event": "answer", **part.to_dict()} if as_events else part.to_dict())
                return part
            if as_events:
                print_json({"event": "claim", **part.to_dict()})
                sys.stdout.flush()
    raise AssertionError("a stream ends with its answer")


def _answer(stream: AnswerStream) -> Answer:
    from rag.types import Answer

    with until_interrupted(stream) as parts:
        *_, answer = parts
    assert isinstance(answer, Answer)
    return answer
