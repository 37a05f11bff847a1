"""A paper: its numbered sentences, ids, what changed between its texts, and where it was cited; and ratings."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rag.errors import BadQuestion
from rag.types import Paper, Revision
from refdesk.render.tex import readable
from refdesk.serve import requests as given
from refdesk.serve.differences import differences
from refdesk.serve.frame import Frame, paper_path
from refdesk.serve.pages.search import EXPORTS

_SITES = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
    "pmc": "https://pmc.ncbi.nlm.nih.gov/articles/",
    "openalex": "https://openalex.org/",
    "s2": "https://www.semanticscholar.org/paper/",
}


class PaperPages:
    """
    The page of a paper, and ratings.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._library = frame, frame.api, frame.library
        self.routes = (
            ("/papers/{id:path}", self.paper, "GET"),
            ("/rate", self.rate, "POST"),
        )

    async def paper(self, request: Request) -> Response:
        """A paper."""
        reader, shelf = given.reader(request).name, self._frame.shelf(request)

        def found() -> dict[str, Any]:
            paper = self._library.show(request.path_params["id"])
            return {
                "paper": paper,
                "ids": [(alias, _site(alias)) for alias in paper.aliases],
                "dates": _dates(paper),
                "changes": _changes(self._library.revisions(paper.paper_id)),
                "issues": self._library.issues.citing(paper, reader),
                "answers": shelf.citing(paper),
                "reviews": self._library.shelf(reader, "review").citing(paper),
                "rated": shelf.ratings().get(paper.paper_id, 0),
                "exports": [
                    (name, f"/api/v1/export?{urlencode({'paper': paper.paper_id, 'format': form})}")
                    for form, name in EXPORTS
                ],
                "back": paper_path(paper.paper_id),
            }

        values = await given.in_thread(found, self._api.looks)
        return await self._frame.page(request, "paper.html.j2", "/search", **values)

    async def rate(self, request: Request) -> Response:
        """Rate a paper, and go back."""
        form = await request.form()
        paper, rating = str(form.get("paper", "")), str(form.get("rating", ""))
        if rating not in ("-1", "0", "1"):
            raise BadQuestion(f"{rating[:20]!r} is no rating.", hint="Go back, and press a button of the page.")
        await given.in_thread(
            lambda: self._library.rate(paper, int(rating), reader=given.reader(request).name), self._api.looks
        )
        back = str(form.get("back", "/"))
        is_ours = back.startswith("/") and not back.startswith(("//", "/\\"))
        return RedirectResponse(back if is_ours and back.isprintable() else "/", 303)


def _site(alias: str) -> str | None:
    """
    Where a paper's id leads.

    >>> _site("arxiv:2406.11741"), _site("title:0a1b")
    ('https://arxiv.org/abs/2406.11741', None)
    """
    scheme, _, name = alias.partition(":")
    return _SITES[scheme] + quote(name, safe="/().;:_-") if scheme in _SITES else None


def _dates(paper: Paper) -> list[tuple[str, str]]:
    named = (("published", paper.published), ("updated", paper.updated), ("listed", paper.listed))
    return [(name, day) for name, day in (*named, ("imported", paper.imported)) if day]


def _shown(revision: Revision) -> list[str]:
    """The sentences of a text as a page shows them: words of TeX that is cut apart could not be read."""
    return [readable(revision.abstract[start:end]) for start, end in revision.spans]


def _changes(revisions: list[Revision]) -> list[dict[str, Any]]:
    """What each later text of a paper changed, the last change first."""
    found = []
    for before, after in pairwise(revisions):
        sentences = differences(_shown(before), _shown(after))
        titles = differences([readable(before.title)], [readable(after.title)])
        found.append(
            {
                "day": after.seen[:10],
                "title": titles if titles[0].kind != "same" else None,
                "sentences": sentences,
                "number": sum(sentence.kind != "same" for sentence in sentences),
            }
        )
    return found[::-1]
