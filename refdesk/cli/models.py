"""The commands of `refdesk models`: optional local models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from refdesk.cli.common import Session, as_json, print_json, printable

_USES = {
    "reranker": "reranks the first papers and sentences of a question",
    "entailment": "judges whether claims follow from their sentences",
    "embedder": "makes vectors",
}
_SETTINGS = {"entailment": "entailment_model"}
"""The setting that names a model, where it is not called as its kind."""


@click.group()
def models() -> None:
    """
    List, download and check optional local models.

    A model is a folder with model.onnx and tokenizer.json. None is needed.
    """


@models.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the known models and those that were downloaded."""
    from refdesk.models.known import listed, models_folder

    rows = listed()
    if as_json:
        print_json({"folder": str(models_folder()), "models": rows})
        return
    names = max(len(row["name"]) for row in rows)
    for row in rows:
        size = f"{row['bytes'] / 1e6:.0f} MB" if row["bytes"] else "?"
        here = f"here, {size}" if row["here"] else f"not here, {size}"
        facts = f"{row['name']:{names}}  {row['kind'] or '?':10}  {here:16}  {row['licence'] or 'licence: see its hub'}"
        click.echo(printable(facts))
        if row["here"]:
            click.echo(printable(f"{'':{names}}  {row['path']}"))


@models.command()
@click.argument("name")
@click.option("--sha256", "checksum", metavar="HEX", help="The SHA-256 that model.onnx of an unknown model must have.")
@as_json
@click.pass_obj
def get(session: Session, name: str, checksum: str | None, as_json: bool) -> None:
    """
    Download the model NAME and check it.

    NAME is a name of `refdesk models list`, or owner/name or owner/name@revision on Hugging Face's hub; HF_ENDPOINT
    names another hub. The checksums of a known model are fixed; those of another one are shown and kept, and compared
    when it is downloaded again.
    """
    from refdesk.models import hub
    from refdesk.models.known import EMBEDDER, listed, on_hub

    if checksum is not None and not hub.is_checksum(checksum):
        raise click.BadParameter("it must be 64 hexadecimal digits.", param_hint="--sha256")
    if name == EMBEDDER:
        from rag.embedders import embedder

        embedder(name)
        row = next(row for row in listed() if row["name"] == name)
        _print({"name": name, "kind": "embedder", "path": row["path"], "setting": _setting("embedder", name)}, as_json)
        return
    with session.progress("downloading") as progress:
        got = hub.get(on_hub(name), checksum=checksum and checksum.lower(), progress=progress)
    document = {
        **got.receipt,
        "path": str(got.folder),
        "downloaded": got.downloaded,
        "setting": _setting(got.receipt["kind"], got.receipt["name"]),
    }
    _print(document, as_json)
    if not as_json:
        for file, facts in got.receipt["files"].items():
            click.echo(f"  {file:15} {facts['bytes']:>12,} bytes, SHA-256 {facts['sha256']}")


@models.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@as_json
def path(folder: Path, as_json: bool) -> None:
    """Check the model in the folder DIR, and show how a setting names it."""
    from rag.onnx import CrossEncoder
    from refdesk.models.hub import kind_of
    from refdesk.models.known import size_of

    model = CrossEncoder(folder.absolute())
    kind = kind_of(model)
    document = {
        "name": str(model.folder),
        "kind": kind,
        "labels": list(model.labels),
        "max_tokens": model.max_tokens,
        "bytes": size_of(model.folder),
        "path": str(model.folder),
        "setting": _setting(kind, str(model.folder)),
    }
    _print(document, as_json)


def _setting(kind: str, name: str) -> str | None:
    """The line of refdesk.toml that uses a model; None where no setting does."""
    quoted = json.dumps(name, ensure_ascii=False)  # TOML quotes as JSON does
    return f"{_SETTINGS.get(kind, kind)} = {quoted}" if kind in _USES else None


def _print(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    use = _USES.get(document["kind"], f"labels a pair of texts: {', '.join(document.get('labels', ()))}")
    click.echo(printable(f"{document['name']} {use}. It is in {document['path']}."))
    if document["setting"]:
        click.echo(printable(f"To use it, put this line into refdesk.toml:  {document['setting']}"))
    else:
        click.echo("No setting uses such a model.")
