"""Builds the settings with pydantic-settings from three sources: arguments, the environment and a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from rag.errors import ConfigError
from refdesk.settings import validation
from refdesk.settings.tree import FILE, NO_SETTING, PREFIX, TABLES, Config


class _Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", allow_inf_nan=False, frozen=True)


class _Environment(EnvSettingsSource):
    """The variables that the caller chose, in place of all of the process."""

    def __init__(self, model: type[BaseSettings], variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(model)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}


_HINTS = get_type_hints(Config, localns=vars(validation), include_extras=True)
_FIELDS: dict[str, Any] = {
    field.name: (_HINTS[field.name], {} if field.default is MISSING else field.default)
    for field in fields(Config)
    if field.name != NO_SETTING
}
_TREE = create_model("Settings", __base__=_Base, **_FIELDS)


def config(
    arguments: Mapping[str, Any], variables: Mapping[str, str], values: Mapping[str, Any], *, file: str = FILE
) -> Config:
    """
    Merge and validate the settings.

    Args:
        arguments: What was passed in; it goes above all.
        variables: Variables of the environment that begin with `REFDESK_`.
        values: What the file holds.
        file: Its path, for messages.

    Raises:
        ConfigError: A setting is unknown or impossible; the message names it and where it stands.
    """
    by_variable = {PREFIX + name.upper(): name for name in _TREE.model_fields if name not in TABLES}
    for variable in variables:
        if (table := variable.removeprefix(PREFIX).lower()) in TABLES:
            raise ConfigError(
                f"The environment sets {variable}, but `{table}` is a table.",
                hint=f"Tables stand only in {FILE}; docs/settings.md shows them.",
            )
        if variable not in by_variable:
            raise ConfigError(
                f"The environment sets {variable}, which is an unknown setting.",
                hint=validation.suggestion(variable, list(by_variable)),
            )

    class Layered(_TREE):  # type: ignore[misc, valid-type]  # mypy knows no class that is made at run time
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            layers = _Environment(settings_cls, variables), InitSettingsSource(settings_cls, dict(values))
            return init_settings, *layers

    def named(key: str) -> str:
        setting = key.partition(".")[0]
        if setting in arguments:
            return f"The argument `{key}`"
        if (variable := PREFIX + setting.upper()) in variables:
            return f"The environment variable {variable}"
        return f"{file}: `{key}`"

    try:
        layered = Layered(**arguments)
    except ValidationError as error:
        raise validation.config_error(error, _TREE, name=named) from error
    return Config(**{name: getattr(layered, name) for name in _TREE.model_fields}, file=Path(file).name)
