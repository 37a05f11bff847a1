"""The commands `eval`, which measures on a data set, and `demo`, the tour on the sample library."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from refdesk.cli.common import Session, as_json, print_json, show

QUESTION = "Do inline citations make the answers of language models less correct?"
"""Two papers of the sample answer it, and disagree."""
OUTSIDE = "Which recipe makes the best sourdough bread?"
"""No paper of the sample answers it."""
WEEK = "2026-W27"
"""A week of the sample's papers."""
ISSUE_LINES = 22
"""The most lines that the tour shows of an issue."""
NEXT = """\
Next, with papers of your own, in any format of a reference manager:
  refdesk add library.bib            import files, folders or links
  refdesk ask "a question"           an answer, each sentence cited
  refdesk search "some words"        papers, each with its best sentence
  refdesk digest                     the digest of last week's papers
  refdesk --help                     all commands
"""


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
@click.option(
    "--compare",
    "base_path",
    type=click.Path(path_type=Path),
    metavar="BASE",
    help="Compare with a former run: a file that `eval --json` wrote.",
)
@click.option("--judge", "as_claims", is_flag=True, help="DATASET is a file of labelled claims: fit the judge.")
@as_json
@click.pass_obj
def evaluate(
    session: Session,
    dataset: Path,
    splits: tuple[str, ...],
    embedder: str | None,
    base_path: Path | None,
    as_claims: bool,
    as_json: bool,
) -> None:
    """
    Measure retrieval, evidence and abstention on DATASET.

    DATASET is a folder in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/, plain or .gz), perhaps with claims in
    SciFact's layout. It is imported into a temporary library; yours is not changed.

    With --compare, each measure is also compared with BASE on the same questions: the difference with its 95 %
    interval and p-value (paired bootstrap), and McNemar's exact test where a measure is yes or no.

    With --judge, DATASET is a file of labelled claims (a JSON object a line: claim, cited, label). The entailment model
    is measured (AUROC), and the best `entailment_threshold` printed.

    Settings come from the environment alone: REFDESK_RERANKER=NAME measures with a reranker.
    """
    from refdesk.evaluation import compare
    from refdesk.evaluation.datasets import Dataset
    from refdesk.evaluation.run import evaluate as measure
    from refdesk.opening import open_library

    if as_claims:
        _fit_judge(dataset, as_json=as_json)
        return
    base = None
    if base_path:
        base = compare.read(base_path)
        compare.refuse_another_corpus(base, Dataset(dataset).corpus_hash(), path=base_path, dataset=dataset)
    with (
        tempfile.TemporaryDirectory(prefix="refdesk-eval-") as temporary,
        open_library(Path(temporary) / "library", embedder=embedder) as library,
    ):
        result = measure(dataset, library, splits=splits, progress=session.tell)
    if base:
        session.tell("comparing with the base")
        result["comparison"] = compare.compare(base, result)
    if as_json:
        print_json(result)
        return
    from refdesk.render import measures

    models = f"embedder: {result['embedder']}" + (f", reranker: {result['reranker']}" if result["reranker"] else "")
    click.echo(f"documents: {result['corpus']:,}, rejected: {len(result['rejected'])}, {models}")
    for split, measured in result["splits"].items():
        show(measures.metrics({name: value for name, value in measured.items() if name != "reliability"}, split))
        for row in measured.get("reliability", []):
            click.echo(
                f"  claims: {row['claims']}, predicted answerable: {row['said']:.2f}, answerable: {row['was']:.2f}"
            )
    for split, compared in result.get("comparison", {"splits": {}})["splits"].items():
        show(measures.comparison(compared, f"{split}, compared with the base"))


def _fit_judge(claims: Path, *, as_json: bool) -> None:
    """Measure the entailment model of the environment on labelled claims."""
    from refdesk import wiring
    from refdesk.evaluation import judging
    from refdesk.settings.config import load

    with tempfile.TemporaryDirectory(prefix="refdesk-eval-") as temporary:
        result = judging.evaluate(claims, wiring.entailment(load(Path(temporary))))
    if as_json:
        print_json(result)
        return
    low, high = result["interval"]
    click.echo(
        f"claims: {result['claims']}, right: {result['right']}, AUROC: {result['auroc']:.3f} ({low:.3f}-{high:.3f})"
    )
    click.echo(f"right ones passed: {result['right passed']:.1%}, wrong ones stopped: {result['wrong stopped']:.1%}")
    click.echo(f"To use it, put this line into refdesk.toml:  entailment_threshold = {result['threshold']}")


@click.command()
def demo() -> None:
    """
    Show what Refdesk does, on a sample library in a temporary folder; works offline.

    The sample's papers are invented.
    """
    from refdesk.library import examples
    from refdesk.opening import open_library
    from refdesk.render import issue_text, terminal

    folder = examples()
    with (
        tempfile.TemporaryDirectory(prefix="refdesk-demo-") as temporary,
        open_library(Path(temporary) / "library") as library,
    ):
        report = library.add(folder / "papers.jsonl", folder / "papers.csv")
        click.echo(f"{report.added} invented papers were imported. No key, model or network is needed.")
        _step(f'refdesk ask "{QUESTION}"')
        show(terminal.answer(library.ask(QUESTION)))
        _step(f'refdesk ask "{OUTSIDE}"')
        outside = library.ask(OUTSIDE)
        if outside.abstention:  # no room for the nearest papers
            outside = replace(outside, abstention=replace(outside.abstention, nearest=()))
        show(terminal.answer(outside))
        _step(f"refdesk digest --week {WEEK}")
        _show_top(issue_text.terminal(library.digest(WEEK)), lines=ISSUE_LINES)
    click.echo("\nThe sample library was in a temporary folder and is removed.")
    click.echo(NEXT, nl=False)


def _step(command: str) -> None:
    click.echo()
    click.secho(f"$ {command}", bold=True)


def _show_top(renderable: Any, *, lines: int) -> None:
    """Show the first lines of something long, up to an empty line, and say how many are left."""
    from refdesk.render.terminal import console

    screen = console()
    with screen.capture() as captured:
        screen.print(renderable)
    every = captured.get().splitlines()
    end = max(number for number, line in enumerate(every[:lines]) if not line.strip())
    click.echo("\n".join(every[:end]))
    click.secho(f"… and {len(every) - end} more lines: the other papers, and the source of every sentence.", dim=True)
