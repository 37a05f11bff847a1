"""The commands reader and token: who uses a served library, and how their programs sign in."""

from __future__ import annotations

import click

from rag.types.reader import LOCAL, READER_ROLES, ReaderRole, TokenScope
from refdesk.cli.common import Session, as_json, print_json, printable

_ROLE = click.Choice(READER_ROLES)


@click.group()
def reader() -> None:
    """List, add, change and remove the readers of the served library."""


@reader.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, default="reader", show_default=True, help="What the reader may do.")
@click.option("--email", metavar="ADDRESS", help="Where the reader's issues are mailed.")
@as_json
@click.pass_obj
def add_reader(session: Session, name: str, role: ReaderRole, email: str | None, as_json: bool) -> None:
    """
    Add a reader.

    A reader asks, rates and subscribes for themselves. A curator also imports papers and pulls feeds. An admin also
    manages readers and tokens.
    """
    with session.open() as library:
        added = library.readers.add(name, role=role, email=email)
    if as_json:
        print_json(added.to_dict())
    else:
        click.echo(f"Added {name}, a {role}. `refdesk reader link {name}` prints a link that signs them in.")


@reader.command("list")
@as_json
@click.pass_obj
def list_readers(session: Session, as_json: bool) -> None:
    """List the readers with their roles, and how many answers, ratings, tokens and subscriptions each has."""
    with session.open() as library:
        found, counts = library.readers.all(), library.readers.counts()
    if as_json:
        print_json({"readers": [{**each.to_dict(), **counts.get(each.name, {})} for each in found]})
        return
    for each in found:
        own = ", ".join(f"{count} {what}" for what, count in counts.get(each.name, {}).items())
        click.echo("  ".join(filter(None, (each.name, each.role, each.email, own))))


@reader.command("set")
@click.argument("name")
@click.option("--role", type=_ROLE, help="What the reader may do.")
@click.option("--email", metavar="ADDRESS", help="Where the reader's issues are mailed; an empty one ends that.")
@as_json
@click.pass_obj
def set_reader(session: Session, name: str, role: ReaderRole | None, email: str | None, as_json: bool) -> None:
    """Change the role or the mail address of a reader."""
    if role is None and email is None:
        raise click.UsageError("Give --role or --email.")
    with session.open() as library:
        changed = library.readers.set(name, role=role, email=email)
    if as_json:
        print_json(changed.to_dict())
    else:
        click.echo(f"{name} is a {changed.role}" + (f" with the address {changed.email}." if changed.email else "."))


@reader.command("remove")
@click.argument("name")
@click.pass_obj
def remove_reader(session: Session, name: str) -> None:
    """Delete a reader with their answers, ratings, tokens and subscriptions."""
    with session.open() as library:
        library.readers.remove(name)
    click.echo(f"{name} is removed.")


@reader.command("link")
@click.argument("name")
@click.option("--url", metavar="URL", help="The address of the server; else `public_url` of [serve].")
@as_json
@click.pass_obj
def link_reader(session: Session, name: str, url: str | None, as_json: bool) -> None:
    """Print a link that signs a reader in, once, within ten minutes."""
    with session.open() as library:
        address = (url or library.serving.public_url or "http://127.0.0.1:8765").rstrip("/")
        link = f"{address}/sign-in?code={library.readers.code(name)}"
    if as_json:
        print_json({"name": name, "link": link})
    else:
        click.echo(link)


@click.group()
def token() -> None:
    """List, add and revoke the tokens by which programs use the served library."""


@token.command("add")
@click.option("--reader", default=LOCAL, show_default=True, help="Whose token it is.")
@click.option("--name", default="", help="What to call it.")
@click.option(
    "--scope",
    type=click.Choice(["read", "write"]),
    default="write",
    show_default=True,
    help="read: it asks and changes nothing. write: it may what its reader may.",
)
@click.option("--expires", metavar="DAY", help="The last day on which it is good, such as 2026-12-31.")
@as_json
@click.pass_obj
def add_token(session: Session, reader: str, name: str, scope: TokenScope, expires: str | None, as_json: bool) -> None:
    """Make a token, and print it; it is shown this once."""
    with session.open() as library:
        record, secret = library.readers.add_token(reader, name=name, scope=scope, expires=expires)
    if as_json:
        print_json({**record.to_dict(), "token": secret})
    else:
        session.tell("Send it as `Authorization: Bearer …`; it is shown this once.")
        click.echo(secret)


@token.command("list")
@as_json
@click.pass_obj
def list_tokens(session: Session, as_json: bool) -> None:
    """List the tokens, without their secrets."""
    with session.open() as library:
        found = library.readers.tokens()
    if as_json:
        print_json({"tokens": [each.to_dict() for each in found]})
        return
    for each in found:
        used = f"last used {each.used}" if each.used else "never used"
        until = f", good until {each.expires}" if each.expires else ""
        called = f" “{printable(each.name)}”" if each.name else ""
        click.echo(f"{each.id}  {each.reader}{called}  {each.scope}, made {each.created[:10]}, {used}{until}")
    if not found:
        session.tell("There are no tokens; `refdesk token add` makes one.")


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke_token(session: Session, token_id: str) -> None:
    """End a token, and the sessions of its reader."""
    from rag.errors import NotThere

    with session.open() as library:
        if not library.readers.revoke(token_id):
            raise NotThere(f"No token has the id {token_id}.", hint="`refdesk token list` shows them.")
    click.echo(f"The token {token_id} is revoked.")
