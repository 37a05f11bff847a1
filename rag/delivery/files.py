"""The files of an issue. Writing the same content again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rag.errors import ConfigError
from rag.files import write


def write_issue(folder: Path, name: str, renderings: Mapping[str, bytes]) -> list[Path]:
    """
    Write an issue's files, `<folder>/<name>.<format>` for each format (`md`, `html`, `json`, `eml`).

    Returns:
        The files that changed.

    Raises:
        ConfigError: A file cannot have this name.
        StoreFull, StoreError: A file cannot be written.
    """
    if not name.isprintable() or name.startswith(".") or set(name) & set('/\\:*?"<>|') or not 0 < len(name) <= 200:
        raise ConfigError(
            f"An issue cannot be called {name!r:.100}: a file cannot have this name.",
            hint="Name the subscription in letters, digits, `-` and `_`.",
        )
    paths = {folder / f"{name}.{suffix}": content for suffix, content in renderings.items()}
    return [path for path, content in paths.items() if write(path, content)]
