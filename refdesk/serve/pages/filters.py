"""The filters of a page: read from its address or a form, shown in its fields, and written into addresses again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams

from refdesk.serve import requests as given

_ONE = ("since", "until", "issue", "review")
"""Fields that have one value; of several the last one counts."""
_NAMES = (*given.Filtered.model_fields, "issue", "review")


class Filters:
    """
    The filters of a page.

    Args:
        values: The values of each field of a form or an address; other fields are left out.
    """

    def __init__(self, values: Mapping[str, Sequence[str]] = {}) -> None:
        self.several = {name: [each.strip() for each in values.get(name, ()) if each.strip()] for name in _NAMES}
        self.several |= {name: self.several[name][-1:] for name in _ONE}

    @classmethod
    def of(cls, fields: FormData | QueryParams) -> Filters:
        """Those of a form or an address."""
        return cls({name: [str(value) for value in fields.getlist(name)] for name in fields})

    def __bool__(self) -> bool:
        return any(self.several.values())

    def __getattr__(self, name: str) -> Any:
        found = self.several[name]
        return (found[0] if found else None) if name in _ONE else found

    @property
    def fields(self) -> dict[str, Any]:
        """As `requests.Filtered` takes them."""
        return {
            name: found[0] if name in _ONE else found
            for name, found in self.several.items()
            if found and name in given.Filtered.model_fields
        }

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As the fields of an address or a form."""
        return [(name, value) for name, found in self.several.items() for value in found]

    def changed(self, **values: Iterable[str]) -> Filters:
        """With other values of some fields."""
        return Filters({**self.several, **{name: list(found) for name, found in values.items()}})

    def without(self, name: str, value: str) -> Filters:
        """Without one value of a field."""
        return self.changed(**{name: [each for each in self.several[name] if each != value]})

    def at(self, path: str, *more: tuple[str, str]) -> str:
        """The address of a path with these filters behind other fields."""
        fields = [(name, value) for name, value in more if value] + self.pairs
        return f"{path}?{urlencode(fields)}" if fields else path
