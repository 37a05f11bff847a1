"""
What each kind of feed asks of its provider, page after page, and where the pages end.

A provider yields documents (bytes and a file name, which `rag.sources` recognises and parses); it knows no library. The
day that it asks from overlaps with what was had, for providers list late.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.errors import ConfigError, FeedUnavailable
from refdesk.feeds.fetching import Fetcher, Page

MAX_PAGES = 400
ARXIV_PAGE = 200
_EMPTY = 4  # times that a page is asked for which is empty and should not be
_PHYSICS = "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th quant-ph".split()
ARXIV_CATCH_UP_DAYS = 21
"""A longer gap is made up by OAI-PMH, which lists what was modified since a day without an end at 30,000."""


@dataclass(frozen=True, slots=True)
class Document:
    """
    A page as the importers take it.

    Args:
        body: Its bytes.
        name: A file name, for ids that need a scope.
        format_name: Force this importer; None recognises.
    """

    body: bytes
    name: str
    format_name: str | None = None


@dataclass(slots=True)
class Pull:
    """
    One pull of one feed.

    Args:
        settings: The feed's table of `refdesk.toml`.
        fetcher: The way to its provider.
        since: The day from which on to ask, overlap included.
        today: The day.
        state: What the last whole pull left, such as an ETag; what this one leaves is written there.
    """

    settings: Mapping[str, Any]
    fetcher: Fetcher
    since: date
    today: date
    state: dict[str, str]

    def pages(self) -> Iterator[int]:
        """Numbers of pages, of which no provider has so many."""
        yield from range(MAX_PAGES)
        raise FeedUnavailable(f"The provider gives more than {MAX_PAGES} pages.", hint="Ask for less in one feed.")

    def incomplete(self, had: int, of: int) -> FeedUnavailable:
        """What to raise where pages end before all is had; the watermark then stays."""
        return FeedUnavailable(f"The provider gave {had:,} of {of:,} entries and then none.", hint="Try again later.")

    def json(
        self,
        url: str,
        params: Mapping[str, Any],
        given: Callable[[dict[str, Any]], int],
        count: Callable[[dict[str, Any]], int],
        had: int,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Page, dict[str, Any]]:
        """A page and its document; asked for again, three times, where it is empty before all that counts was had."""
        for _ in range(_EMPTY):
            page = self.fetcher.get(url, params, headers)
            document = _json(page)
            if given(document) or had >= count(document):
                break
        return page, document

    def text(self, name: str, default: str = "") -> str:
        """A setting that is text."""
        value = self.settings.get(name, default)
        if not isinstance(value, str):
            raise ConfigError(f"The feed's {name} is {value!r}, which is no text.", hint="Check refdesk.toml.")
        return value

    def needed(self, name: str) -> str:
        """A setting that must be there."""
        if not (value := self.text(name)):
            raise ConfigError(
                f"A feed of the kind “{self.settings['kind']}” needs “{name}”.", hint="Check refdesk.toml."
            )
        return value

    def texts(self, name: str) -> list[str]:
        """A setting that is a list of texts."""
        value = self.settings.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ConfigError(f"The feed's {name} is no list of texts.", hint='Write it as ["cs.CL", "cs.LG"].')
        return value


def arxiv(pull: Pull) -> Iterator[Document]:
    """Categories or a query: the API by last change, newest first; after a long gap OAI-PMH."""
    categories = pull.texts("categories")
    if not categories and not pull.text("query"):
        raise ConfigError("A feed of the kind “arxiv” needs “categories” or “query”.", hint="Check refdesk.toml.")
    if categories and not pull.text("query") and (pull.today - pull.since).days > ARXIV_CATCH_UP_DAYS and pull.state:
        yield from _arxiv_oai(pull, categories)
        return
    query = pull.text("query") or " OR ".join(f"cat:{name}" for name in categories)
    url = pull.text("url", "https://export.arxiv.org/api/query")
    start = empty = 0
    known: int | None = None
    bodies: set[bytes] = set()
    for page in pull.pages():
        params = {
            "search_query": query,
            "sortBy": "lastUpdatedDate",
            "sortOrder": "descending",
            "start": start,
            "max_results": ARXIV_PAGE,
        }
        found = pull.fetcher.get(url, params)
        updated = re.findall(rb"<updated>(\d{4}-\d\d-\d\d)", found.body)[1:]  # the first is the feed's own
        total = re.search(rb"totalResults[^>]*>\s*(\d+)", found.body)
        known = int(total[1]) if known is None and total else known
        if b"<feed" not in found.body:
            raise FeedUnavailable("arXiv answered with a page that is no Atom feed.", hint="Try again later.")
        if not updated:
            empty += 1
            if not known or start >= known:
                break
            if empty > 3:  # empty pages in mid-paging happen
                raise pull.incomplete(start, known)
            continue
        empty = 0
        if (digest := hashlib.sha256(b"".join(re.findall(rb"<id>[^<]*</id>", found.body)[1:])).digest()) in bodies:
            raise FeedUnavailable("arXiv gives the same page again and again.", hint="Try again later.")
        bodies.add(digest)
        yield Document(found.body, f"arxiv-{page}.xml", "arxiv")
        start += len(updated)
        if updated[-1].decode() < pull.since.isoformat() or (known and start >= known):
            break
    pull.state["pulled"] = "yes"


def _arxiv_oai(pull: Pull, categories: list[str]) -> Iterator[Document]:
    url = pull.text("oai_url", "https://oaipmh.arxiv.org/oai")
    for archive in sorted({name.partition(".")[0] for name in categories}):
        params: dict[str, Any] = {
            "verb": "ListRecords", "metadataPrefix": "arXiv", "from": pull.since.isoformat(),
            "set": f"physics:{archive}" if archive in _PHYSICS else archive,
        }  # fmt: skip
        seen: set[str] = set()
        for page in pull.pages():
            found = pull.fetcher.get(url, params)
            if b"<OAI-PMH" not in found.body:
                raise FeedUnavailable("arXiv's OAI answered with a page that is not OAI-PMH.", hint="Try again later.")
            failed = re.search(rb'<error code="(\w+)"', found.body)
            if failed and failed[1] != b"noRecordsMatch":
                raise FeedUnavailable(f"arXiv's OAI answered {failed[1].decode()}.", hint="Try again later.")
            yield Document(_of_categories(found.body, categories), f"arxiv-oai-{archive}-{page}.xml")
            token = re.search(rb"<resumptionToken[^>]*>([^<]+)</resumptionToken>", found.body)
            if not token or token[1].decode() in seen:
                break
            seen.add(token[1].decode())
            params = {"verb": "ListRecords", "resumptionToken": token[1].decode()}


def _of_categories(body: bytes, categories: list[str]) -> bytes:
    """The records of the categories that are followed; OAI's sets are whole archives."""
    wanted = [name.encode() for name in categories]

    def kept(record: re.Match[bytes]) -> bytes:
        named = re.search(rb"<categories>([^<]*)</categories>", record[0])
        return record[0] if named and any(each in named[1].split() for each in wanted) else b""

    return re.sub(rb"<record>.*?</record>", kept, body, flags=re.DOTALL)


