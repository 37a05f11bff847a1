"""
Refdesk: questions over paper abstracts, answered with sentences that cite.

    import refdesk

    with refdesk.open_library("library") as library:
        library.add("papers.jsonl")
        print(library.ask("What explains grokking?").text)

`open_library` gives a `Library`. The other names are the types that its methods return, and `errors`. Each name is
imported when it is first used, so that `import refdesk` is fast.
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
    from rag.answers.stream import AnswerStream
    from rag.checking import Verdict
    from rag.digests.build import BuiltIssue
    from rag.digests.selection import Candidate, Decision
    from rag.ports import Delivery
    from rag.question import FollowUp, Understood
    from rag.retrieval.found import Retrieved, Signals
    from rag.retrieval.langchain import PaperRetriever
    from rag.types import (
        Abstention,
        Agreement,
        AlsoNear,
        Answer,
        Attention,
        Brought,
        Citation,
        Claim,
        Coverage,
        Difference,
        Digest,
        Evidence,
        Facets,
        Fact,
        Filter,
        FilterOptions,
        Finding,
        Hit,
        Hits,
        ImportReport,
        IssuePaper,
        Judgement,
        ListedPaper,
        Month,
        Notice,
        Paper,
        PaperPage,
        Period,
        Problem,
        Reject,
        Review,
        Revision,
        Role,
        Sentence,
        Source,
        SplitReport,
        TableRow,
        Theme,
    )
    from refdesk.confirming import Confirming
    from refdesk.digest.issues import Issues
    from refdesk.digest.run import Step
    from refdesk.feeds.syncing import FeedReport
    from refdesk.ingest.add import ReadingOptions
    from refdesk.jobs import Jobs, Upload
    from refdesk.library import Library
    from refdesk.opening import open_library
    from refdesk.readers import Readers
    from refdesk.settings.serving import Serving
    from refdesk.shelf import Shelf
    from refdesk.subscribing import Subscribed, Subscribing
    from refdesk.verify import Verification, Verified
    from stores.sql.answers import StoredAnswer
    from stores.sql.issues import StoredIssue
    from stores.sql.jobs import JobRecord
    from stores.sql.readers import ReaderRecord
    from stores.sql.tokens import TokenRecord

__all__ = [
    "Abstention",
    "Agreement",
    "AlsoNear",
    "Answer",
    "AnswerStream",
    "Attention",
    "Brought",
    "BuiltIssue",
    "Candidate",
    "Citation",
    "Claim",
    "Confirming",
    "Coverage",
    "Decision",
    "Delivery",
    "Difference",
    "Digest",
    "Evidence",
    "Facets",
    "Fact",
    "FeedReport",
    "Filter",
    "FilterOptions",
    "Finding",
    "FollowUp",
    "Hit",
    "Hits",
    "ImportReport",
    "IssuePaper",
    "Issues",
    "JobRecord",
    "Jobs",
    "Judgement",
    "Library",
    "ListedPaper",
    "Month",
    "Notice",
    "Paper",
    "PaperPage",
    "PaperRetriever",
    "Period",
    "Problem",
    "ReaderRecord",
    "Readers",
    "ReadingOptions",
    "Reject",
    "Retrieved",
    "Review",
    "Revision",
    "Role",
    "Sentence",
    "Serving",
    "Shelf",
    "Signals",
    "Source",
    "SplitReport",
    "Step",
    "StoredAnswer",
    "StoredIssue",
    "Subscribed",
    "Subscribing",
    "TableRow",
    "Theme",
    "TokenRecord",
    "Understood",
    "Upload",
    "Verdict",
    "Verification",
    "Verified",
    "__version__",
    "errors",
    "open_library",
]

_MODULES = {
    "AnswerStream": "refdesk.ask",
    "BuiltIssue": "rag.digests.build",
    "Candidate": "rag.digests.selection",
    "Decision": "rag.digests.selection",
    "FeedReport": "refdesk.feeds.syncing",
    "Delivery": "rag.ports",
    "Issues": "refdesk.digest.issues",
    "JobRecord": "stores.sql.jobs",
    "ReadingOptions": "refdesk.ingest.add",
    "Jobs": "refdesk.jobs",
    "Upload": "refdesk.jobs",
    "Library": "refdesk.library",
    "PaperRetriever": "rag.retrieval.langchain",
    "Retrieved": "rag.retrieval.found",
    "Signals": "rag.retrieval.found",
    "Step": "refdesk.digest.run",
    "FollowUp": "rag.question",
    "Understood": "rag.question",
    "Verdict": "rag.checking",
    "Verification": "refdesk.verify",
    "Verified": "refdesk.verify",
    "ReaderRecord": "stores.sql.readers",
    "Readers": "refdesk.readers",
    "Confirming": "refdesk.confirming",
    "Serving": "refdesk.settings.serving",
    "Shelf": "refdesk.shelf",
    "Subscribed": "refdesk.subscribing",
    "Subscribing": "refdesk.subscribing",
    "StoredAnswer": "stores.sql.answers",
    "StoredIssue": "stores.sql.issues",
    "TokenRecord": "stores.sql.tokens",
    "open_library": "refdesk.opening",
}
"""The module of each name; the others are in `rag.types`."""


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


if not TYPE_CHECKING:  # a type checker would take any unknown name for Any

    def __getattr__(name: str) -> Any:
        if name == "errors":
            return import_module("refdesk.errors")
        if name in __all__:
            return getattr(import_module(_MODULES.get(name, "rag.types")), name)
        raise AttributeError(f"module 'refdesk' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted(__all__)
