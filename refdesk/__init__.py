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
from importlib.util import find_spec
from pathlib import Path
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


def _refuse_other_packages() -> None:
    """Raise ImportError if Python finds a file or folder of the user in place of our packages `rag` and `stores`."""
    ours = Path(__file__).resolve().parent.parent
    for name in ("rag", "stores"):
        spec = find_spec(name)
        found = next(iter(spec.submodule_search_locations or [str(spec.origin)])) if spec else "nothing"
        if Path(found).resolve() != ours / name:
            raise ImportError(
                f"Python finds {found} in place of Refdesk's own package `{name}`. "
                "Rename that file or folder, or run Python in another folder."
            )


_refuse_other_packages()


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("refdesk.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'refdesk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
