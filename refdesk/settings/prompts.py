"""Prompts: the shipped ones, each replaced by a file of the same name in the user's folder."""

from __future__ import annotations

from pathlib import Path

from rag.errors import ConfigError
from rag.llm.prompts import Prompt, parse

NAMES = ("answer", "answer_plain", "condense", "judge", "names", "queries", "repair")


def folder() -> Path:
    """The folder of the shipped prompts."""
    package = Path(__file__).parent.parent
    return next(path for path in (package / "_prompts", package.parent / "prompts") if path.is_dir())


def load(own: Path | None = None) -> dict[str, Prompt]:
    """
    Load all prompts by name.

    Args:
        own: A folder whose prompts replace the shipped ones.

    Raises:
        ConfigError: The folder does not exist, or a prompt in it is wrong.
    """
    if own and not own.is_dir():
        raise ConfigError(f"There is no folder of prompts {own}.", hint="Check the setting `prompts`.")
    shipped = folder()
    prompts = {}
    for name in NAMES:
        path = shipped / f"{name}.toml"
        if own and (own / f"{name}.toml").is_file():
            path = own / f"{name}.toml"
        try:
            prompts[name] = parse(path.read_text(encoding="utf-8-sig"), name)
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigError(
                f"The prompt {path} cannot be read: {error}.", hint="It must be TOML in UTF-8."
            ) from error
        if set(prompts[name].variables) != set(parse((shipped / f"{name}.toml").read_text("utf-8"), name).variables):
            raise ConfigError(
                f"The prompt {path} has other variables than the shipped one.", hint="Use the same variables."
            )
    return prompts
