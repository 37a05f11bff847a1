"""
The settings as one typed tree. It reads nothing: `refdesk.settings.config` loads it.

The types of the fields are read by `refdesk.settings.sources`: they say which values are possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refdesk.settings.validation import (
        Count,
        JudgeChoice,
        Name,
        Number,
        OptionalDatabaseUrl,
        OptionalLine,
        OptionalPath,
        OptionalVectorsUrl,
        PositiveCount,
        Share,
        Timeout,
        Wait,
    )

FILE = "refdesk.toml"
PREFIX = "REFDESK_"
TABLES = ("feeds", "subscriptions", "email", "serve")
"""Settings that are tables: only a file can hold them."""
NO_SETTING = "file"
"""The field of `Config` that is not a setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    The settings of a library, valid but for the three tables.

    Args:
        embedder: `static`, `minilm` or `openai:<model>`; None takes the library's own.
        model: A chat model such as `openai:gpt-4o-mini`; None answers in the papers' own sentences.
        reranker: A cross-encoder that orders the first papers and sentences anew: a name, or a folder; None is none.
        judge: Who decides about claims what words alone do not: `model`, `entailment`, `words`; `auto` is the first of
            them that is there.
        judge_model: The chat model that judges; None is `model`.
        entailment_model: A cross-encoder with a label for entailment: a name, or a folder; None is a downloaded one.
        entailment_threshold: The least probability with which a claim follows from its sentences.
        prompts: A folder whose prompts replace the shipped ones.
        max_tokens_per_question: Tokens that one question may use, both ways, all calls.
        max_tokens_per_day: The same for a day (UTC); 0 is no limit.
        model_window: Tokens that the model takes at once.
        max_output_tokens: The longest reply of the model, in tokens; a model that reasons needs several thousand.
        model_timeout_s: How long to wait for the model, and for each part of its reply.
        price_per_million_input, price_per_million_output: Prices of a million tokens, for the cost that is shown.
        vectors: URL of a Chroma server, or of a database in Chroma Cloud, in place of the folder `chroma`.
        catalog: SQLAlchemy URL, in place of the file `catalog.sqlite3`.
        max_sentences: The most sentences in an answer.
        contact: A mail address or page that requests to providers name.
        feed_timeout_s: How long to wait for a provider, and for each part of its reply.
        feeds: The tables `[feeds.NAME]` by name; see `refdesk.settings.feeds`.
        subscriptions: The tables `[subscriptions.NAME]` by name; see `refdesk.settings.subscriptions`.
        email: The table `[email]`; see `refdesk.settings.email`.
        serve: The table `[serve]`; see `refdesk.settings.tables.Serve`.
        max_tokens_per_issue: Tokens that writing one issue may use, both ways, all calls.
        lock_timeout_s: How long to wait for another process that writes.
        file: The name of the file with the tables, for messages, which issues quote. Not a setting.
    """

    embedder: OptionalLine = None
    model: OptionalLine = None
    reranker: OptionalLine = None
    judge: JudgeChoice = "auto"
    judge_model: OptionalLine = None
    entailment_model: OptionalLine = None
    entailment_threshold: Share = 0.5
    prompts: OptionalPath = None
    max_tokens_per_question: PositiveCount = 24_000
    max_tokens_per_day: Count = 0
    model_window: Count = 16_000
    max_output_tokens: Count = 1_200
    model_timeout_s: Timeout = 60.0
    price_per_million_input: Number | None = None
    price_per_million_output: Number | None = None
    vectors: OptionalVectorsUrl = None
    catalog: OptionalDatabaseUrl = None
    max_sentences: PositiveCount = 5
    contact: OptionalLine = None
    feed_timeout_s: Timeout = 30.0
    feeds: Mapping[Name, Mapping[str, Any]] = field(default_factory=dict)
    subscriptions: Mapping[Name, Mapping[str, Any]] = field(default_factory=dict)
    email: Mapping[str, Any] = field(default_factory=dict)
    serve: Mapping[str, Any] = field(default_factory=dict)
    max_tokens_per_issue: Count = 300_000
    lock_timeout_s: Wait = 600.0
    file: str = field(default=FILE, compare=False)
