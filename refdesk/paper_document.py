"""The document of a paper, which `show --json` and the API give."""

from __future__ import annotations

from rag.types import JsonDict, Paper
from refdesk.library import Library


def paper_document(library: Library, paper: Paper) -> JsonDict:
    """A paper with its revisions, and the notice that withdrew it."""
    notice = library.notice(paper.paper_id) if paper.flags else None
    return {
        **paper.to_dict(),
        "revisions": [revision.to_dict() for revision in library.revisions(paper.paper_id)],
        "notice": notice.to_dict() if notice else None,
    }
