"""Timezones by their names."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from rag.errors import ConfigError


def zone(name: str) -> tzinfo:
    """The timezone of a name such as `Europe/Berlin`. Raises ConfigError if no timezone has the name."""
    if name == "UTC":
        return UTC  # also where no table of timezones is installed
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ConfigError(
            f"There is no timezone “{name}”.", hint="Write it as Europe/Berlin; `pip install tzdata` brings the table."
        ) from error
