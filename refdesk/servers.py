"""Chats with the servers of models, made from the settings and the providers' own environment variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from refdesk.ask import ModelSettings

if TYPE_CHECKING:
    from rag.llm.chat import Chat
    from rag.llm.dialect import Memory

MakeMemory = Callable[[str], "Memory"]
"""Makes the memory of what a server does not take, from the name of the model and its server."""


def chats(
    name: str,
    settings: ModelSettings,
    environment: Mapping[str, str] = os.environ,
    *,
    memory: MakeMemory | None = None,
) -> Callable[[Callable[[], bool]], Chat]:
    """
    What makes the chats with a model, each from a function that returns True once it is cancelled.

    Args:
        name: Provider and model, such as `openai:gpt-4o-mini`.
        settings: The longest reply and wait.
        environment: Has the providers' keys, and `OPENAI_BASE_URL`.
        memory: Keeps what the server does not take beyond this process; None keeps it in the process.

    Raises:
        ConfigError: The provider is unknown or not installed, or its key is missing.
    """
    from rag.llm import chat
    from rag.llm.dialect import dialect_of
    from rag.llm.tokens import Counter

    openai = name.startswith("openai:") or ":" not in name
    base_url = environment.get("OPENAI_BASE_URL") if openai else None
    key, most = environment.get("OPENAI_API_KEY") if openai else None, settings.max_output_tokens
    model = chat.make(name, base_url=base_url, api_key=key, timeout_s=settings.timeout_s, max_output_tokens=most)
    counter, dialect = Counter(name.partition(":")[2] or name), dialect_of(name, base_url)
    if memory:
        dialect.use(memory(f"{name} {base_url or ''}"))
    return lambda cancelled: chat.Chat(model, counter, most, dialect, cancelled=cancelled)