def huggingface(pull: Pull) -> Iterator[Document]:
    """The daily papers of each day since."""
    url = pull.text("url", "https://huggingface.co/api/daily_papers")
    day = pull.since
    while day <= pull.today:
        found = pull.fetcher.get(url, {"date": day.isoformat(), "limit": 100})
        bodies = {found.body}
        for _ in pull.pages():
            if _entries(found):
                yield Document(found.body, f"huggingface-{day}.json", "huggingface")
            following = re.search(r'<([^>]+)>\s*;\s*rel="?next', found.headers.get("link", ""))
            if not following:
                break
            found = pull.fetcher.get(following[1])
            if found.body in bodies:
                break
            bodies.add(found.body)
        day += timedelta(days=1)


def openalex(pull: Pull) -> Iterator[Document]:
    """Works of a search, by publication date, by cursor."""
    url = pull.text("url", "https://api.openalex.org/works")
    filters = [f"from_publication_date:{pull.since.isoformat()}", *filter(None, [pull.text("filter")])]
    params: dict[str, Any] = {"filter": ",".join(filters), "per-page": 200, "cursor": "*"}
    if query := pull.text("query"):
        params["search"] = query
    if pull.fetcher.contact:
        params["mailto"] = pull.fetcher.contact
    seen = {"*"}
    had = 0
    for page in pull.pages():
        found, document = pull.json(
            url,
            params,
            lambda page: len(page.get("results") or ()),
            lambda page: _whole((page.get("meta") or {}).get("count")),
            had,
        )
        if document.get("results"):
            had += len(document["results"])
            yield Document(found.body, f"openalex-{page}.json", "openalex")
        elif had < (count := _whole((document.get("meta") or {}).get("count"))):
            raise pull.incomplete(had, count)
        cursor = (document.get("meta") or {}).get("next_cursor")
        if not document.get("results") or not isinstance(cursor, str) or cursor in seen:
            return
        seen.add(cursor)
        params["cursor"] = cursor


