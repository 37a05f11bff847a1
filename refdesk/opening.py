"""Opening a library: reads its settings, and makes its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from refdesk import wiring
from refdesk.library import Library
from refdesk.settings import config as configuration


def open_library(
    path: str | Path,
    *,
    embedder: str | None = None,
    model: str | None = None,
    judge: str | None = None,
    config: str | Path | None = None,
    read_only: bool = False,
    create: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> Library:
    """
    Open a library; make it first where there is none.

    Args:
        path: The library's folder.
        embedder: `static` (the default), `minilm` or `openai:<model>`; only a new library can choose.
        model: A chat model that writes the answers, such as `openai:gpt-4o-mini`; None takes the model of the
            settings. Without a model the answers quote the papers.
        judge: Who decides about claims what words alone do not: `model`, `entailment`, `words` or `auto`; None takes
            the setting.
        config: A settings file to read in place of the library's `refdesk.toml`.
        read_only: Never write, not even to finish the work of a process that was killed.
        create: Make the library where there is none.
        notify: Called with a sentence when there is something to wait for.

    Raises:
        ConfigError: A setting is wrong.
        StoreError: The library cannot be used; see `refdesk.errors`.
    """
    folder = Path(path)

    def load() -> configuration.Config:
        return configuration.load(
            folder, file=Path(config) if config else None, embedder=embedder, model=model, judge=judge
        )

    settings = load()
    store = wiring.store(folder, settings, create=create, read_only=read_only, notify=notify)
    return Library(store, settings, load=load)


def open_to_reindex(
    path: str | Path, *, config: str | Path | None = None, notify: Callable[[str], None] = lambda _: None
) -> Library:
    """Open a library to rebuild it; its embedder need not be the one of the settings."""
    folder = Path(path)
    settings = replace(configuration.load(folder, file=Path(config) if config else None), embedder=None)
    return Library(wiring.store(folder, settings, create=False, notify=notify), settings)
