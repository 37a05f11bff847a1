"""
Settings: `refdesk.toml` in the library, above it the environment (`REFDESK_…`), above both what is passed in.

Settings of the library itself are validated when it is opened. Each feed, each subscription and `[email]` are validated
when they are used, so that a broken one does not stop the rest. Keys of providers (`OPENAI_API_KEY`) are not settings:
they stay in the environment and are never written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError

if TYPE_CHECKING:
    from refdesk.settings.validation import (
        Count,
        Name,
        Number,
        OptionalDatabaseUrl,
        OptionalLine,
        OptionalPath,
        OptionalWebUrl,
        PositiveCount,
        Timeout,
        Wait,
    )

FILE = "refdesk.toml"
PREFIX = "REFDESK_"
TABLES = ("feeds", "subscriptions", "email")
"""Settings that are tables: only a file can hold them."""
NO_SETTING = "file"
"""The field of `Config` that is not a setting."""
NOT_SETTINGS = ("LIBRARY", "SMTP_PASSWORD")
"""Variables with the prefix that are read elsewhere; those that begin with TEST_ are for tests."""

KEPT_OPEN = ("embedder", "vectors", "catalog")
"""Settings that say where a library is and how it is indexed; they hold as long as it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    The settings of a library, valid but for the three tables.

    `refdesk.settings.sources` reads the types of the fields: they say which values are possible.

    Args:
        embedder: `static`, `minilm` or `openai:<model>`; None takes the library's own.
        model: A chat model such as `openai:gpt-4o-mini`; None answers in the papers' own sentences.
        prompts: A folder whose prompts replace the shipped ones.
        max_tokens_per_question: Tokens that one question may use, both ways, all calls.
        max_tokens_per_day: The same for a day (UTC); 0 is no limit.
        model_window: Tokens that the model takes at once.
        model_timeout_s: How long to wait for the model, and for each part of its reply.
        price_per_million_input, price_per_million_output: Prices of a million tokens, for the cost that is shown.
        vectors: URL of a Chroma server, in place of the folder `chroma`.
        catalog: SQLAlchemy URL, in place of the file `catalog.sqlite3`.
        max_sentences: The most sentences in an answer.
        contact: A mail address or page that requests to providers name.
        feed_timeout_s: How long to wait for a provider, and for each part of its reply.
        feeds: The tables `[feeds.NAME]` by name; see `refdesk.settings.feeds`.
        subscriptions: The tables `[subscriptions.NAME]` by name; see `refdesk.settings.subscriptions`.
        email: The table `[email]`; see `refdesk.settings.email`.
        max_tokens_per_issue: Tokens that writing one issue may use, both ways, all calls.
        lock_timeout_s: How long to wait for another process that writes.
        file: The name of the file with the tables, for messages, which issues quote. Not a setting.
    """

    embedder: OptionalLine = None
    model: OptionalLine = None
    prompts: OptionalPath = None
    max_tokens_per_question: PositiveCount = 24_000
    max_tokens_per_day: Count = 0
    model_window: Count = 16_000
    model_timeout_s: Timeout = 60.0
    price_per_million_input: Number | None = None
    price_per_million_output: Number | None = None
    vectors: OptionalWebUrl = None
    catalog: OptionalDatabaseUrl = None
    max_sentences: PositiveCount = 5
    contact: OptionalLine = None
    feed_timeout_s: Timeout = 30.0
    feeds: Mapping[Name, Mapping[str, Any]] = field(default_factory=dict)
    subscriptions: Mapping[Name, Mapping[str, Any]] = field(default_factory=dict)
    email: Mapping[str, Any] = field(default_factory=dict)
    max_tokens_per_issue: Count = 300_000
    lock_timeout_s: Wait = 600.0
    file: str = field(default=FILE, compare=False)


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
