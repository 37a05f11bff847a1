"""
Settings: `refdesk.toml` in the library, above it the environment (`REFDESK_…`), above both what is passed in.

Keys of providers (`OPENAI_API_KEY`) are not settings: they stay in the environment and are never written.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rag.errors import ConfigError

FILE = "refdesk.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    Args:
        embedder: `static`, `minilm` or `openai:<model>`; None takes the library's own.
        model: A chat model such as `openai:gpt-4o-mini`; None answers in the papers' own sentences.
        prompts: A folder whose prompts stand in for the shipped ones.
        max_tokens_per_question: Tokens that one question may use, both ways, all calls.
        max_tokens_per_day: The same for a day (UTC); 0 is no limit.
        model_window: Tokens that the model takes at once.
        model_timeout_s: How long to wait for the model, and for each part of its reply.
        price_per_million_input, price_per_million_output: Prices of a million tokens, for the cost that is told.
        vectors: URL of a Chroma server, in place of the folder `chroma`.
        catalog: SQLAlchemy URL, in place of the file `catalog.sqlite3`.
        max_sentences: The most sentences in an answer.
        contact: A mail address or page that requests to providers name.
        feed_timeout_s: How long to wait for a provider, and for each part of its reply.
        feeds: By name the tables `[feeds.NAME]`, each with its `kind`.
        subscriptions: By name the tables `[subscriptions.NAME]`; `refdesk.settings.subscriptions` says what they hold.
        email: The table `[email]`: how messages are sent.
        max_tokens_per_issue: Tokens that writing one issue may use, both ways, all calls.
        lock_timeout_s: How long to wait for another process that writes.
    """

    embedder: str | None = None
    model: str | None = None
    prompts: str | None = None
    max_tokens_per_question: int = 24_000
    max_tokens_per_day: int = 0
    model_window: int = 16_000
    model_timeout_s: float = 60.0
    price_per_million_input: float | None = None
    price_per_million_output: float | None = None
    vectors: str | None = None
    catalog: str | None = None
    max_sentences: int = 5
    contact: str | None = None
    feed_timeout_s: float = 30.0
    feeds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    subscriptions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    email: Mapping[str, Any] = field(default_factory=dict)
    max_tokens_per_issue: int = 300_000
    lock_timeout_s: float = 600.0


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
        ConfigError: A file that is no TOML, a setting that does not exist, or one of the wrong kind.
    """
    path = file or folder / FILE
    config = Config()
    if file and not file.is_file():
        raise ConfigError(f"There is no configuration file {file}.", hint="Check `--config`.")
    if path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise ConfigError(f"{path} cannot be read: {error}.", hint="It must be TOML in UTF-8.") from error
        config = _with(config, values, str(path))
    names = {f"REFDESK_{field.name.upper()}": field.name for field in fields(Config) if field.name not in _TABLES}
    found = {names[name]: value for name, value in environment.items() if name in names and value}
    config = _with(config, found, "the environment")
    return _with(config, {name: value for name, value in passed.items() if value is not None}, "the call")


def default_folder() -> Path:
    """Where the library is when nobody says: `REFDESK_LIBRARY`, else the platform's user data folder."""
    if given := os.environ.get("REFDESK_LIBRARY"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("refdesk", appauthor=False)) / "library"


def _with(config: Config, values: Mapping[str, Any], where: str) -> Config:
    kinds = {"max_sentences": int, **dict.fromkeys(_WHOLE, int), **dict.fromkeys(_NUMBERS, float)}
    known = {field.name for field in fields(Config)}
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                f"{where} sets “{name}”, which is no setting.",
                hint="The settings are " + ", ".join(sorted(known)) + ".",
            )
        if name in _TABLES:
            made[name] = _table(name, value, where)
            continue
        kind = kinds.get(name, str)
        try:
            made[name] = kind(value) if not isinstance(value, dict | list | bool) else _refuse()
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigError(
                f"{where} sets {name} to {value!r}, which is no {_KINDS[kind]}.",
                hint=f"Write it as {_KINDS[kind]}.",
            ) from error
    config = replace(config, **made)
    numbers = {name: getattr(config, name) or 0 for name in (*_WHOLE, *_NUMBERS)}
    if config.max_sentences < 1 or min(numbers.values()) < 0 or config.max_tokens_per_question < 1:
        raise ConfigError(
            f"{where} sets a number below what makes sense.",
            hint="max_sentences and max_tokens_per_question are at least 1, the others at least 0.",
        )
    return config


def _table(name: str, value: Any, where: str) -> Mapping[str, Any]:
    """A table, or one of tables; what they hold is checked by those who use them."""
    needed = {"kind"} if name == "feeds" else set()
    if isinstance(value, dict) and (
        name == "email" or all(isinstance(each, dict) and needed <= each.keys() for each in value.values())
    ):
        return value
    raise ConfigError(f"{where} sets {name} to what is no {_TABLES[name]}.", hint=f"Write {_EXAMPLES[name]}.")


_TABLES = {"feeds": "tables with a kind", "subscriptions": "tables", "email": "table"}
_EXAMPLES = {
    "feeds": '`[feeds.cs]`, `kind = "arxiv"`',
    "subscriptions": '`[subscriptions.mine]`, `topics = ["grokking"]`',
    "email": '`[email]`, `host = "smtp.example.org"`',
}
_WHOLE = ("max_tokens_per_question", "max_tokens_per_day", "max_tokens_per_issue", "model_window")
_NUMBERS = (
    "lock_timeout_s",
    "model_timeout_s",
    "feed_timeout_s",
    "price_per_million_input",
    "price_per_million_output",
)
_KINDS: dict[type, str] = {int: "whole number", float: "number", str: "text"}


def _refuse() -> Any:
    raise TypeError
