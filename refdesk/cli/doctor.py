"""The command doctor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import Session, as_json, print_json, show
from refdesk.cli.completion import files, format_names

if TYPE_CHECKING:
    from refdesk.doctor import EmbedderReport, ModelReport
    from refdesk.settings.config import Config

REFUSED = 4
SHOWN_FILES = 10


@click.command()
@click.argument("inputs", nargs=-1, metavar="FILE…", shell_complete=files)
@click.option("--model", metavar="NAME", help="A chat model to ask a tiny question, such as openai:gpt-4o-mini.")
@click.option("--embedder", metavar="NAME", help="An embedder to try: static, minilm, or openai:<model>.")
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=format_names,
    help="The format of the files; without it, it is recognised.",
)
@as_json
@click.pass_obj
def doctor(
    session: Session,
    inputs: tuple[str, ...],
    model: str | None,
    embedder: str | None,
    format_name: str | None,
    as_json: bool,
) -> int:
    """
    Say what a model's server and an embedder take, and what files would bring.

    Nothing is written, and no library is needed. A model is asked a tiny question in the ways in which answers are
    asked for. All records of a file are read and judged as `add` judges them. Without arguments the model and the
    embedder of the settings are tried.

    Exits with 4 if a file would bring no paper, and with 6 if the model or the embedder cannot be used.
    """
    config = None
    if model or not (inputs or embedder):
        from refdesk.settings.config import load

        config = load(session.place, file=session.config)
        if not (inputs or model or embedder):
            model, embedder = config.model, config.embedder or "static"
    reports = []
    if inputs:
        from refdesk.doctor import examined
        from refdesk.ingest.inputs import refuse_absent

        if len(inputs) == 1:
            refuse_absent(inputs)
        with session.progress("reading") as progress:
            today = datetime.now(UTC).date().isoformat()
            reports = list(examined(inputs, today=today, format_name=format_name, progress=progress))
    tried_model = _model(model, config) if model and config else None
    tried_embedder = _embedder(embedder) if embedder else None
    if as_json:
        print_json(
            {
                "files": [report.to_dict() for report in reports],
                "model": tried_model.to_dict() if tried_model else None,
                "embedder": tried_embedder.to_dict() if tried_embedder else None,
            }
        )
    else:
        from refdesk.doctor import text

        shown = [text.file(report) for report in reports[:SHOWN_FILES]]
        shown += [text.model(tried_model)] if tried_model else []
        shown += [text.embedder(tried_embedder)] if tried_embedder else []
        for each in shown:
            show(each)
        if len(reports) > SHOWN_FILES:
            session.tell(f"{len(reports) - SHOWN_FILES:,} more files were read; `--json` tells of all.")
    for tried in (tried_model, tried_embedder):
        if tried and tried.error:
            return tried.error.exit_code
    return REFUSED if any(report.is_refused for report in reports) else 0


def _model(name: str, config: Config) -> ModelReport:
    from dataclasses import replace

    from rag.llm.dialect import Dialect
    from refdesk import wiring
    from refdesk.doctor import probed_model
    from refdesk.servers import chats

    settings = replace(wiring.model_settings(config), model=name)
    return probed_model(
        name,
        lambda: replace(chats(name, settings)(lambda: False), dialect=Dialect()),
        lambda: wiring.load_prompts(settings),
        wiring.checker(),
    )


def _embedder(name: str) -> EmbedderReport:
    from rag import embedders
    from refdesk.doctor import probed_embedder

    return probed_embedder(name, embedders.embedder)
