"""The place of a library: its folder, and the URL of its catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from rag.errors import LibraryReadOnly, StoreError, disk_full, is_disk_full
from stores.unwritable import disk_is_full, may_be_written
from stores.urls import database_file


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

    def obstacle(self) -> StoreError | None:
        """The error for a catalog that cannot be written, or None. The server of a catalog decides that itself."""
        file = database_file(self.catalog)
        if file and not may_be_written(file):
            return LibraryReadOnly(
                f"The library {self.folder} cannot be written.",
                hint="Check its permissions and that its disk is not read-only, or use another `--library`.",
            )
        if file and disk_is_full(file.parent):
            return disk_full(f"The library {self.folder}")
        return None

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
