"""search and ask."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import Session, as_json, filters, print_json, show

if TYPE_CHECKING:
    from rag.types import Filter

NO_ANSWER = 8


@click.command()
@click.argument("words", metavar="QUERY", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many papers.")
@filters
@as_json
@click.pass_obj
def search(session: Session, words: tuple[str, ...], limit: int, chosen: Filter, as_json: bool) -> None:
    """Rank the papers that match QUERY."""
    query = " ".join(words)
    with session.open() as library:
        began = time.perf_counter()
        hits = library.search(query, limit=limit, filter=chosen)
        took_ms = (time.perf_counter() - began) * 1000
    if as_json:
        print_json({"query": query, "hits": [hit.to_dict() for hit in hits], "took_ms": round(took_ms, 1)})
    else:
        from refdesk.render import terminal

        show(terminal.hits(hits))


@click.command()
@click.argument("words", metavar="QUESTION", nargs=-1, required=True)
@click.option("--max-sentences", type=click.IntRange(1, 50), help="The most sentences in the answer. [default: 5]")
@click.option("--stream", is_flag=True, help="With --json: one event a line as the answer is made.")
@click.option("--exit-code", is_flag=True, help="Exit with 8 when the library holds no answer.")
@filters
@as_json
@click.pass_obj
def ask(
    session: Session,
    words: tuple[str, ...],
    max_sentences: int | None,
    stream: bool,
    exit_code: bool,
    chosen: Filter,
    as_json: bool,
) -> int:
    """
    Answer QUESTION with sentences from the library's abstracts, each cited.

    QUESTION may be - to read it from standard input.
    """
    question = " ".join(words)
    if question == "-":
        question = sys.stdin.buffer.read().decode(errors="replace")
    with session.open() as library:
        answer = library.ask(question, filter=chosen, max_sentences=max_sentences)
    if as_json and stream:
        for claim in answer.claims:
            print_json({"event": "claim", **claim.to_dict()})
        print_json({"event": "answer", **answer.to_dict()})
    elif as_json:
        print_json(answer.to_dict())
    else:
        from refdesk.render import terminal

        show(terminal.answer(answer))
    return NO_ANSWER if exit_code and not answer.answered else 0
