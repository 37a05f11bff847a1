"""The command `review`: an issue about a topic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import INTERRUPTED, Session, as_json, filters, judge_option, show

if TYPE_CHECKING:
    from rag.types import Filter

NO_PAPER = 8
_FORMATS = ("text", "md", "html", "json")


@click.command()
@click.argument("words", metavar="TOPIC…", nargs=-1, required=True)
@click.option(
    "--papers",
    "limit",
    type=click.IntRange(min=1, max=500),
    default=100,
    show_default=True,
    metavar="N",
    help="The most papers, the nearest first.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file; its suffix says the format.")
@click.option("--format", "format_name", type=click.Choice(_FORMATS), help="What to write. [default: by -o, else text]")
@click.option("--model", metavar="NAME", help="A chat model that writes it, such as openai:gpt-4o-mini.")
@judge_option
@click.option("--fresh", is_flag=True, help="Ask the model anew, also what it was asked before.")
@click.option("--exit-code", is_flag=True, help="Exit with 8 when no paper treats the topic.")
@filters
@as_json
@click.pass_obj
def review(
    session: Session,
    words: tuple[str, ...],
    limit: int,
    output: Path | None,
    format_name: str | None,
    model: str | None,
    judge: str | None,
    fresh: bool,
    exit_code: bool,
    chosen: Filter,
    as_json: bool,
) -> int:
    """
    Review TOPIC: the papers that treat it, what they find, where results agree, and its share of the months.

    Every sentence of it cites. Without a model it is in the papers' own sentences; with one (--model, or `model` in
    refdesk.toml) the head and the themes are written by it and checked.
    """
    form = "json" if as_json else format_name or _by_suffix(output)
    with session.open(model=model, judge=judge) as library:
        made = library.review(" ".join(words), limit=limit, fresh=fresh, cancel=INTERRUPTED, filter=chosen)
    if made.degraded:
        session.tell(f"Degraded: {made.degraded['reason']}.")
    if form == "text" and not output:
        from refdesk.render import review_text

        show(review_text.terminal(made))
    else:
        from refdesk.render.review import rendered

        content = rendered(made, form)
        if output:
            from rag.files import write
            from refdesk.render.wording import count

            write(output, content.encode(errors="replace"))
            session.tell(f"The review is in {output}: {count(len(made.papers))}.")
        else:
            click.echo(content.encode(errors="replace").decode(), nl=False)
    return NO_PAPER if exit_code and not made.papers else 0


def _by_suffix(output: Path | None) -> str:
    suffix = output.suffix.lstrip(".").lower() if output else "text"
    suffix = {"markdown": "md", "htm": "html", "txt": "text"}.get(suffix, suffix)
    if suffix not in _FORMATS:
        raise click.UsageError(f"“{output}” does not say which format; add --format.")
    return suffix
