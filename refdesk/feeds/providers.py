"""
Providers of feeds: which pages each kind requests, and where the pages end.

A provider yields documents, bytes with a file name, which `rag.sources` recognises and parses; it knows no library.
A pull overlaps with the one before, because providers list some papers late.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.errors import FeedUnavailable
from refdesk.feeds.arxiv import arxiv
from refdesk.feeds.life_sciences import biorxiv, europepmc, medrxiv
from refdesk.feeds.pulling import ASKED_FOR, Document, Pull, integer

PUBMED_MOST = 9_999
"""PubMed gives no more ids for one query; a query that finds more is split by days."""
SETTLED_S = 2.0
"""A file that was changed more recently may still be being written."""


def huggingface(pull: Pull) -> Iterator[Document]:
    """The daily papers of each day."""
    for day in (pull.since + timedelta(days=number) for number in range((pull.today - pull.since).days + 1)):
        url = pull.text("url", "https://huggingface.co/api/daily_papers")
        params: dict[str, Any] | None = {"date": day.isoformat(), "limit": 100}
        for page in pull.pages():
            # retry an empty day before accepting it; a page that another page links to must not be empty
            announced = int(page > 0 or day < pull.today)
            found, _, entries = pull.json(url, params, "items", 0, count=lambda *_, of=announced: of)
            if entries:
                pull.once((day, _ids(entries)))
                yield Document(f"huggingface-{day}.json", found.body, "huggingface")
            elif page:
                raise FeedUnavailable(f"Hugging Face gives an empty page of {day}.", hint="Try again later.")
            following = re.search(r'<([^>]+)>\s*;\s*rel="?next', found.headers.get("link", ""))
            if not following:
                break
            url, params = following[1], None


def openalex(pull: Pull) -> Iterator[Document]:
    """Works of a search, by publication date, by cursor."""
    url = pull.text("url", "https://api.openalex.org/works")
    filters = [f"from_publication_date:{pull.since.isoformat()}", *filter(None, [pull.text("filter")])]
    params: dict[str, Any] = {"filter": ",".join(filters), "per-page": 200, "cursor": "*"}
    if query := pull.text("query"):
        params["search"] = query
    if pull.fetcher.contact:
        params["mailto"] = pull.fetcher.contact
    had = 0
    for page in pull.pages():
        found, document, works = pull.json(
            url, params, "results", had, count=lambda _, page: integer((page.get("meta") or {}).get("count"))
        )
        meta = document.get("meta") or {}
        if works:
            pull.once(_ids(works))
            had += len(works)
            yield Document(f"openalex-{page}.json", found.body, "openalex")
        if not works or not isinstance(meta.get("next_cursor"), str):
            if had < integer(meta.get("count")):
                raise pull.incomplete(had, integer(meta.get("count")))
            return
        params["cursor"] = meta["next_cursor"]


def semanticscholar(pull: Pull) -> Iterator[Document]:
    """Papers of a bulk search, by publication date, by token."""
    url = pull.text("url", "https://api.semanticscholar.org/graph/v1/paper/search/bulk")
    fields = "title,abstract,authors,year,publicationDate,venue,url,externalIds"
    params: dict[str, Any] = {
        "query": pull.text("query"), "publicationDateOrYear": f"{pull.since.isoformat()}:", "fields": fields
    }  # fmt: skip
    key = pull.keys.get("S2_API_KEY")
    had = 0
    for page in pull.pages():
        found, document, papers = pull.json(
            url,
            params,
            "data",
            had,
            count=lambda _, page: integer(page.get("total")),
            headers={"x-api-key": key} if key else None,
        )
        if papers:
            pull.once(_ids(papers))
            had += len(papers)
            yield Document(f"semanticscholar-{page}.json", found.body, "semanticscholar")
        elif had < (total := integer(document.get("total"))):
            raise pull.incomplete(had, total)
        if not papers or not isinstance(document.get("token"), str):
            return
        params["token"] = document["token"]


def pubmed(pull: Pull) -> Iterator[Document]:
    """Articles of a query that entered PubMed since, by ESearch and EFetch."""
    url, common = eutils(pull, "url")
    ids = list(
        dict.fromkeys(pubmed_ids(pull, f"{url}/esearch.fcgi", common, pull.since, pull.today, term=pull.text("query")))
    )
    for at in range(0, len(ids), 200):
        params = {**common, "id": ",".join(ids[at : at + 200]), "retmode": "xml"}
        for _ in range(ASKED_FOR):
            found = pull.fetcher.get(f"{url}/efetch.fcgi", params)
            if b"<PMID" in found.body:
                break
        else:
            raise pull.incomplete(at, len(ids))
        yield Document(f"pubmed-{at}.xml", found.body)


def eutils(pull: Pull, setting: str) -> tuple[str, dict[str, Any]]:
    """The URL of NCBI's E-utilities, which a setting may replace, and the parameters of each request for PubMed."""
    url = pull.text(setting, "https://eutils.ncbi.nlm.nih.gov/entrez/eutils").rstrip("/")
    common: dict[str, Any] = {"db": "pubmed", "tool": "refdesk"}
    if pull.fetcher.contact:
        common["email"] = pull.fetcher.contact
    if key := pull.keys.get("NCBI_API_KEY"):
        common["api_key"] = key
    return url, common


