"""Subscriptions: the tables `[subscriptions.NAME]` of `refdesk.toml`, each validated by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rag.errors import ConfigError
from rag.types import DEFAULT_SUBSCRIPTION, Subscription
from refdesk.settings.config import FILE

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
