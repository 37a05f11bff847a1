"""
Settings: `refdesk.toml` in the library, above it the environment (`REFDESK_…`), above both what is passed in.

Settings of the library itself are validated when it is opened. Each feed, each subscription and `[email]` are validated
when they are used, so that a broken one does not stop the rest. Keys of providers (`OPENAI_API_KEY`) are not settings:
they stay in the environment and are never written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from refdesk.settings.tree import FILE, NO_SETTING, PREFIX, TABLES, Config

__all__ = ["FILE", "NO_SETTING", "PREFIX", "TABLES", "Config", "default_folder", "load", "reloaded"]

NOT_SETTINGS = ("LIBRARY", "MODELS", "SMTP_PASSWORD")
"""Variables with the prefix that are read elsewhere; those that begin with TEST_ are for tests."""

KEPT_OPEN = ("embedder", "vectors", "catalog")
"""Settings that say where a library is and how it is indexed; they hold as long as it is open."""


def load(
    folder: Path, *, file: Path | None = None, environment: Mapping[str, str] = os.environ, **passed: Any
) -> Config:
    """
    The settings of the library in `folder`.

    Args:
        folder: The library.
        file: Read this in place of the library's `refdesk.toml`; it must exist.
        environment: Where `REFDESK_…` is looked up.
        passed: Settings that go above all; None means not passed.

    Raises:
        ConfigError: The file cannot be read, or a setting is unknown or impossible.
    """
    path = file or folder / FILE
    if file and not _exists(file):
        raise ConfigError(f"There is no configuration file {file}.", hint="Check `--config`.")
    values: dict[str, Any] = {}
    if _exists(path):
        from refdesk.settings import toml

        values = toml.read(path)
    variables = {
        name: value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value and not name.startswith(f"{PREFIX}TEST_")
    }
    for name in NOT_SETTINGS:
        variables.pop(PREFIX + name, None)
    arguments = {name: value for name, value in passed.items() if value is not None}
    if not (values or variables or arguments):
        return Config()
    from refdesk.settings import sources  # pydantic takes a third of a second to import

    return sources.config(arguments, variables, values, file=str(path))


def reloaded(current: Config, new: Config) -> Config:
    """
    The new settings of a library that stays open.

    Raises:
        ConfigError: A setting has changed that an open library keeps.
    """
    for name in KEPT_OPEN:
        if getattr(new, name) != getattr(current, name):
            raise ConfigError(f"`{name}` has changed; an open library keeps it.", hint="Open the library again.")
    return new


def default_folder() -> Path:
    """Where the library is when nobody says: `REFDESK_LIBRARY`, else the platform's user data folder."""
    if given := os.environ.get("REFDESK_LIBRARY"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("refdesk", appauthor=False)) / "library"


def _exists(path: Path) -> bool:
    """True if something is there, also if it may not be read; reading it says what is wrong."""
    try:
        return path.exists()
    except (OSError, ValueError):  # no permission to look; a NUL in the path
        return "\0" not in str(path)
