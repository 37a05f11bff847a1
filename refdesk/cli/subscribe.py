"""The commands subscribe and unsubscribe: a reader's own subscriptions, without editing refdesk.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from rag.types import Every
from rag.types.reader import LOCAL
from refdesk.cli.common import Session, as_json, print_json, printable

if TYPE_CHECKING:
    from refdesk.subscribing import Subscribed

_READER = click.option("--reader", default=LOCAL, show_default=True, help="Whose subscription it is.")


@click.command()
@click.argument("name", required=False)
@click.option("--topic", "topics", multiple=True, help="An interest in words. Repeatable, as the next five.")
@click.option("--author", "authors", multiple=True, help="Somebody whose papers come first.")
@click.option("--category", "categories", multiple=True, help="Only papers in this one, such as cs.CL.")
@click.option("--must", multiple=True, help="A paper needs one of these words or phrases.")
@click.option("--must-not", multiple=True, help="A paper needs to have none of these.")
@click.option("--liked", multiple=True, metavar="PAPER", help="A paper like those that are wanted.")
@click.option("--every", type=click.Choice(get_args(Every)), help="How often an issue appears.")
@click.option("--timezone", help="Where the days begin, such as Europe/Berlin.")
@click.option("--size", type=int, help="The most papers that an issue tells.")
@click.option("--threshold", type=float, help="The lowest score of a paper that is shown, 0 to 1.")
@click.option("--mail/--no-mail", default=None, help="Mail the issues to the reader's address.")
@_READER
@click.option("--toml", "as_toml", is_flag=True, help="Print the subscriptions as tables of refdesk.toml.")
@as_json
@click.pass_obj
def subscribe(
    session: Session, /, name: str | None, reader: str, as_toml: bool, as_json: bool, **settings: Any
) -> None:
    """
    Make or change the subscription NAME; without one, list them.

    What is not given stays as it was. `refdesk run` writes its issues, as those of refdesk.toml.
    """
    given = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in settings.items()
        if value not in ((), None)
    }
    if given and not name:
        raise click.UsageError("Give the subscription a NAME.")
    with session.open() as library:
        library.readers.get(reader)
        subscribing = library.subscribing
        if as_toml:
            click.echo(subscribing.toml(reader), nl=False)
            return
        if name and given:
            before = next((each.settings for each in subscribing.all(reader) if each.name == name and each.is_own), {})
            found = [subscribing.put(name, {**before, **given}, reader)]
        else:
            found = [subscribing.get(name, reader)] if name else subscribing.all(reader)
    if as_json:
        print_json(found[0].to_dict() if name else {"subscriptions": [each.to_dict() for each in found]})
        return
    for each in found:
        click.echo(printable(_line(each)))
    if not found:
        session.tell("There are no subscriptions; `refdesk subscribe NAME --topic WORDS` makes one.")


@click.command()
@click.argument("name")
@_READER
@click.pass_obj
def unsubscribe(session: Session, name: str, reader: str) -> None:
    """Delete the subscription NAME. Its issues stay."""
    with session.open() as library:
        library.subscribing.delete(name, reader)
    click.echo(f"The subscription {name} is deleted.")


def _line(each: Subscribed) -> str:
    settings = ", ".join(
        f"{key} {' | '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for key, value in each.settings.items()
        if key != "mail"
    )
    where = "" if each.is_own else " (in refdesk.toml)"
    hidden = " (not used: refdesk.toml has another one of this name)" if each.hidden else ""
    mailed = f", mailed to {each.mailed_to}" if each.mailed_to else ""
    return f"{each.name}{where}{hidden}: {settings or 'all papers'}{mailed}"
