"""The commands serve and token: the library in a browser and by HTTP, and how programs sign in."""

from __future__ import annotations

import click

from refdesk.cli.common import Session, as_json, print_json

EXTRA = ("mcp", "mcp_types", "sse_starlette", "starlette", "uvicorn", "multipart", "python_multipart")
"""Packages of the extra `serve`."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="The port; 0 is a free one."
)
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
@click.option("--read-only", is_flag=True, help="Change nothing: no ratings, no kept answers.")
@click.option("--public-url", metavar="URL", help="The https address of the proxy before it.")
@click.option(
    "--auth",
    type=click.Choice(["token", "none"]),
    default="token",
    show_default=True,
    help="token: sign in by a link or a token. none: whoever reaches the port comes in.",
)
@click.pass_obj
def serve(
    session: Session, host: str, port: int, show: bool, read_only: bool, public_url: str | None, auth: str
) -> None:
    """
    Serve the library to a browser and to programs, on this machine.

    It prints a link that signs you in. Programs send a token: `refdesk token add`. The HTTP API is under /api/v1, and
    described at /api/v1/openapi.json.
    """
    try:
        from refdesk.serve.app import serve as run
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error
    from refdesk.opening import open_library

    with open_library(
        session.place, config=session.config, create=False, read_only=read_only, notify=session.tell
    ) as library:
        run(
            library,
            host=host,
            port=port,
            sign_in=auth == "token",
            public_url=public_url,
            show=show,
            tell=lambda line: click.echo(line, err=True),
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


@click.group()
def token() -> None:
    """List, add and revoke the tokens by which programs use the served library."""


@token.command("add")
@as_json
@click.pass_obj
def add_token(session: Session, as_json: bool) -> None:
    """Make a token, and print it; it is shown this once."""
    with session.open() as library:
        record, secret = library.shelf.add_token()
    if as_json:
        print_json({"id": record.id, "reader": record.reader, "created": record.created, "token": secret})
    else:
        session.tell("Send it as `Authorization: Bearer …`; it is shown this once.")
        click.echo(secret)


@token.command("list")
@as_json
@click.pass_obj
def list_tokens(session: Session, as_json: bool) -> None:
    """List the tokens, without their secrets."""
    with session.open() as library:
        found = library.shelf.tokens()
    if as_json:
        print_json({"tokens": [{"id": t.id, "reader": t.reader, "created": t.created, "used": t.used} for t in found]})
        return
    for each in found:
        used = f"last used {each.used}" if each.used else "never used"
        click.echo(f"{each.id}  {each.reader}  made {each.created[:10]}, {used}")
    if not found:
        session.tell("There are no tokens; `refdesk token add` makes one.")


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke_token(session: Session, token_id: str) -> None:
    """End a token."""
    from rag.errors import BadFilter

    with session.open() as library:
        if not library.shelf.revoke(token_id):
            raise BadFilter(f"No token has the id {token_id}.", hint="`refdesk token list` shows them.")
    click.echo(f"The token {token_id} is revoked.")