def pubmed_ids(pull: Pull, url: str, common: Mapping[str, Any], since: date, until: date, *, term: str) -> list[str]:
    """The PubMed ids of the articles of a term that entered PubMed on these days, by ESearch."""
    ids: list[str] = []
    for _ in pull.pages():
        params = {
            **common, "term": term, "retmode": "json", "retmax": 1000, "retstart": len(ids),
            "datetype": "edat", "mindate": since.strftime("%Y/%m/%d"), "maxdate": until.strftime("%Y/%m/%d"),
        }  # fmt: skip
        _, document, given = pull.json(
            url,
            params,
            "esearchresult",
            len(ids),
            count=lambda _, page: integer(page["esearchresult"].get("count")),
            given=lambda found: [pmid for pmid in found.get("idlist") or [] if str(pmid).isdigit()],
        )
        if "count" not in (found := document["esearchresult"]):
            raise FeedUnavailable(f"PubMed answered: {str(found)[:200]}.", hint="Check the feed's query.")
        if (count := integer(found["count"])) > PUBMED_MOST and since < until:
            middle = since + (until - since) // 2
            later = pubmed_ids(pull, url, common, middle + timedelta(days=1), until, term=term)
            return pubmed_ids(pull, url, common, since, middle, term=term) + later
        known = set(ids)
        new = [pmid for pmid in given if pmid not in known]
        ids += new
        if len(ids) >= count:
            break
        if not new:
            raise pull.incomplete(len(ids), count)
    return ids


def zotero(pull: Pull) -> Iterator[Document]:
    """A library, or a collection of it, as CSL-JSON, since its last version."""
    part = f"/collections/{quote(pull.text('collection'))}" if pull.text("collection") else ""
    url = f"{pull.text('url', 'https://api.zotero.org').rstrip('/')}/{quote(pull.text('library'))}{part}/items"
    headers = {"Zotero-API-Version": "3"}
    if key := pull.keys.get("ZOTERO_API_KEY"):
        headers["Zotero-API-Key"] = key
    since = pull.state.get("version", "0")
    versions: set[str] = set()
    start = 0
    for page in pull.pages():
        params = {
            "format": "csljson", "itemType": "-attachment || note", "limit": 100, "start": start, "since": since
        }  # fmt: skip
        found, _, items = pull.json(
            url,
            params,
            "items",
            start,
            count=lambda page, _: integer(page.headers.get("total-results")),
            headers=headers,
        )
        total = integer(found.headers.get("total-results"))
        versions.add(found.headers.get("last-modified-version", since))
        if items:
            pull.once(_ids(items))
            yield Document(f"zotero-{page}.json", json.dumps(items).encode(), "csl")
        elif start < total:
            raise pull.incomplete(start, total)
        start += 100
        if not items or start >= total:
            break
    # if the library changed during the pull, an item may have been missed: the next pull starts at the same version
    pull.state["version"] = versions.pop() if len(versions) == 1 else since


def rss(pull: Pull) -> Iterator[Document]:
    """Any Atom or RSS feed, fetched by a conditional request."""
    conditions = {"if-none-match": pull.state.get("etag", ""), "if-modified-since": pull.state.get("modified", "")}
    found = pull.fetcher.get(pull.text("url"), headers={name: value for name, value in conditions.items() if value})
    if found.unchanged:
        return
    yield Document("feed.xml", found.body)
    pull.state.update(etag=found.headers.get("etag", ""), modified=found.headers.get("last-modified", ""))


def folder(pull: Pull) -> Iterator[Document]:
    """
    The new and changed files of a folder, by their sizes and times.

    A file that is being written gets a moment to settle. If it still changes then, the next pull takes it.
    """
    path = Path(pull.text("path")).expanduser().absolute()
    if not path.is_dir():
        raise FeedUnavailable(f"The folder {path} does not exist.", hint="Check the feed's `path`.")
    known = json.loads(pull.state.get("files", "{}"))
    files = _files(path)
    changed = {name: stamp for name, stamp in files.items() if known.get(name) != stamp}
    youngest = min((pull.now() - stamp[1] / 1e9 for stamp in changed.values()), default=SETTLED_S)
    if youngest < SETTLED_S:
        pull.fetcher.sleep(min(SETTLED_S - youngest, SETTLED_S))
        files = _files(path)
    had = {name: stamp for name, stamp in files.items() if known.get(name) == stamp}
    for name, stamp in files.items():
        if name not in had and stamp == changed.get(name):
            yield Document(name.replace("/", "-"), path=path / name)
            had[name] = stamp
    pull.state["files"] = json.dumps(had)


def _files(path: Path) -> dict[str, list[int]]:
    """Size and time of each file in a folder, hidden ones excepted, by the path within the folder."""
    found: dict[str, list[int]] = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if not name.startswith(".") and "/." not in name and file.is_file():
            stat = file.stat()
            found[name] = [stat.st_size, stat.st_mtime_ns]
    return found


def _ids(entries: list[Any]) -> list[Any]:
    """The ids of the entries of a page, by which pages are told apart."""
    records = [entry if isinstance(entry, dict) else {} for entry in entries]
    return [
        record.get("id") or record.get("paperId") or (record.get("paper") or {}).get("id") or record
        for record in records
    ]


PROVIDERS: dict[str, tuple[Callable[[Pull], Iterator[Document]], float, int]] = {
    "arxiv": (arxiv, 3.0, 7),
    "huggingface": (huggingface, 1.0, 2),
    "openalex": (openalex, 0.1, 30),
    "semanticscholar": (semanticscholar, 1.0, 30),
    "pubmed": (pubmed, 0.34, 3),
    "europepmc": (europepmc, 0.2, 7),
    "biorxiv": (biorxiv, 1.0, 7),
    "medrxiv": (medrxiv, 1.0, 7),
    "zotero": (zotero, 1.0, 0),
    "rss": (rss, 1.0, 0),
    "folder": (folder, 0.0, 0),
}
"""By kind: the provider, its minimum seconds between two requests, and the days by which pulls overlap."""
