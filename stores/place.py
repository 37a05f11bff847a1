"""The place of a library: its folder, and the URL of its catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from rag.errors import LibraryReadOnly, StoreError, disk_full, is_disk_full
from stores.sql.unwritable import can_be_written


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a library's catalog: in its folder, or at a URL. `Indexes.place` has those of the indexes."""

    folder: Path
    catalog_url: str | None = None

    @property
    def catalog(self) -> str | sa.URL:
        """The catalog's SQLAlchemy URL; as a string, it would cut a folder named `what?` at the question mark."""
        return self.catalog_url or sa.URL.create("sqlite", database=str(self.folder / "catalog.sqlite3"))

    def exists(self) -> bool:
        """True if there is a library. Raises StoreError if the place is a file."""
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(
                f"{self.folder} is a file, and a library is a folder.", hint="Give the folder with `--library`."
            )
        return bool(self.catalog_url and self.folder.is_dir()) or (self.folder / "catalog.sqlite3").exists()

    def can_be_written(self) -> bool:
        """True if this process may write the catalog."""
        return can_be_written(self.catalog)

    def make_folder(self) -> None:
        """Make the folder if it is absent. Raises LibraryReadOnly, or StoreFull if the disk has no room."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self.folder) from error
            raise LibraryReadOnly(
                f"A library cannot be made at {self.folder}: {error.strerror or error}.",
                hint="Choose another folder with `--library`.",
            ) from error