def semanticscholar(pull: Pull) -> Iterator[Document]:
    """Papers of a bulk search, by publication date, by token."""
    url = pull.text("url", "https://api.semanticscholar.org/graph/v1/paper/search/bulk")
    fields = "title,abstract,authors,year,publicationDate,venue,url,externalIds"
    params: dict[str, Any] = {
        "query": pull.needed("query"), "publicationDateOrYear": f"{pull.since.isoformat()}:", "fields": fields
    }  # fmt: skip
    key = os.environ.get("S2_API_KEY")
    seen: set[str] = set()
    had = 0
    for page in pull.pages():
        found, document = pull.json(
            url,
            params,
            lambda page: len(page.get("data") or ()),
            lambda page: _whole(page.get("total")),
            had,
            {"x-api-key": key} if key else None,
        )
        if document.get("data"):
            had += len(document["data"])
            yield Document(found.body, f"semanticscholar-{page}.json", "semanticscholar")
        elif had < (total := _whole(document.get("total"))):
            raise pull.incomplete(had, total)
        token = document.get("token")
        if not document.get("data") or not isinstance(token, str) or token in seen:
            return
        seen.add(token)
        params["token"] = token


def pubmed(pull: Pull) -> Iterator[Document]:
    """Articles of a query that entered PubMed since, by ESearch and EFetch."""
    url = pull.text("url", "https://eutils.ncbi.nlm.nih.gov/entrez/eutils").rstrip("/")
    common: dict[str, Any] = {"db": "pubmed", "tool": "refdesk"}
    if pull.fetcher.contact:
        common["email"] = pull.fetcher.contact
    if key := os.environ.get("NCBI_API_KEY"):
        common["api_key"] = key
    ids: list[str] = []
    for _ in pull.pages():
        params = {
            **common, "term": pull.needed("query"), "retmode": "json", "retmax": 1000, "retstart": len(ids),
            "datetype": "edat", "mindate": pull.since.strftime("%Y/%m/%d"), "maxdate": pull.today.strftime("%Y/%m/%d"),
        }  # fmt: skip
        _, document = pull.json(
            f"{url}/esearch.fcgi",
            params,
            lambda page: len((page.get("esearchresult") or {}).get("idlist") or ()),
            lambda page: _whole((page.get("esearchresult") or {}).get("count")),
            len(ids),
        )
        found = document.get("esearchresult") or {}
        new = [each for each in found.get("idlist") or [] if str(each).isdigit() and each not in set(ids)]
        ids += new
        count = _whole(found.get("count"))
        if len(ids) >= count:
            break
        if not new:
            raise pull.incomplete(len(ids), count)
    for at in range(0, len(ids), 200):
        params = {**common, "id": ",".join(ids[at : at + 200]), "retmode": "xml"}
        yield Document(pull.fetcher.get(f"{url}/efetch.fcgi", params).body, f"pubmed-{at}.xml")


