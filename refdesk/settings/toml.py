"""Reads a TOML file with limits on size and depth. It knows no settings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from rag.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_PART}\.[ \t]*+){{{MAX_DEPTH}}}")
"""A dotted key of so many parts takes `tomllib` a time that grows with their square."""


def read(path: Path) -> dict[str, Any]:
    """
    Read a TOML file in UTF-8, with or without a byte order mark.

    Raises:
        ConfigError: It is no file, cannot be read, is no TOML, is larger than `MAX_BYTES`, or nests tables and lists
            deeper than `MAX_DEPTH`.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"{path} is not a file.", hint="Write the settings into a file in TOML.")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check who may read the file."
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES:,} bytes.", hint="Check that it is the settings' file.")
    try:
        text = content.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise _too_deep(path)
        values = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", hint="It must be TOML in UTF-8.") from error
    except ValueError as error:  # Python turns no text of so many digits into a number
        raise ConfigError(
            f"{path} cannot be read: a number in it has thousands of digits.", hint="Write a smaller number."
        ) from error
    if _depth(values) > MAX_DEPTH:
        raise _too_deep(path)
    return values


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} nests tables or lists deeper than {MAX_DEPTH}.", hint="No setting needs more than three levels."
    )


def _depth(values: Any) -> int:
    """
    How deep tables and lists are nested; counted without recursion.

    >>> _depth({"a": {"b": [1]}})
    3
    """
    depth, level = 0, [values]
    while level := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        level = [inner for value in level for inner in (value.values() if isinstance(value, dict) else value)]
    return depth
