"""What a question refers to: the papers of a stored issue or of a kept review, and the answer that it follows."""

from __future__ import annotations

from dataclasses import replace

from rag.errors import BadFilter, NotThere
from rag.types import Filter, JsonDict
from refdesk.library import Library
from refdesk.serve.requests import Asked


def asked_within(library: Library, asked: Asked, reader: str) -> Filter:
    """
    The filter of a question, narrowed to the papers of its issue or its review.

    Raises:
        NotThere: There is no such issue or review, or the reader may not see it.
        BadFilter: None of its papers is among those that the filter names.
    """
    chosen = asked.filter.filter
    for document in filter(None, (_issue(library, asked.issue, reader), _review(library, asked.review, reader))):
        ids = [source["paper_id"] for source in document["sources"]]
        left = tuple(paper_id for paper_id in ids if not chosen.papers or paper_id in chosen.papers)
        if not left:
            which = "None of these papers is within it" if ids else "It has no papers to ask"
            raise BadFilter(f"{which}.", hint="Leave the papers out, or ask the library.")
        chosen = replace(chosen, papers=left)
    return chosen


def _issue(library: Library, named: str | None, reader: str) -> JsonDict | None:
    if not named:
        return None
    issues = library.issues
    subscription, _, period = named.rpartition("/")
    subscription = subscription or issues.named(None, reader)
    document = issues.stored_document(subscription, period)
    if document is None or not issues.shows(subscription, reader):
        raise NotThere(f"No issue {named[:80]} is stored.", hint="Write it as NAME/PERIOD, such as mine/2026-W27.")
    return document


def _review(library: Library, id_: str | None, reader: str) -> JsonDict | None:
    if not id_:
        return None
    kept = library.shelf(reader, "review").answer(id_)
    if kept is None:
        raise NotThere(f"No review {id_[:80]} is kept.", hint="Review the topic again.")
    return kept.document


def followed(library: Library, named: str | None, reader: str) -> list[str]:
    """The question of an answer, by its id or by the secret of its shared link; none if none is named."""
    if not named:
        return []
    shelf = library.shelf(reader)
    kept = shelf.answer(named) or shelf.shared(named)
    if kept is None:
        raise NotThere(f"No answer {named[:80]} is kept or shared.", hint="Ask the question in whole.")
    return [kept.question]