def zotero(pull: Pull) -> Iterator[Document]:
    """A library, or a collection of it, as CSL-JSON, since its last version."""
    url = pull.text("url", "https://api.zotero.org").rstrip("/")
    owner = quote(pull.needed("library"))
    part = f"/collections/{quote(pull.text('collection'))}" if pull.text("collection") else ""
    headers = {"Zotero-API-Version": "3"}
    if key := os.environ.get("ZOTERO_API_KEY"):
        headers["Zotero-API-Key"] = key
    version = ""
    start = 0
    for page in pull.pages():
        params = {
            "format": "csljson", "itemType": "-attachment || note", "limit": 100, "start": start,
            "since": pull.state.get("version", "0"),
        }  # fmt: skip
        for _ in range(_EMPTY):
            found = pull.fetcher.get(f"{url}/{owner}{part}/items", params, headers)
            headers_ = {name.lower(): value for name, value in found.headers.items()}
            items = _json(found).get("items") or []
            total = _whole(headers_.get("total-results"))
            if items or start >= total:
                break
        version = version or headers_.get("last-modified-version", "")
        if items:
            yield Document(json.dumps(items).encode(), f"zotero-{page}.json", "csl")
        if not items and start < total:
            raise pull.incomplete(start, total)
        start += 100
        if not items or start >= total:
            break
    pull.state["version"] = version or pull.state.get("version", "0")


def rss(pull: Pull) -> Iterator[Document]:
    """Any Atom or RSS feed, by a conditional request."""
    url = pull.needed("url")
    conditions = {"if-none-match": pull.state.get("etag", ""), "if-modified-since": pull.state.get("modified", "")}
    same = pull.state.get("url") == url
    found = pull.fetcher.get(url, headers={name: value for name, value in conditions.items() if value and same})
    if found.unchanged:
        return
    yield Document(found.body, "feed.xml")
    headers = {name.lower(): value for name, value in found.headers.items()}
    pull.state.update(url=url, etag=headers.get("etag", ""), modified=headers.get("last-modified", ""))


def folder(pull: Pull) -> Iterator[Document]:
    """The files of a folder that are new or changed; what each was is kept by size and time."""
    path = Path(pull.needed("path")).expanduser()
    if not path.is_dir():
        raise FeedUnavailable(f"There is no folder {path}.", hint="Check the feed's `path`.")
    known = json.loads(pull.state.get("files", "{}"))
    seen: dict[str, str] = {}
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        name = str(file.relative_to(path))
        if name.startswith(".") or "/." in name:
            continue
        stat = file.stat()
        seen[name] = f"{stat.st_size} {stat.st_mtime_ns}"
        if known.get(name) != seen[name]:
            yield Document(file.read_bytes(), name.replace("/", "-"))
    pull.state["files"] = json.dumps(seen)


PROVIDERS: dict[str, tuple[Callable[[Pull], Iterator[Document]], float, int]] = {
    "arxiv": (arxiv, 3.0, 3),
    "huggingface": (huggingface, 1.0, 2),
    "openalex": (openalex, 0.1, 7),
    "semanticscholar": (semanticscholar, 1.0, 7),
    "pubmed": (pubmed, 0.34, 3),
    "zotero": (zotero, 1.0, 0),
    "rss": (rss, 1.0, 0),
    "folder": (folder, 0.0, 0),
}
"""By kind: the provider, the least seconds between two requests by its own rules, and the days that pulls overlap."""


def _entries(page: Page) -> bool:
    try:
        return bool(json.loads(page.body))
    except ValueError as error:
        raise FeedUnavailable("The provider answered with a page that is no JSON.", hint="Try again later.") from error


def _json(page: Page) -> dict[str, Any]:
    try:
        document = json.loads(page.body)
    except ValueError as error:
        raise FeedUnavailable("The provider answered with a page that is no JSON.", hint="Try again later.") from error
    if isinstance(document, list):
        return {"items": document}
    if not isinstance(document, dict) or document.get("error"):
        raise FeedUnavailable(
            "The provider answered with an error in place of results.", hint="Check the feed's query."
        )
    return document


def _whole(value: Any) -> int:
    """A count as providers write it; 0 where they do not."""
    return int(value) if str(value).isdecimal() else 0
