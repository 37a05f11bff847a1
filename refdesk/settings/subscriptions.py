"""Subscriptions: the tables `[subscriptions.NAME]` of `refdesk.toml`, each validated by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, InputError
from rag.types import DEFAULT_SUBSCRIPTION, Subscription
from refdesk.settings.config import FILE

if TYPE_CHECKING:
    from stores.sql.readers import ReaderRecord
    from stores.sql.subscriptions import SubscriptionRecord

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
Tables = Mapping[str, Mapping[str, Any]]


def checked(tables: Tables, *, file: str = FILE) -> tuple[dict[str, Subscription], dict[str, ConfigError]]:
    """
    The valid subscriptions by name, and the errors of the others by name, so that a broken one does not stop the rest.

    Where no table is configured, there is one subscription named `default`, of all papers.
    """
    if not tables:
        return {DEFAULT_SUBSCRIPTION: Subscription()}, {}
    valid: dict[str, Subscription] = {}
    errors: dict[str, ConfigError] = {}
    for name, table in tables.items():
        try:
            valid[name] = _subscription(name, table, file)
        except ConfigError as error:
            errors[name] = error
    return valid, errors


def subscriptions(tables: Tables, *, file: str = FILE) -> dict[str, Subscription]:
    """
    All subscriptions by name.

    Raises:
        ConfigError: One of them is broken; the first is told.
    """
    valid, errors = checked(tables, file=file)
    for error in errors.values():
        raise error
    return valid


OWN_FIELDS = (
    "every timezone topics authors categories must must_not liked disliked threshold size order formats".split()
)
"""What a reader sets of a subscription in the catalog, and `mail`. Paths and addresses of others stand in the file."""
MOST_ENTRIES, MOST_CHARS, MOST_SIZE = 100, 500, 500
"""So much a reader's own subscription may have, for everybody's run makes its issues."""


def own_table(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """
    The settings of a reader's own subscription, checked as a table of `refdesk.toml` is.

    Args:
        name: Its name.
        settings: `OWN_FIELDS`, and `mail`: False mails no issues.

    Raises:
        InputError: The name or a setting is not valid.
    """
    table = {key: value for key, value in settings.items() if value is not None}
    if unknown := [key for key in table if key not in (*OWN_FIELDS, "mail")]:
        raise InputError(f"A subscription has no setting `{unknown[0][:80]}`.", hint=f"It has {', '.join(OWN_FIELDS)}.")
    mail = table.pop("mail", True)
    if not isinstance(mail, bool):
        raise InputError("`mail` must be true or false.", hint="Leave it out to have issues mailed.")
    for key, value in table.items():
        if isinstance(value, list | tuple) and (
            len(value) > MOST_ENTRIES or any(len(str(each)) > MOST_CHARS for each in value)
        ):
            hint = f"{MOST_ENTRIES} entries of {MOST_CHARS} characters are the most."
            raise InputError(f"`{key}` has too many entries, or one that is too long.", hint=hint)
    try:
        found = _subscription(name, table, "")
    except ConfigError as error:
        message = error.message.removeprefix(": ").replace(f"`subscriptions.{name}.", "`")
        raise InputError(message, hint=error.hint) from error
    if found.size > MOST_SIZE:
        raise InputError(f"`size` is {found.size:,}.", hint=f"{MOST_SIZE} papers are the most of an issue.")
    return {**table, **({} if mail else {"mail": False})}


def merged(
    tables: Tables,
    records: Iterable[SubscriptionRecord],
    readers: Callable[[str], ReaderRecord | None],
    *,
    has_mail: bool,
    file: str = FILE,
) -> tuple[dict[str, Subscription], dict[str, ConfigError]]:
    """
    As `checked`, with the subscriptions that readers made; a table goes before one of the same name.

    Args:
        tables: As in `checked`.
        records: Those that readers made.
        readers: Finds a reader; one's issues are mailed to their address.
        has_mail: False where no mails are sent.
        file: As in `checked`.
    """
    valid, errors = checked(tables, file=file)
    for record in records:
        if record.name in (*valid, *errors):
            continue
        table = {key: value for key, value in record.settings.items() if key != "mail"}
        to = mailed_to(record, readers(record.reader), has_mail=has_mail)
        try:
            found = _subscription(record.name, table, f"the subscription of {record.reader}")
        except ConfigError as error:
            errors[record.name] = error
        else:
            valid[record.name] = replace(found, reader=record.reader, to=(to,) if to else ())
    return valid, errors


def mailed_to(record: SubscriptionRecord, reader: ReaderRecord | None, *, has_mail: bool) -> str | None:
    """Where the issues of a reader's own subscription are mailed; None if they are not."""
    return reader.email if reader and has_mail and record.settings.get("mail", True) else None


def chosen(found: Mapping[str, Subscription], name: str | None) -> Subscription:
    """
    The subscription of a name; without one the only one, or `default`.

    Raises:
        ConfigError: There is none of the name, or several and no name.
    """
    names = ", ".join(found)
    if name is None and (len(found) == 1 or DEFAULT_SUBSCRIPTION in found):
        return found.get(DEFAULT_SUBSCRIPTION) or next(iter(found.values()))
    if name is None:
        raise ConfigError(f"There are several subscriptions: {names}.", hint="Name one with --subscription.")
    if name not in found:
        raise ConfigError(f"There is no subscription “{name}”; there are {names}.", hint="Check refdesk.toml.")
    return found[name]


def _subscription(name: str, table: Mapping[str, Any], file: str) -> Subscription:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{file}: `subscriptions.{name!r:.80}` is not a valid name.",
            hint="Use letters, digits, - and _: its files are named after it.",
        )
    if not table:
        return Subscription(name=name)
    from refdesk.settings import validation
    from refdesk.settings.tables import SubscriptionTable

    found = validation.checked(SubscriptionTable, table, place=f"subscriptions.{name}", file=file)
    return Subscription(name=name, **{key: getattr(found, key) for key in found.model_fields_set})
