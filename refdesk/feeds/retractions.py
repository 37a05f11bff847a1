"""
Notices of retractions: those since the last pull, and of papers that are new since then, from Crossref and PubMed.

Papers are asked about in batches, never one a request. Only an id names a paper; a title proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from rag.errors import FeedUnavailable
from rag.origins import Origin
from rag.sources import retractions
from rag.types import ImportReport, Notice, Paper
from refdesk.feeds.providers import eutils, pubmed_ids
from refdesk.feeds.pulling import ASKED_FOR, Pull, integer
from stores.store import LibraryStore

DOIS, PMIDS, ROWS = 50, 200, 500
"""How many ids one request names, and how many works one answer of Crossref gives."""
NOTICES = '("retraction notice"[pt] OR "retraction of publication"[pt])'
OVERLAP_DAYS = 7
PAUSE_S = 0.34
_ASKED = "asked"
"""Key in the feed's state: the day of the last pull; papers imported since are asked about."""


def pull_retractions(library: LibraryStore, pull: Pull, origin: Origin) -> ImportReport:
    """
    Fetch notices, and flag the papers of the library that they name as withdrawn.

    Args:
        library: An open library.
        pull: The pull of the feed.
        origin: The feed's; it speaks for DOIs and PubMed ids.

    Returns:
        The flagged papers as updated, each with a note that names its source.
    """
    total = ImportReport()
    new = library.catalog.papers(library.catalog.imported_since(pull.state.get(_ASKED, "")))
    names = [alias for paper in new.values() for alias in paper.aliases]
    for notices in _notices(pull, names):
        total += _flagged(library, notices, origin)
    pull.state[_ASKED] = pull.today.isoformat()
    return total


def _notices(pull: Pull, names: Sequence[str]) -> Iterator[list[Notice]]:
    """The notices of each answer."""
    dois = sorted(name.removeprefix("doi:") for name in names if name.startswith("doi:"))
    dois = [doi for doi in dois if not doi.startswith("10.48550/") and "," not in doi]  # arXiv's are not Crossref's
    pmids = sorted(name.removeprefix("pmid:") for name in names if name.startswith("pmid:"))
    yield from _crossref(pull, [f"update-type:retraction,from-index-date:{pull.since.isoformat()}"])
    yield from _crossref(pull, (",".join(f"doi:{doi}" for doi in part) for part in _parts(dois, DOIS)))
    url, common = eutils(pull, "pubmed_url")
    search = f"{url}/esearch.fcgi"
    found = list(pubmed_ids(pull, search, common, pull.since, pull.today, term=NOTICES))
    for part in _parts(pmids, PMIDS):
        params = {
            **common, "retmode": "json", "retmax": PMIDS,
            "term": f"({' OR '.join(f'{pmid}[uid]' for pmid in part)}) AND \"retracted publication\"[pt]",
        }  # fmt: skip
        _, document, ids = pull.json(
            search, params, "esearchresult", 0, count=lambda *_: 0, given=lambda result: result.get("idlist") or []
        )
        if "count" not in document["esearchresult"]:
            raise FeedUnavailable("PubMed's answer has no count in it.", hint="Try again later.")
        found += [pmid for pmid in map(str, ids) if pmid in part]
    for part in _parts(list(dict.fromkeys(found)), PMIDS):
        for _ in range(ASKED_FOR):
            page = pull.fetcher.get(f"{url}/efetch.fcgi", {**common, "id": ",".join(part), "retmode": "xml"})
            if b"<PMID" in page.body:
                break
        else:
            raise pull.incomplete(0, len(part))
        yield list(retractions.of_pubmed(page.body))


def _crossref(pull: Pull, filters: Iterable[str]) -> Iterator[list[Notice]]:
    url = pull.text("crossref_url", "https://api.crossref.org/works")
    for chosen in filters:
        params: dict[str, Any] = {"filter": chosen, "rows": ROWS, "cursor": "*"}
        if pull.fetcher.contact:
            params["mailto"] = pull.fetcher.contact
        had = 0
        for _ in pull.pages():
            _, document, works = pull.json(
                url, params, "message", had, count=lambda _, page: _total(page), given=_items
            )
            if not works:
                if had < _total(document):
                    raise pull.incomplete(had, _total(document))
                break
            pull.once((chosen, [work.get("DOI") for work in works]))
            had += len(works)
            yield [notice for work in works for notice in retractions.of_crossref(work)]
            following = document["message"].get("next-cursor")
            if had >= _total(document) or not isinstance(following, str):
                break
            params["cursor"] = following


def _items(message: Any) -> list[dict[str, Any]]:
    items = message.get("items") if isinstance(message, dict) else None
    if not isinstance(items, list):
        raise FeedUnavailable("Crossref's answer has no works in it.", hint="Try again later.")
    return [item for item in items if isinstance(item, dict)]


def _total(document: Any) -> int:
    return integer(document["message"].get("total-results"))


def _parts(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (values[at : at + size] for at in range(0, len(values), size))


def _flagged(library: LibraryStore, notices: Sequence[Notice], origin: Origin) -> ImportReport:
    """Flag the library's papers that these notices name, and store the notices of them."""
    from rag.embedders.worker import ahead, at_once
    from stores.ingest import import_records

    ids = library.catalog.resolve(dict.fromkeys(notice.of for notice in notices))
    stored = library.catalog.papers(sorted(set(ids.values())))
    named: dict[str, Notice] = {}
    for notice in notices:
        if notice.of in ids:
            named.setdefault(notice.of, notice)
    if not named:
        return ImportReport()
    library.catalog.notices().keep(named.values(), seen=library.now())
    papers = {ids[of]: (of, stored[ids[of]]) for of in named if ids[of] in stored}
    lacking = {of: paper for of, paper in papers.values() if "withdrawn" not in paper.flags}
    if not lacking:
        return ImportReport()
    report = import_records(
        library, [_record(of, paper) for of, paper in lacking.items()], ahead=ahead, at_once=at_once, origin=origin
    )
    notes = tuple(f"{of} was {named[of]}: “{paper.title}”" for of, paper in lacking.items())
    return ImportReport(updated=report.updated, notes=(*notes, *report.notes))


def _record(of: str, paper: Paper) -> Paper:
    """What a notice says of a paper, as a record of the id that it names."""
    return replace(paper, paper_id=of, aliases=(of,), version=None, flags=tuple(sorted({*paper.flags, "withdrawn"})))
