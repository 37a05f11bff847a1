"""
Backups: one tar with a consistent copy of the catalog, the settings and the files of issues.

The indexes are left out: they are rebuilt from the catalog. SQLite copies its database while others read and write it;
a catalog of another server is copied table by table in one transaction. A tar is restored into a folder without a
library; it may hold nothing but these names.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from rag.errors import StoreDamaged, StoreError, StoreMismatch, UnreadableInput, disk_full, is_disk_full
from stores.health import REBUILD
from stores.place import Place
from stores.sql.catalog import SQLCatalog
from stores.sql.copying import copy_tables
from stores.urls import database_file

CATALOG, SETTINGS, ISSUES = "catalog.sqlite3", "refdesk.toml", "issues"
DIGEST = "REFDESK.sha256"
"""The extended header of each file in a backup that tells its digest."""
ASIDE = f"{SETTINGS}.restored"
"""The name of settings that name another place of the catalog or the vectors, so that nothing follows them unasked."""


def write_backup(place: Place, file: Path) -> int:
    """
    Write a backup, readable by its owner alone.

    Args:
        place: The library; others may use it meanwhile.
        file: The tar. An older one is replaced once the new one is whole.

    Returns:
        The number of papers in it.

    Raises:
        StoreError, StoreFull: The catalog cannot be read, or the file cannot be written.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix=".refdesk-backup-", dir=file.parent) as temporary:
            copy = Path(temporary) / CATALOG
            _copy_catalog(place, copy)
            part.unlink(missing_ok=True)
            with (
                os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream,
                tarfile.open(fileobj=stream, mode="w") as tar,
            ):
                for path, name in ((copy, CATALOG), *_files(place.folder)):
                    _add(tar, path, name)
                stream.flush()
                os.fsync(stream.fileno())
            with closing(sqlite3.connect(copy)) as copied:
                papers = int(copied.execute("SELECT count(*) FROM papers").fetchone()[0])
            part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        if is_disk_full(error):
            raise disk_full(file.parent) from error
        raise StoreError(
            f"The backup {file} cannot be written: {error.strerror or error}.", hint="Choose another file."
        ) from error
    return papers


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file with its digest: a byte that a disk changes in an abstract is found when it is restored."""
    with path.open("rb") as stream:
        member = tar.gettarinfo(arcname=name, fileobj=stream)
        member.pax_headers = {DIGEST: hashlib.file_digest(stream, "sha256").hexdigest()}
        stream.seek(0)
        tar.addfile(member, stream)


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The settings and the files of issues, with their names in the tar; links are left out."""
    settings = folder / SETTINGS
    if settings.is_file():
        yield settings.resolve(), SETTINGS
    for path in sorted((folder / ISSUES).glob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path, f"{ISSUES}/{path.name}"


def _copy_catalog(place: Place, target: Path) -> None:
    source = database_file(place.catalog)
    if source is None:
        copy_tables(place.catalog, sa.URL.create("sqlite", database=str(target)))
        return
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreError(
            f"The catalog {source} cannot be copied: {error}.", hint="`refdesk check` looks for damage."
        ) from error


def read_backup(file: Path, folder: Path) -> bool:
    """
    Restore a backup into a folder; its indexes are rebuilt by the next writer.

    Args:
        file: The tar.
        folder: Where no library is; it is made.

    Returns:
        True if the settings name another place of the catalog or the vectors; they are beside, under another name.

    Raises:
        StoreError: There is a library already, or the folder cannot be written.
        UnreadableInput: The file is no backup.
        StoreDamaged, StoreMismatch: Its catalog is damaged, or of a newer Refdesk.
    """
    if Place(folder).exists():
        raise StoreError(
            f"There is a library at {folder} already.",
            hint="Name a folder without one: `refdesk --library DIR restore FILE`.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{CATALOG}.part"
    try:
        with tarfile.open(file) as tar:
            members = {member.name: member for member in tar}
            if CATALOG not in members or not all(_is_ours(member) for member in members.values()):
                raise UnreadableInput(f"{file} is no backup of Refdesk.", hint="`refdesk backup FILE` writes one.")
            _extract(tar, members.pop(CATALOG), part)
            _check(part)
            elsewhere = _restore_settings(tar, members.pop(SETTINGS, None), folder)
            (folder / ISSUES).mkdir(exist_ok=True)
            for name, member in members.items():
                _extract(tar, member, folder / name)
        part.replace(folder / CATALOG)  # last: a folder without it is no library
    except (tarfile.TarError, EOFError) as error:
        raise UnreadableInput(
            f"{file} is no backup of Refdesk: {str(error).partition(chr(10))[0]}.", hint="Fetch it again."
        ) from error
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(folder) from error
        raise UnreadableInput(f"{file} cannot be read: {error.strerror or error}.", hint="Check its name.") from error
    finally:
        part.unlink(missing_ok=True)
    return elsewhere


def _is_ours(member: tarfile.TarInfo) -> bool:
    """True for a plain file of one of the names that a backup has."""
    folder, _, name = member.name.rpartition("/")
    named = member.name in (CATALOG, SETTINGS) or (
        folder == ISSUES and name not in ("", ".", "..") and "\\" not in name
    )
    return member.isfile() and named


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    stream = tar.extractfile(member)
    assert stream is not None  # it is a file
    digest = hashlib.sha256()
    with target.open("wb") as written:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            written.write(piece)
    if member.pax_headers.get(DIGEST, digest.hexdigest()) != digest.hexdigest():  # older backups have none
        raise StoreDamaged(f"The backup's {member.name} is not as it was written.", hint="Use an older backup.")


def _restore_settings(tar: tarfile.TarFile, member: tarfile.TarInfo | None, folder: Path) -> bool:
    if member is None:
        return False
    import tomllib

    _extract(tar, member, folder / ASIDE)
    try:
        settings = tomllib.loads((folder / ASIDE).read_text(encoding="utf-8-sig"))
    except ValueError:
        settings = {}  # it is named when it is read
    elsewhere = bool({"catalog", "vectors"} & settings.keys())
    if not elsewhere:
        (folder / ASIDE).replace(folder / SETTINGS)
    return elsewhere


def _check(catalog: Path) -> None:
    """Look whether the catalog is whole and not newer than this Refdesk, and have its indexes rebuilt."""
    opened = SQLCatalog(sa.URL.create("sqlite", database=str(catalog)))
    try:
        if opened.schema() is None:
            raise StoreMismatch(
                "The backup's catalog has no schema.", hint="`refdesk backup FILE` writes one that has."
            )
        if problems := opened.problems():
            raise StoreDamaged(f"The backup's catalog is damaged: {problems[0]}.", hint="Use an older backup.")
        opened.set({REBUILD: "yes"})
    finally:
        opened.close()
