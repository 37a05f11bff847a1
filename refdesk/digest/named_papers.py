"""Resolve the ids of papers that a subscription names to the canonical ids of the library."""

from __future__ import annotations

from collections.abc import Iterable

from rag import identity
from stores.sql.catalog import SQLCatalog


def canonical_ids(catalog: SQLCatalog, names: Iterable[str]) -> dict[str, str | None]:
    """The canonical id of each name, which may lack the scheme; None if the library has no such paper."""
    aliases = {name: [name, *identity.scheme_ids(name)] for name in dict.fromkeys(names)}
    found = catalog.resolve([alias for aliases_of in aliases.values() for alias in aliases_of])
    return {
        name: next((found[alias] for alias in aliases_of if alias in found), None)
        for name, aliases_of in aliases.items()
    }
