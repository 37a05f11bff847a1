"""The command mcp: the library as the tools of an assistant."""

from __future__ import annotations

import click

from refdesk.cli.common import Session

ASSISTANTS = ("claude", "vscode", "cursor", "codex")


@click.command()
@click.option("--write", is_flag=True, help="Offer the tools that rate papers and add records too.")
@click.option(
    "--config",
    "assistant",
    type=click.Choice(ASSISTANTS),
    help="Print the entry for the settings of this assistant, and serve nothing.",
)
@click.pass_obj
def mcp(session: Session, write: bool, assistant: str | None) -> None:
    """
    Serve the library to an assistant over standard input and output (MCP).

    The assistant starts this command itself: put what --config prints into its settings. It can then search, read,
    ask, and have its own sentences checked against the library. It changes nothing without --write.
    """
    if assistant:
        from refdesk.mcp.snippets import snippet

        file, entry = snippet(assistant, library=session.place, config=session.config, write=write)
        session.tell(f"Put this into {file}:")
        click.echo(entry)
        return
    try:
        from refdesk.mcp.server import serve_stdio
    except ModuleNotFoundError as error:
        from refdesk.cli.serve import missing_extra

        raise missing_extra(error) from error
    from refdesk.opening import open_library

    with open_library(
        session.place, config=session.config, create=False, read_only=not write, notify=session.tell
    ) as library:
        serve_stdio(library, write=write)
