"""arXiv: its search API, newest changes first; OAI-PMH after a long gap, or for more papers than the API gives."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from rag.errors import FeedUnavailable
from refdesk.feeds.pulling import ASKED_FOR, Document, Pull

PAGE = 200
MOST = 30_000
"""The API gives no entries after this one."""
CATCH_UP_DAYS = 21
"""After a longer gap OAI-PMH is used, which lists all changes since a day."""
_PHYSICS = "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th quant-ph".split()


def arxiv(pull: Pull) -> Iterator[Document]:
    """Categories or a query."""
    categories = list(pull.settings.get("categories", []))
    alone = bool(categories) and not pull.text("query")
    if alone and (pull.today - pull.since).days > CATCH_UP_DAYS and pull.state.get("pulled"):
        yield from _oai(pull, categories)
        return
    query = pull.text("query") or " OR ".join(f"cat:{name}" for name in categories)
    start = empty = total = 0
    for page in pull.pages():
        if start + PAGE > MOST:
            if not alone:
                raise FeedUnavailable(f"arXiv gives no more than {MOST:,} entries.", hint="Begin at a later `since`.")
            yield from _oai(pull, categories)
            return
        params = {
            "search_query": query, "sortBy": "lastUpdatedDate", "sortOrder": "descending",
            "start": start, "max_results": PAGE,
        }  # fmt: skip
        found = pull.fetcher.get(pull.text("url", "https://export.arxiv.org/api/query"), params)
        if b"<feed" not in found.body:
            raise FeedUnavailable("arXiv answered with a page that is not an Atom feed.", hint="Try again later.")
        updated = re.findall(rb"<updated>(\d{4}-\d\d-\d\d)", found.body)[1:]  # the first is the feed's own
        announced = re.search(rb"totalResults[^>]*>\s*(\d+)", found.body)
        total = max(total, int(announced[1]) if announced else 0)
        if not updated:
            if start and start >= total:
                break
            empty += 1
            if empty < ASKED_FOR:  # arXiv gives empty pages in the middle, and a first one when it is busy
                continue
            if start:
                raise pull.incomplete(start, total)
            if alone or pull.state.get("pulled"):
                raise FeedUnavailable(
                    f"arXiv finds nothing for “{query[:80]}”.", hint="Check the feed's categories or query."
                )
            return
        empty = 0
        pull.once(re.findall(rb"<id>[^<]*</id>", found.body)[1:])
        yield Document(f"arxiv-{page}.xml", found.body, "arxiv")
        start += len(updated)
        if updated[-1].decode() < pull.since.isoformat() or (total and start >= total):
            break
    pull.state["pulled"] = "yes"


def _oai(pull: Pull, categories: list[str]) -> Iterator[Document]:
    for archive in sorted({name.partition(".")[0] for name in categories}):
        params: dict[str, Any] = {
            "verb": "ListRecords", "metadataPrefix": "arXiv", "from": pull.since.isoformat(),
            "set": f"physics:{archive}" if archive in _PHYSICS else archive,
        }  # fmt: skip
        for page in pull.pages():
            found = pull.fetcher.get(pull.text("oai_url", "https://oaipmh.arxiv.org/oai"), params)
            if b"<OAI-PMH" not in found.body:
                raise FeedUnavailable("arXiv's OAI answered with a page that is not OAI-PMH.", hint="Try again later.")
            failed = re.search(rb"<error code=[\"'](\w+)", found.body)
            if failed and failed[1] != b"noRecordsMatch":
                raise FeedUnavailable(f"arXiv's OAI answered {failed[1].decode()}.", hint="Try again later.")
            yield Document(f"arxiv-oai-{archive}-{page}.xml", _of_categories(found.body, categories))
            token = re.search(rb"<resumptionToken[^>]*>\s*([^<\s]+)\s*</resumptionToken>", found.body)
            if not token:
                break
            following = html.unescape(token[1].decode())
            pull.once((archive, following))
            params = {"verb": "ListRecords", "resumptionToken": following}
    pull.state["pulled"] = "yes"


def _of_categories(body: bytes, categories: list[str]) -> bytes:
    """Keep the records of the wanted categories, since OAI's sets are whole archives. Deleted records have none."""

    def kept(record: re.Match[bytes]) -> bytes:
        named = re.search(rb"<categories>([^<]*)</categories>", record[0])
        found = named[1].decode().split() if named else []
        return record[0] if any(fnmatchcase(one, pattern) for one in found for pattern in categories) else b""

    return re.sub(rb"<record>.*?</record>", kept, body, flags=re.DOTALL)
