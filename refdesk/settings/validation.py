"""
Validation with pydantic: the types of settings, and pydantic's errors as one sentence each.

Importing pydantic takes a third of a second, so nothing imports this module before there is a setting to check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rag.errors import ConfigError
from rag.types import JudgeChoice as JudgeChoice
from stores.urls import catalog_problem, chroma_address, is_database, masked

LONGEST_WAIT_S = 86_400
"""A timeout above a day is a mistake, and sockets refuse one above some centuries."""
MOST = 10**12
STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
Model = TypeVar("Model", bound=BaseModel)


def _not_a_flag(value: Any) -> Any:
    """Python counts `true` as 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a NUL character")
    return text


def _line(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError("must not contain control characters or line breaks")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _path(text: str) -> str:
    try:
        Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("must be the path of a user that exists on this machine") from error
    return text


def _web_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("must be an http(s) URL")
    return text


def _vectors_url(text: str) -> str:
    try:
        chroma_address(text)
    except ValueError as error:
        raise ValueError("must be an http(s) URL of a Chroma server, or chroma-cloud://tenant/database") from error
    return text


def _database_url(text: str) -> str:
    if problem := catalog_problem(text):
        raise ValueError(problem)
    if not is_database(text):
        raise ValueError("must be an SQLAlchemy URL such as sqlite:////path/file or postgresql://user@host/database")
    if "///~" in text:
        raise ValueError("must have the whole path: SQLite does not know `~`")
    return text


def _day(value: Any) -> Any:
    try:
        return value if isinstance(value, date | datetime) else date.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise ValueError("must be a date such as 2026-06-17") from error


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str, AfterValidator(_no_nul), AfterValidator(_not_blank)]
Texts = tuple[Text, ...]
Line = Annotated[str, AfterValidator(_line), AfterValidator(_not_blank)]
UserPath = Annotated[Text, AfterValidator(_path)]
WebUrl = Annotated[Line, AfterValidator(_web_url)]
DatabaseUrl = Annotated[Line, AfterValidator(_database_url)]
OptionalLine = Annotated[Line | None, BeforeValidator(_empty_is_none)]
OptionalPath = Annotated[UserPath | None, BeforeValidator(_empty_is_none)]
OptionalVectorsUrl = Annotated[Annotated[Line, AfterValidator(_vectors_url)] | None, BeforeValidator(_empty_is_none)]
OptionalDatabaseUrl = Annotated[DatabaseUrl | None, BeforeValidator(_empty_is_none)]
Name = Annotated[str, AfterValidator(_line)]
Day = Annotated[Any, BeforeValidator(_day)]
Count = Annotated[int, BeforeValidator(_not_a_flag), Field(ge=0, le=MOST)]
PositiveCount = Annotated[int, BeforeValidator(_not_a_flag), Field(ge=1, le=MOST)]
Number = Annotated[float, BeforeValidator(_not_a_flag), Field(ge=0)]
Share = Annotated[float, BeforeValidator(_not_a_flag), Field(ge=0, le=1)]
Port = Annotated[int, BeforeValidator(_not_a_flag), Field(ge=1, le=65_535)]
Wait = Annotated[float, BeforeValidator(_not_a_flag), Field(ge=0, le=LONGEST_WAIT_S)]
Timeout = Annotated[float, BeforeValidator(_not_a_flag), Field(gt=0, le=LONGEST_WAIT_S)]


def checked(model: type[Model], table: Mapping[str, Any], *, place: str, file: str) -> Model:
    """
    A table of the settings, validated.

    Args:
        model: What the table may hold.
        table: As TOML has it.
        place: Its dotted name, such as `feeds.cs`.
        file: Where it was read, for the message.

    Raises:
        ConfigError: A setting is unknown, missing or impossible.
    """
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise config_error(error, model, name=lambda key: f"{file}: `{place}.{key}`") from error


def config_error(error: ValidationError, model: type[BaseModel], *, name: Callable[[str], str]) -> ConfigError:
    """
    The first error of a validation in one sentence, with a hint.

    Args:
        error: As pydantic raised it.
        model: What was validated, for the names of its settings.
        name: Names a setting with the place where it stands, such as ``refdesk.toml: `email.port` ``.
    """
    first = error.errors(include_url=False)[0]
    keys = [field.alias or key for key, field in model.model_fields.items()]
    path = [part for part in first["loc"] if isinstance(part, str) and part != "[key]"]
    key = path[0] if path else ""
    value = first["input"]
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        return ConfigError(f"{name(key)} is an unknown setting.", hint=suggestion(key, keys))
    if kind == "missing":
        return ConfigError(f"{name(key)} is missing.", hint="Write it into the file.")
    if not path:  # of the table as a whole
        return ConfigError(f"{name('').removesuffix('.`')}` {context.get('error', 'is wrong')}.", hint=_SEE_MANUAL)
    said, hint = _expected(kind, context), _SEE_MANUAL
    if kind == "value_error":
        said, *hints = context["error"].args
        hint = next(iter(hints), _SEE_MANUAL)
    return ConfigError(f"{name('.'.join(path))} {said}; it is {_shown(path[-1], value)}.", hint=hint)


def suggestion(key: str, known: Sequence[str], *, otherwise: str = "") -> str:
    """A hint for an unknown name: the known name that is nearly it, else `otherwise`, else all known names."""
    lowered = {name.lower(): name for name in known}
    near = get_close_matches(key.lower(), lowered, n=1)
    if near:
        return f"Did you mean `{lowered[near[0]]}`?"
    return otherwise or f"The settings are {', '.join(known)}."


_SEE_MANUAL = "docs/settings.md has the settings and their values."
_EXPECTED = {
    "finite_number": "must be a finite number",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": 'must be a list of texts such as ["cs.CL", "cs.LG"]',
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "dict_type": "must be a table",
}


def _expected(kind: str, context: Mapping[str, Any]) -> str:
    if kind.startswith("int_"):
        return "must be a whole number"
    if kind.startswith("float_"):
        return "must be a number"
    return _EXPECTED.get(kind, "cannot have this value").format(**context)


def _shown(key: str, value: Any) -> str:
    if isinstance(value, str) and ("url" in key or key in ("catalog", "vectors")):
        value = masked(value)
    if isinstance(value, bool):
        return str(value).lower()  # as TOML writes it
    return repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:79]}…"
