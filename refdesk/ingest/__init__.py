"""From files, archives and URLs to papers in the library."""

from __future__ import annotations

from pathlib import Path


def formats() -> dict[str, str]:
    """The formats that `add` reads: name to description."""
    from rag import sources

    return {source.name: source.description for source in sources.FORMATS}


def examples() -> Path:
    """The folder of the sample library, whose papers are invented."""
    here = Path(__file__).parent.parent
    return next(folder for folder in (here / "examples", here.parent / "examples") if folder.is_dir())
