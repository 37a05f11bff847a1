"""The command mcp: the library as the tools of an assistant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import Session

if TYPE_CHECKING:
    from refdesk.library import Library

ASSISTANTS = ("claude", "vscode", "cursor", "codex")


@click.command()
@click.option("--write", is_flag=True, help="Offer the tools that rate papers and add records too.")
@click.option(
    "--config",
    "assistant",
    type=click.Choice(ASSISTANTS),
    help="Print the entry for the settings of this assistant, and serve nothing.",
)
@click.option("--http", is_flag=True, help="Serve assistants by HTTP, at /mcp; each sends a token.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="The port of --http; 0 is a free one.",
)
@click.pass_obj
def mcp(session: Session, write: bool, assistant: str | None, http: bool, port: int) -> None:
    """
    Serve the library to an assistant over standard input and output (MCP).

    The assistant starts this command itself: put what --config prints into its settings. It can then search, read,
    ask, and have its own sentences checked against the library. It changes nothing without --write. With --http,
    assistants on this machine connect to it instead; `refdesk serve` has the same at /mcp, beside its pages.
    """
    if assistant:
        from refdesk.mcp.snippets import snippet

        file, entry = snippet(assistant, library=session.place, config=session.config, write=write)
        session.tell(f"Put this into {file}:")
        click.echo(entry)
        return
    try:
        run = _by_http(port) if http else _by_stdio(write)
    except ModuleNotFoundError as error:
        from refdesk.cli.serve import missing_extra

        raise missing_extra(error) from error
    from refdesk.opening import open_library

    with open_library(
        session.place, config=session.config, create=False, read_only=not write, notify=session.tell
    ) as library:
        run(library)


def _by_stdio(write: bool) -> Callable[[Library], None]:
    from refdesk.mcp.server import serve_stdio

    return lambda library: serve_stdio(library, write=write)


def _by_http(port: int) -> Callable[[Library], None]:
    from refdesk.serve.app import serve

    return lambda library: serve(
        library,
        host="127.0.0.1",
        port=port,
        auth="token",
        public_url=None,
        insecure=False,
        show=False,
        tell=lambda line: click.echo(line, err=True),
        only_mcp=True,
    )
