"""Opening a library: reads its settings, and makes its parts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rag.errors import ConfigError, RefdeskError, StoreMismatch, VectorsUnavailable
from refdesk import wiring
from refdesk.library import Library
from refdesk.settings import config as configuration


def open_library(
    path: str | Path,
    *,
    embedder: str | None = None,
    model: str | None = None,
    judge: str | None = None,
    config: str | Path | None = None,
    read_only: bool = False,
    create: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> Library:
    """
    Open a library; make it first where there is none.

    Args:
        path: The library's folder.
        embedder: `static` (the default), `minilm` or `openai:<model>`; only a new library can choose.
        model: A chat model that writes the answers, such as `openai:gpt-4o-mini`; None takes the model of the
            settings. Without a model the answers quote the papers.
        judge: Who decides about claims what words alone do not: `model`, `entailment`, `words` or `auto`; None takes
            the setting.
        config: A settings file to read in place of the library's `refdesk.toml`.
        read_only: Never write, not even to finish the work of a process that was killed.
        create: Make the library where there is none.
        notify: Called with a sentence when there is something to wait for.

    Raises:
        ConfigError: A setting is wrong.
        StoreError: The library cannot be used; see `refdesk.errors`.
    """
    folder = Path(path)

    def load() -> configuration.Config:
        return configuration.load(
            folder, file=Path(config) if config else None, embedder=embedder, model=model, judge=judge
        )

    settings = load()
    store = wiring.store(folder, settings, create=create, read_only=read_only, notify=notify)
    return Library(store, settings, load=load)


def open_to_reindex(
    path: str | Path, *, config: str | Path | None = None, notify: Callable[[str], None] = lambda _: None
) -> Library:
    """Open a library to rebuild it; its embedder need not be the one of the settings."""
    folder = Path(path)
    settings = replace(configuration.load(folder, file=Path(config) if config else None), embedder=None)
    return Library(wiring.store(folder, settings, create=False, notify=notify), settings)


def restore(
    path: str | Path,
    file: str | Path,
    *,
    progress: Callable[[int], None] = lambda _: None,
    notify: Callable[[str], None] = lambda _: None,
) -> tuple[int, Path | None]:
    """
    Make a library of a backup, and rebuild its indexes.

    All of it is in the folder, whatever catalog and vectors the environment names: those may be of the library that the
    backup is of, which goes on.

    Args:
        path: A folder where no library is.
        file: What `Library.backup` wrote.
        progress: Called with the number of papers of each batch when it is indexed.
        notify: As in `open_library`; it is also told of settings of the backup that are wrong, and so not used.

    Returns:
        The number of papers, and where the backup's settings are if they name another catalog or other vectors; they
        are not used then.

    Raises:
        UnreadableInput: The file is no backup.
        StoreError: There is a library already, or the backup's catalog is damaged or newer.
        ConfigError: A setting of the environment is wrong; no library is left.
    """
    from stores.backup import ASIDE, read_backup

    folder = Path(path)
    configuration.load(folder)  # the environment's settings, before anything is written
    elsewhere = read_backup(Path(file), folder)
    with _open_restored(folder, notify) as library:
        restored = _indexed(library, progress), folder / ASIDE if elsewhere else None
    if os.environ.get("REFDESK_CATALOG"):
        notify(f"REFDESK_CATALOG is set: other commands open that catalog, not the one in {folder}.")
    if os.environ.get("REFDESK_VECTORS"):
        notify("REFDESK_VECTORS is set: those vectors are as they were; `refdesk reindex` makes them anew.")
    return restored


def migrate(
    path: str | Path,
    url: str,
    *,
    config: str | Path | None = None,
    progress: Callable[[int, float], None] = lambda _count, _share: None,
    notify: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, int], int]:
    """
    Move the catalog of a library to another database, and build its indexes anew.

    No settings are written: the library is opened at its new place once the setting `catalog` names it. If it is
    killed, run it again; see `stores.moving`.

    Args:
        path: The library's folder.
        url: Of an SQLite file or a PostgreSQL database, without a library.
        config: A settings file to read in place of the library's `refdesk.toml`.
        progress: Called with the number of rows that were copied and their share, then with that of indexed papers.
        notify: As in `open_library`.

    Returns:
        The number of rows of each table, and of papers.

    Raises:
        ConfigError: The URL is wrong.
        StoreError: There is a library at the URL, or a database cannot be used.
        StoreDamaged: The copy was not the same; nothing has changed.
    """
    folder, file = Path(path), Path(config) if config else None
    settings = configuration.load(folder, file=file, catalog=url)  # the URL is checked before anything is done
    rows = wiring.move(folder, configuration.load(folder, file=file), url, progress=progress, notify=notify)
    with Library(wiring.store(folder, settings, create=False, notify=notify), settings) as library:
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            progress(done, done / max(1, rows["papers"]))

        return rows, _indexed(library, tell)


def _indexed(library: Library, progress: Callable[[int], None]) -> int:
    """
    Build the indexes of a new place; while the server of the vectors is away the words alone, and say so.

    Returns:
        The number of papers.
    """
    try:
        library.reindex(progress=progress)
    except VectorsUnavailable:
        library.catch_up(progress)
    return library.extent()[0]


def _open_restored(folder: Path, notify: Callable[[str], None]) -> Library:
    """Open a restored library, without the backup's settings if they are wrong; if it cannot be opened, remove it."""
    from stores.backup import ASIDE, CATALOG, SETTINGS

    try:
        return _open_here(folder, notify)
    except (ConfigError, StoreMismatch) as error:
        failure: RefdeskError = error
    settings = folder / SETTINGS
    if settings.exists():
        settings.replace(folder / ASIDE)
        try:
            library = _open_here(folder, notify)
        except RefdeskError as error:
            failure = error
        else:
            notify(f"{failure.message} The backup's settings are in {folder / ASIDE}, and not used.")
            return library
    (folder / CATALOG).unlink()  # a folder without it is no library, and the backup can be restored again
    raise failure


def _open_here(folder: Path, notify: Callable[[str], None]) -> Library:
    """Open the library whose catalog and vectors are in a folder, whatever others the environment names."""
    elsewhere = ("REFDESK_CATALOG", "REFDESK_VECTORS")
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    settings = configuration.load(folder, environment=environment)
    return Library(wiring.store(folder, settings, create=False, notify=notify), settings)
