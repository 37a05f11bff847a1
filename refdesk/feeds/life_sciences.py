"""Europe PMC by its REST search, with cursors; bioRxiv and medRxiv by their API's ranges of days."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rag.errors import FeedUnavailable
from refdesk.feeds.pulling import Document, Pull, integer

PAGE = 200


def europepmc(pull: Pull) -> Iterator[Document]:
    """Records of a query that were first indexed since, by `cursorMark`."""
    url = pull.text("url", "https://www.ebi.ac.uk/europepmc/webservices/rest/search")
    days = f"FIRST_IDATE:[{pull.since.isoformat()} TO {pull.today.isoformat()}]"
    params: dict[str, Any] = {
        "query": f"({pull.text('query')}) AND {days}", "format": "json", "resultType": "core", "pageSize": PAGE,
        "cursorMark": "*",
    }  # fmt: skip
    if pull.fetcher.contact:
        params["email"] = pull.fetcher.contact
    had = total = 0
    for page in pull.pages():
        found, document, results = pull.json(
            url,
            params,
            "resultList",
            had,
            count=lambda _, page: integer(page.get("hitCount")),
            given=lambda listed: listed.get("result") or [] if isinstance(listed, dict) else [],
        )
        total = max(total, integer(document.get("hitCount")))
        if results:
            pull.once([result.get("id") if isinstance(result, dict) else result for result in results])
            had += len(results)
            yield Document(f"europepmc-{page}.json", found.body, "europepmc")
        following = document.get("nextCursorMark")
        if had >= total or not results or not isinstance(following, str) or following == params["cursorMark"]:
            if had < total:
                raise pull.incomplete(had, total)
            return
        params["cursorMark"] = following


def _preprints(pull: Pull, *, server: str) -> Iterator[Document]:
    """Preprints posted since, all versions; those of the wanted categories, if there are any."""
    url = f"{pull.text('url', 'https://api.biorxiv.org').rstrip('/')}/details/{server}"
    wanted = {_category(name) for name in pull.settings.get("categories", [])}
    days = f"{pull.since.isoformat()}/{pull.today.isoformat()}"
    cursor = 0
    for page in pull.pages():
        found, document, entries = pull.json(
            f"{url}/{days}/{cursor}/json", None, "collection", cursor, count=lambda _, page: _total(page)
        )
        if entries:
            pull.once(
                [[entry.get("doi"), entry.get("version")] if isinstance(entry, dict) else entry for entry in entries]
            )
            cursor += len(entries)
            kept = [entry for entry in entries if not wanted or _category(_named(entry)) in wanted]
            body = found.body if len(kept) == len(entries) else json.dumps({**document, "collection": kept}).encode()
            yield Document(f"{server}-{page}.json", body, "biorxiv")
        elif cursor < _total(document):
            raise pull.incomplete(cursor, _total(document))
        if not entries or cursor >= _total(document):
            return


def _total(document: Any) -> int:
    """The number of entries that the API has for the days. Raises FeedUnavailable for an error of the API's."""
    messages = document.get("messages")
    message = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
    status = str(message.get("status"))
    if status != "ok" and not status.lower().startswith("no posts found"):
        raise FeedUnavailable(f"The preprint server answered: {status[:200]}.", hint="Try again later.")
    return integer(message.get("total"))


def _named(entry: Any) -> str:
    return str(entry.get("category")) if isinstance(entry, dict) else ""


def _category(name: str) -> str:
    """
    A category without the difference between `plant_biology` and “Plant Biology”.

    >>> _category("Plant_Biology")
    'plant biology'
    """
    return " ".join(name.lower().replace("_", " ").split())


biorxiv: Callable[[Pull], Iterator[Document]] = partial(_preprints, server="biorxiv")
medrxiv: Callable[[Pull], Iterator[Document]] = partial(_preprints, server="medrxiv")
