"""The command serve: the library in a browser and by HTTP."""

from __future__ import annotations

from typing import Literal

import click

from refdesk.cli.common import Session, printable

EXTRA = ("mcp", "mcp_types", "sse_starlette", "starlette", "uvicorn", "multipart", "python_multipart")
"""Packages of the extra `serve`."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="The port; 0 is a free one."
)
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
@click.option("--read-only", is_flag=True, help="Change nothing: no ratings, no kept answers.")
@click.option("--public-url", metavar="URL", help="The address that readers open, where a proxy is before it.")
@click.option("--insecure", is_flag=True, help="Serve other machines without https.")
@click.option(
    "--auth",
    type=click.Choice(["token", "header", "none"]),
    default="token",
    show_default=True,
    help="token: sign in by a link or a token. header: a trusted proxy names the reader. none: whoever reaches the "
    "port comes in.",
)
@click.pass_obj
def serve(
    session: Session,
    host: str,
    port: int,
    show: bool,
    read_only: bool,
    public_url: str | None,
    insecure: bool,
    auth: Literal["token", "header", "none"],
) -> None:
    """
    Serve the library to browsers and programs.

    It prints a link that signs you in. `refdesk reader add` lets others in. Programs send a token: `refdesk token add`.
    The HTTP API is under /api/v1, and described at /api/v1/openapi.json.
    """
    try:
        from refdesk.serve.app import serve as run
        from refdesk.serve.jobs import worked_off
        from refdesk.serve.upkeep import kept_up
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
    from refdesk._threads import use_few_heaps
    from refdesk.opening import open_library

    def tell(line: str) -> None:
        click.echo(printable(line), err=True)

    use_few_heaps()
    with (
        open_library(
            session.place, config=session.config, create=False, read_only=read_only, notify=session.tell
        ) as library,
        kept_up(library, session.place, session.config, tell),
        worked_off(library, session.place, session.config, tell),
    ):
        run(
            library,
            host=host,
            port=port,
            auth=auth,
            public_url=public_url,
            insecure=insecure,
            show=show,
            tell=tell,
        )


def missing_extra(error: ModuleNotFoundError) -> Exception:
    """The error for a package of the extra that is not installed; another package's stays as it is."""
    from rag.errors import ConfigError

    if (error.name or "").partition(".")[0] not in EXTRA:
        return error
    return ConfigError(
        f"The package {error.name}, which serving needs, is not installed.",
        hint="Install it in the folder of Refdesk: `pip install '.[serve]'`.",
    )
