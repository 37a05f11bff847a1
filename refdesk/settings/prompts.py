"""The prompts that are shipped, and a user's own in their place."""

from __future__ import annotations

from pathlib import Path

from rag.errors import ConfigError
from rag.llm.prompts import Prompt, parse

NAMES = ("answer", "answer_plain", "condense", "queries", "repair")


def folder() -> Path:
    """Where the shipped prompts are."""
    here = Path(__file__).parent.parent
    return next(each for each in (here / "_prompts", here.parent / "prompts") if each.is_dir())


def load(own: Path | None = None) -> dict[str, Prompt]:
    """
    All prompts by name, those of a folder before the shipped ones.

    Raises:
        ConfigError: The folder does not exist, or a prompt of it is wrong.
    """
    if own and not own.is_dir():
        raise ConfigError(f"There is no folder of prompts {own}.", hint="Check `prompts` in refdesk.toml.")
    shipped = folder()
    prompts = {}
    for name in NAMES:
        path = shipped / f"{name}.toml"
        if own and (own / f"{name}.toml").is_file():
            path = own / f"{name}.toml"
        try:
            prompts[name] = parse(path.read_text(encoding="utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The prompt {path} cannot be read: {error}.", hint="It must be TOML in UTF-8."
            ) from error
        if set(prompts[name].variables) != set(parse((shipped / f"{name}.toml").read_text("utf-8"), name).variables):
            raise ConfigError(f"The prompt {path} takes other variables than the shipped one.", hint="Keep them.")
    return prompts
