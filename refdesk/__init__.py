"""
Refdesk: questions over paper abstracts, answered with sentences that cite.

    import refdesk

    with refdesk.open_library("library") as library:
        library.add("papers.jsonl")
        print(library.ask("What explains grokking?").text)

Names are imported when first used, so that `import refdesk` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from refdesk._threads import use_one_blas_thread
from refdesk._version import __version__

use_one_blas_thread()

if TYPE_CHECKING:
    from rag import errors
    from rag.types import Answer, Digest, Filter, Hit, ImportReport
    from refdesk.library import Library, open_library

__all__ = ["Answer", "Digest", "Filter", "Hit", "ImportReport", "Library", "__version__", "errors", "open_library"]

_HOMES = {
    "Answer": "rag.types",
    "Digest": "rag.types",
    "Filter": "rag.types",
    "Hit": "rag.types",
    "ImportReport": "rag.types",
    "Library": "refdesk.library",
    "open_library": "refdesk.library",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("refdesk.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'refdesk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
