"""The commands eval and demo."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from refdesk.cli.common import Session, as_json, print_json, show

QUESTIONS = (
    "What explains grokking, the delayed generalization of networks?",
    "Do inline citations make the answers of language models less correct?",
    "Which recipe makes the best sourdough bread?",
)
WEEK = "2026-W27"
"""A week of the sample's papers."""


@click.command("eval")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME",
    help="A split, such as test; may be repeated. [default: all but train]",
)
@click.option("--embedder", metavar="NAME", help="static (default), minilm, or openai:<model>.")
@as_json
@click.pass_obj
def evaluate(session: Session, dataset: Path, splits: tuple[str, ...], embedder: str | None, as_json: bool) -> None:
    """
    Measure retrieval, evidence and abstention on DATASET.

    DATASET is a folder in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/, plain or .gz), perhaps with claims in
    SciFact's layout. It is imported into a temporary library; yours is not changed.
    """
    from refdesk.evaluation.run import evaluate as measure
    from refdesk.library import open_library

    with (
        tempfile.TemporaryDirectory(prefix="refdesk-eval-") as temporary,
        open_library(Path(temporary) / "library", embedder=embedder) as library,
    ):
        result = measure(dataset, library, splits=splits, progress=session.tell)
    if as_json:
        print_json(result)
        return
    from refdesk.render import terminal

    click.echo(f"documents: {result['corpus']:,}, rejected: {len(result['rejected'])}, embedder: {result['embedder']}")
    for split, measured in result["splits"].items():
        show(terminal.metrics({name: value for name, value in measured.items() if name != "reliability"}, split))
        for row in measured.get("reliability", []):
            click.echo(
                f"  claims: {row['claims']}, predicted answerable: {row['said']:.2f}, answerable: {row['was']:.2f}"
            )


@click.command()
@click.pass_obj
def demo(session: Session) -> None:
    """
    Make a sample library, ask it, and write its digest: works offline, in a temporary folder.

    The sample's papers are invented.
    """
    from refdesk.library import examples, open_library
    from refdesk.render import issue_text, terminal

    folder = examples()
    with (
        tempfile.TemporaryDirectory(prefix="refdesk-demo-") as temporary,
        open_library(Path(temporary) / "library") as library,
    ):
        _step(f"refdesk add {folder / 'papers.jsonl'} {folder / 'papers.csv'}")
        show(terminal.report(library.add(folder / "papers.jsonl", folder / "papers.csv")))
        for question in QUESTIONS:
            _step(f'refdesk ask "{question}"')
            show(terminal.answer(library.ask(question)))
        _step(f"refdesk digest --week {WEEK}")
        show(issue_text.terminal(library.digest(WEEK)))
        _step("refdesk check")
        show(terminal.findings(library.check(), library.status()["papers"]))
    click.echo('\nThe papers of this sample are invented. Now yours: `refdesk add FILE`, then `refdesk ask "…"`.')


def _step(command: str) -> None:
    click.echo()
    click.secho(f"$ {command}", bold=True)
