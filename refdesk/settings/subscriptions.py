"""Subscriptions as `refdesk.toml` has them: `[subscriptions.NAME]` tables, each checked whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from rag.errors import ConfigError
from rag.types import DEFAULT_SUBSCRIPTION, Subscription, zone

FORMATS = ("md", "html", "json", "eml")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KNOWN = sorted(each.name for each in fields(Subscription) if each.name != "name")


def subscriptions(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Subscription]:
    """
    All subscriptions by name; one named `default`, of all papers, where none is configured.

    Raises:
        ConfigError: A name or a setting that is none, or one of the wrong kind.
    """
    if not tables:
        return {DEFAULT_SUBSCRIPTION: Subscription()}
    return {name: _subscription(name, table) for name, table in tables.items()}


def checked(
    tables: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Subscription], dict[str, ConfigError]]:
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
            valid[name] = _subscription(name, table)
        except ConfigError as error:
            errors[name] = error
    return valid, errors


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


def _subscription(name: str, table: Mapping[str, Any]) -> Subscription:
    where = f"The subscription “{name}”"
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"“{name}” is no name for a subscription.", hint="Use letters, digits, - and _: files are called by it."
        )
    kinds = get_type_hints(Subscription)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KNOWN:
            raise ConfigError(
                f"{where} sets “{key}”, which is no setting.", hint=f"The settings are {', '.join(_KNOWN)}."
            )
        values[key] = _value(where, key, value, kinds[key])
    made = Subscription(name=name, **values)
    zone(made.timezone)
    if made.size < 1 or not 0 <= (made.threshold or 0) <= 1:
        raise ConfigError(
            f"{where} has a size of {made.size} and a threshold of {made.threshold}.",
            hint="A size is at least 1, a threshold from 0 to 1.",
        )
    if odd := [each for each in made.formats if each not in FORMATS]:
        raise ConfigError(f"{where} asks for the format “{odd[0]}”.", hint=f"Formats are {', '.join(FORMATS)}.")
    return made


def _value(where: str, key: str, value: Any, kind: Any) -> Any:
    choices = [each for each in get_args(kind) if isinstance(each, str)]
    if choices:
        if value in choices:
            return value
        expected = f"one of {', '.join(choices)}"
    elif kind == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        expected = 'a list of texts, such as ["cs.CL"]'
    elif kind in (int, float | None):
        if isinstance(value, int if kind is int else int | float) and not isinstance(value, bool):
            return value if kind is int else float(value)
        expected = "a number"
    else:
        if isinstance(value, str):
            return value
        expected = "a text"
    raise ConfigError(f"{where} sets {key} to {value!r}.", hint=f"Write {expected}.")
