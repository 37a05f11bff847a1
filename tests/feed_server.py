"""
A small server on loopback that answers as the providers of feeds do, well or badly, as a test tells it.

Shapes are recorded ones; the papers in them are invented. It tells no fewer papers than it has unless its mood is bad.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, we are over capacity</h1></body></html>"
_ATOM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    '  <link href="http://arxiv.org/api/query?search_query%3Dcat%3Acs.CL" rel="self" type="application/atom+xml"/>\n'
    '  <title type="html">ArXiv Query: search_query=cat:cs.CL</title>\n  <id>http://arxiv.org/api/cHxbiOdZ</id>\n'
    "  <updated>2026-06-20T00:00:00-04:00</updated>\n"
    '  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{total}'
    "</opensearch:totalResults>\n"
    '  <opensearch:startIndex xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{start}'
    "</opensearch:startIndex>\n{entries}</feed>\n"
)
_OAI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">\n'
    '<responseDate>2026-06-20T00:00:00Z</responseDate>\n<request verb="ListRecords">http://oaipmh.arxiv.org/oai'
    "</request>\n{inner}\n</OAI-PMH>\n"
)
_RSS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>'
    "<title>Invented Letters</title><link>https://letters.example/</link><description>New papers</description>\n"
    "{entries}</channel></rss>\n"
)


@dataclass(frozen=True)
class Entry:
    """An invented paper, with the day on which its provider lists it and how often it was changed."""

    number: int
    day: str
    version: int = 1
    category: str = "cs.CL"

    @property
    def title(self) -> str:
        return f"On subject {self.number} of the invented series"

    @property
    def abstract(self) -> str:
        return (
            f"We study subject{self.number} with care & patience, for its effects are not known. "
            f"Edition {self.version} finds effect{self.number % 97} in it where x < {self.number + 2}. More is needed."
        )

    @property
    def arxiv(self) -> str:
        return f"2606.{self.number:05}"


def entries(*days: str, each: int = 1) -> list[Entry]:
    """So many entries of each day."""
    return [Entry(number, day) for number, day in enumerate((day for day in days for _ in range(each)), start=1)]


@dataclass(frozen=True)
class Asked:
    """A request that came: its path, its parameters, its headers by lower-case name, and when."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    at: float


@dataclass
class FeedServer:
    """
    The server's papers and its manners.

    Args:
        url: Its address; below it `/arxiv`, `/oai`, `/huggingface`, `/openalex`, `/semanticscholar`, `/pubmed`,
            `/europepmc`, `/biorxiv`, `/medrxiv`, `/crossref`, `/zotero`, `/rss` and `/moved`, which redirects to
            `target`.
        papers: What every provider has.
        retracted: The numbers of the papers that Crossref and PubMed know as retracted, and the day of the notice.
        page: The most that it gives at once.
        moods: How the next requests are answered, one each; then the mood of the path; then `mood`.
    """

    url: str
    papers: list[Entry] = field(default_factory=list)
    retracted: dict[int, str] = field(default_factory=dict)
    page: int = 3
    mood: str = "ok"
    moods: list[str] = field(default_factory=list)
    mood_of: dict[str, str] = field(default_factory=dict)
    target: str = "http://169.254.169.254/latest/meta-data/"
    retry_after: str = "7"
    backoff: str = ""
    delay_s: float = 0.0
    slow_s: float = 1.0
    version: int = 5
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def of(self, path: str) -> list[Asked]:
        """The requests for one path."""
        return [each for each in self.asked if each.path == path]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request in the mood that is due."""
        parts = urlsplit(handler.path)
        asked = Asked(
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in handler.headers.items()},
            time.monotonic(),
        )
        self.asked.append(asked)
        self.closing.wait(self.delay_s)
        mood = self.moods.pop(0) if self.moods else self.mood_of.get(parts.path, self.mood)
        if mood in _STATUSES:
            wait = {"Retry-After": self.retry_after} if mood in ("busy", "down") and self.retry_after else {}
            _send(handler, _STATUSES[mood], HTML, {"Content-Type": "text/html", **wait})
        elif mood == "html":
            _send(handler, 200, HTML, {"Content-Type": "text/html"})
        elif mood == "closed":
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif mood == "loop":
            _send(handler, 302, b"", {"Location": f"{parts.path}?{parts.query}&again="})
        elif mood == "moved" or parts.path == "/moved":
            _send(handler, 302, b"", {"Location": self.target})
        elif mood == "big":
            _send(handler, 200, b" " * ((64 << 20) + 1), {"Content-Type": "application/json"})
        elif mood in ("bomb", "nested bomb"):
            _send(handler, 200, *_bomb(mood))
        elif mood == "steady":
            handler.send_response(200)
            handler.end_headers()
            for _ in range(20):
                handler.wfile.write(b" " * 20_000)
                self.closing.wait(0.05)
        elif mood in ("drip", "drip headers"):
            handler.send_response(200)
            handler.flush_headers() if mood == "drip headers" else handler.end_headers()
            while not self.closing.wait(0.01):
                handler.wfile.write(b" ")
        else:
            self._well(handler, asked, mood)

    def _well(self, handler: BaseHTTPRequestHandler, asked: Asked, mood: str) -> None:
        name = asked.path.strip("/").split("/")[0]
        found = getattr(self, f"_{name}", None)
        if found is None:
            _send(handler, 404, HTML, {"Content-Type": "text/html"})
            return
        status, body, headers = found(asked, mood)
        if mood == "slow":
            self.closing.wait(self.slow_s)
        if self.backoff:
            headers["Backoff"] = self.backoff
        if mood == "wrong type":
            headers["Content-Type"] = "image/png"
        if mood == "zipped":
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        cut = body[: len(body) // 2] if mood.startswith("cut") else body
        _send(handler, status, cut, headers, length=len(cut if mood == "cut without length" else body))

    def _slice(self, some: list[Entry], start: int, mood: str, most: int = 10_000) -> list[Entry]:
        if mood in ("empty", "empty without total"):
            return []
        start = 0 if mood == "repeated" else start
        return some[start : start + min(self.page, most)]

    def _newest(self) -> list[Entry]:
        return sorted(self.papers, key=lambda each: (each.day, each.number), reverse=True)

    # ---- the providers

    def _arxiv(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        start = int(asked.params.get("start", 0))
        some = self._slice(self._newest(), start, mood, int(asked.params.get("max_results", 10)))
        total = {"repeated": 30_000, "empty without total": 0}.get(mood, len(self.papers))
        body = _ATOM.format(total=total, start=start, entries="".join(map(_atom_entry, some)))
        return 200, body.encode(), {"Content-Type": "application/atom+xml; charset=UTF-8"}

    def _oai(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        token = asked.params.get("resumptionToken")
        since, group, start = asked.params.get("from", ""), asked.params.get("set", ""), 0
        if token:
            since, group, at = token.split("|")
            start = int(at)
        if mood == "refused" or group not in ("cs", "math", "stat", "physics", "physics:hep-ph"):
            inner = '<error code="badArgument">Set does not exist</error>'
            return 200, _OAI.format(inner=inner).encode(), {"Content-Type": "text/xml"}
        kept = [each for each in self.papers if each.day >= since]
        some = self._slice(kept, start, mood)
        following = start + len(some)
        left = f"{since}|{group}|{following}" if following < len(kept) else ""
        deleted = (
            f'<record><header status="deleted"><identifier>oai:arXiv.org:2606.9999{start % 10}</identifier>'
            "<datestamp>2026-06-18</datestamp><setSpec>cs</setSpec></header></record>"
        )
        records = "".join(map(_oai_record, some)) + deleted
        left = f'<resumptionToken cursor="{start}" completeListSize="{len(kept)}">{left}</resumptionToken>'
        inner = f"<ListRecords>{records}{left}</ListRecords>"
        if not kept:
            inner = '<error code="noRecordsMatch">The combination of arguments gives an empty list</error>'
        return 200, _OAI.format(inner=inner).encode(), {"Content-Type": "text/xml"}

    def _huggingface(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        page = int(asked.params.get("p", 0))
        kept = [each for each in self.papers if each.day == asked.params.get("date")]
        some = self._slice(kept, page * self.page, mood, int(asked.params.get("limit", 50)))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if (page + 1) * self.page < len(kept) or (mood == "repeated" and kept):
            following = f"{self.url}/huggingface?date={asked.params['date']}&limit=100&p={page + 1}"
            headers["Link"] = f'<{following}>; rel="next"'
        return _json([_daily(each) for each in some], headers)

    def _openalex(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        since = dict(each.split(":", 1) for each in asked.params["filter"].split(","))["from_publication_date"]
        kept = [each for each in self.papers if each.day >= since]
        given = asked.params["cursor"]
        start = 0 if given == "*" else int(given.removeprefix("IlsxNz"))
        some = self._slice(kept, start, mood, int(asked.params.get("per-page", 25)))
        following = f"IlsxNz{start + len(some)}" if some or mood.startswith("empty") else None
        if mood == "repeated":
            following = "IlsxNz3"
        meta = {"count": len(kept), "db_response_time_ms": 12, "page": None, "per_page": 200, "next_cursor": following}
        return _json({"meta": meta, "results": [_work(each) for each in some], "group_by": []})

    def _semanticscholar(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        since = asked.params["publicationDateOrYear"].rstrip(":")
        kept = [each for each in self.papers if each.day >= since]
        start = int(asked.params.get("token", "PCOA0").removeprefix("PCOA"))
        some = self._slice(kept, start, mood)
        token = f"PCOA{start + len(some)}" if start + len(some) < len(kept) else None
        token = "PCOA3" if mood == "repeated" else token
        return _json({"total": len(kept), "token": token, "data": [_s2_paper(each) for each in some]})

    def _pubmed(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        if asked.path.endswith("/efetch.fcgi"):
            wanted = asked.params["id"].split(",")
            inner = "".join(_article(each) for each in self.papers if str(30_000_000 + each.number) in wanted)
            inner += "".join(_notice_article(int(pmid) - 31_000_000) for pmid in wanted if pmid > "31000000")
            for number in self.retracted:
                link = f'<CommentsCorrections RefType="RetractionIn"><PMID Version="1">{31_000_000 + number}</PMID>'
                link = (
                    f"<CommentsCorrectionsList>{link}</CommentsCorrections></CommentsCorrectionsList></MedlineCitation>"
                )
                own = f'<PMID Version="1">{30_000_000 + number}</PMID>'
                inner = re.sub(f"({own}(?:(?!</MedlineCitation>).)*)</MedlineCitation>", rf"\1{link}", inner)
            head = (
                '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025'
            )
            head += '//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
            return 200, f"{head}<PubmedArticleSet>{inner}</PubmedArticleSet>".encode(), {"Content-Type": "text/xml"}
        if mood == "refused":
            return _json({"header": {}, "esearchresult": {"ERROR": "retstart exceeds the limit"}})
        term = asked.params["term"]
        if "[uid]" in term:
            ids = [pmid for number in self.retracted if f"{(pmid := str(30_000_000 + number))}[uid]" in term]
            return _json({"header": {}, "esearchresult": {"count": str(len(ids)), "idlist": ids}})
        since, until = (asked.params[name].replace("/", "-") for name in ("mindate", "maxdate"))
        if "retraction" in term:
            ids = [str(31_000_000 + number) for number, day in self.retracted.items() if since <= day <= until]
            return _json({"header": {}, "esearchresult": {"count": str(len(ids)), "idlist": ids}})
        kept = [each for each in self.papers if since <= each.day <= until]
        start = int(asked.params.get("retstart", 0))
        some = self._slice(kept, start, mood, int(asked.params.get("retmax", 20)))
        total = 9_000 if mood == "repeated" else len(kept)
        result = {
            "count": str(total), "retmax": str(len(some)), "retstart": str(start),
            "idlist": [str(30_000_000 + each.number) for each in some],
        }  # fmt: skip
        return _json({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result})

    def _europepmc(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        if mood == "refused":
            return _json({"version": "6.9", "errCode": 404, "errMsg": "Malformed query"})
        query, _, days = asked.params["query"].rpartition(" AND FIRST_IDATE:[")
        since, until = days.rstrip("]").split(" TO ")
        kept = [each for each in self.papers if since <= each.day <= until]
        given = asked.params["cursorMark"]
        start = 0 if given == "*" else int(given.removeprefix("AoIIP4"))
        some = self._slice(kept, start, mood, int(asked.params.get("pageSize", 25)))
        following = f"AoIIP4{start + len(some)}" if some else given
        document = {
            "version": "6.9", "hitCount": 0 if mood == "empty without total" else len(kept),
            "nextCursorMark": following,
            "request": {"queryString": query, "resultType": "core", "cursorMark": given, "pageSize": 200},
            "resultList": {"result": [_epmc_result(each) for each in some]},
        }  # fmt: skip
        if mood == "repeated":
            document["nextCursorMark"] = f"AoIIP4{start + 3}"
        return _json(document)

    def _biorxiv(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        if mood == "refused":
            return _json({"messages": [{"status": "error: interval is not valid"}], "collection": []})
        *_, since, until, cursor, _format = asked.path.split("/")
        kept = [each for each in self.papers if since <= each.day <= until]
        some = self._slice(kept, int(cursor), mood)
        message: dict[str, Any] = {
            "status": "ok", "category": "all", "interval": f"{since}:{until}", "cursor": int(cursor),
            "count": len(some), "count_new_papers": str(len(kept)), "total": str(len(kept)),
        }  # fmt: skip
        if not kept or mood == "empty without total":
            message = {"status": "no posts found"}
        return _json({"messages": [message], "collection": [_preprint(each) for each in some]})

    _medrxiv = _biorxiv

    def _crossref(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        if mood == "refused":
            return 200, b'{"status":"failed","message-type":"validation-failure","message":[{"message":"x"}]}', {}
        filters = [each.split(":", 1) for each in asked.params["filter"].split(",")]
        if ["update-type", "retraction"] in filters:
            since = dict(filters)["from-index-date"]
            numbers = [number for number, day in self.retracted.items() if day >= since]
            works = [_notice_work(number) for number in numbers]
        else:
            dois = [value for name, value in filters if name == "doi"]
            papers = [each for each in self.papers if f"10.5555/i.{each.number}" in dois]
            works = [_crossref_work(each, retracted=each.number in self.retracted) for each in papers]
        start = int(asked.params["cursor"].replace("*", "0").removeprefix("DnF1"))
        some = works[start : start + self.page] if mood != "empty" else []
        following = f"DnF1{start + len(some)}" if mood != "repeated" else "DnF10"
        message = {"total-results": len(works), "items": some, "items-per-page": 500, "next-cursor": following}
        return _json({"status": "ok", "message-type": "work-list", "message-version": "1.0.0", "message": message})

    def _zotero(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        start, since = int(asked.params.get("start", 0)), int(asked.params.get("since", 0))
        kept = [each for each in self.papers if self.version > since]
        most = int(asked.params.get("limit", 25))
        some = [] if mood.startswith("empty") else kept[start : start + most]
        if mood == "repeated":
            some = kept[:most]
        headers = {"Total-Results": str(len(kept)), "Last-Modified-Version": mood.removeprefix("version ")}
        if not mood.startswith("version"):
            headers["Last-Modified-Version"] = str(self.version)
        return _json({"items": [_csl(each) for each in some]}, headers)

    def _rss(self, asked: Asked, mood: str) -> tuple[int, bytes, dict[str, str]]:
        body = _RSS.format(entries="".join(map(_item, self.papers))).encode()
        tag, modified = f'"{zlib.crc32(body):x}"', "Sat, 20 Jun 2026 06:00:00 GMT"
        if asked.headers.get("if-none-match") == tag:
            return 304, b"", {"ETag": tag}
        return 200, body, {"Content-Type": "application/rss+xml", "ETag": tag, "Last-Modified": modified}


_STATUSES = {"busy": 429, "down": 503, "failing": 500, "bad request": 400, "gone": 404, "forbidden": 403}


def _atom_entry(entry: Entry) -> str:
    return (
        f"  <entry>\n    <id>http://arxiv.org/abs/{entry.arxiv}v{entry.version}</id>\n"
        f"    <updated>{entry.day}T17:59:59Z</updated>\n    <published>{entry.day}T17:59:59Z</published>\n"
        f"    <title>{escape(entry.title)}</title>\n    <summary>  {escape(entry.abstract)}\n</summary>\n"
        "    <author>\n      <name>Ada Byron</name>\n    </author>\n"
        f'    <link href="http://arxiv.org/abs/{entry.arxiv}v{entry.version}" rel="alternate" type="text/html"/>\n'
        '    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" '
        f'term="{entry.category}" scheme="http://arxiv.org/schemas/atom"/>\n'
        f'    <category term="{entry.category}" scheme="http://arxiv.org/schemas/atom"/>\n  </entry>\n'
    )


def _oai_record(entry: Entry) -> str:
    return (
        f"<record><header><identifier>oai:arXiv.org:{entry.arxiv}</identifier><datestamp>{entry.day}</datestamp>"
        '<setSpec>cs</setSpec></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/">'
        f"<id>{entry.arxiv}</id><created>{entry.day}</created><authors><author><keyname>Byron</keyname>"
        f"<forenames>Ada</forenames></author></authors><title>{escape(entry.title)}</title>"
        f"<categories>{entry.category} cs.IR</categories><license>http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
        f"</license><abstract>  {escape(entry.abstract)}\n</abstract></arXiv></metadata></record>"
    )


def _daily(entry: Entry) -> dict[str, Any]:
    paper = {
        "id": entry.arxiv, "title": entry.title, "summary": entry.abstract, "ai_summary": "Made by a model.",
        "authors": [{"_id": "66", "name": "Ada Byron", "hidden": False}], "publishedAt": f"{entry.day}T00:00:00.000Z",
        "submittedOnDailyAt": f"{entry.day}T04:00:00.000Z", "upvotes": 3,
    }  # fmt: skip
    return {"paper": paper, "publishedAt": f"{entry.day}T20:00:00.000Z", "title": entry.title, "numComments": 0}


def _work(entry: Entry) -> dict[str, Any]:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(entry.abstract.split()):
        index.setdefault(word, []).append(place)
    return {
        "id": f"https://openalex.org/W{4_400_000_000 + entry.number}", "doi": f"https://doi.org/10.5555/i.{entry.number}",
        "title": entry.title, "display_name": entry.title, "publication_year": 2026, "publication_date": entry.day,
        "authorships": [{"author": {"display_name": "Ada Byron"}}], "is_retracted": False,
        "abstract_inverted_index": index,
    }  # fmt: skip


def _s2_paper(entry: Entry) -> dict[str, Any]:
    return {
        "paperId": sha1(str(entry.number).encode()).hexdigest(), "externalIds": {"DOI": f"10.5555/i.{entry.number}"},
        "url": "https://www.semanticscholar.org/paper/x", "title": entry.title, "abstract": entry.abstract, "venue": "",
        "year": 2026, "publicationDate": entry.day, "authors": [{"authorId": "1", "name": "Ada Byron"}],
    }  # fmt: skip


def _article(entry: Entry) -> str:
    number, (year, month, day) = 30_000_000 + entry.number, entry.day.split("-")
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{number}</PMID>'
        '<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Internet"><PubDate>'
        f"<Year>{year}</Year><Month>{month}</Month><Day>{day}</Day></PubDate></JournalIssue>"
        f"<Title>Invented Letters</Title></Journal><ArticleTitle>{escape(entry.title)}</ArticleTitle>"
        f"<Abstract><AbstractText>{escape(entry.abstract)}</AbstractText></Abstract>"
        "<AuthorList><Author><LastName>Byron</LastName><ForeName>Ada</ForeName></Author></AuthorList></Article>"
        '</MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="pubmed">'
        f"{number}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>"
    )


def _epmc_result(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(30_000_000 + entry.number), "source": "MED", "pmid": str(30_000_000 + entry.number),
        "doi": f"10.5555/i.{entry.number}", "title": entry.title, "authorString": "Byron A.",
        "authorList": {"author": [{"fullName": "Byron A", "firstName": "Ada", "lastName": "Byron", "initials": "A"}]},
        "journalInfo": {"yearOfPublication": 2026, "journal": {"title": "Invented Letters"}}, "pubYear": "2026",
        "abstractText": escape(entry.abstract), "firstPublicationDate": entry.day,
    }  # fmt: skip


def _preprint(entry: Entry) -> dict[str, Any]:
    doi = f"10.1101/{entry.day.replace('-', '.')}.{entry.number:06}"
    return {
        "title": entry.title, "authors": "Byron, Ada", "author_corresponding": "Ada Byron", "doi": doi,
        "author_corresponding_institution": "Invented Institute",
        "date": entry.day, "version": str(entry.version), "type": "new results", "license": "cc_by",
        "category": "plant biology" if entry.category == "cs.CL" else entry.category, "jatsxml": "https://x.example/x.xml",
        "abstract": escape(entry.abstract), "published": "NA", "server": "bioRxiv",
    }  # fmt: skip


def _crossref_work(entry: Entry, *, retracted: bool) -> dict[str, Any]:
    work = {"DOI": f"10.5555/i.{entry.number}", "title": [entry.title], "type": "journal-article"}
    update = {
        "DOI": f"10.5555/notice.{entry.number}",
        "type": "retraction",
        "label": "Retraction",
        "source": "publisher",
    }
    return work | ({"updated-by": [update]} if retracted else {})


def _notice_work(number: int) -> dict[str, Any]:
    update = {"DOI": f"10.5555/I.{number}", "type": "retraction", "label": "Retraction", "source": "retraction-watch"}
    title = f"Retraction: On subject {number} of the invented series"
    return {"DOI": f"10.5555/notice.{number}", "title": [title], "type": "journal-article", "update-to": [update]}


def _notice_article(number: int) -> str:
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{31_000_000 + number}</PMID>'
        f"<Article><ArticleTitle>Retraction: On subject {number}.</ArticleTitle><PublicationTypeList>"
        '<PublicationType UI="D016440">Retraction Notice</PublicationType></PublicationTypeList></Article>'
        '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionOf"><RefSource>Invented Letters</RefSource>'
        f'<PMID Version="1">{30_000_000 + number}</PMID></CommentsCorrections></CommentsCorrectionsList>'
        "</MedlineCitation></PubmedArticle>"
    )


def _csl(entry: Entry) -> dict[str, Any]:
    return {
        "id": f"12345/KEY{entry.number:05}", "type": "article-journal", "title": entry.title,
        "abstract": entry.abstract, "DOI": f"10.5555/i.{entry.number}", "author": [{"family": "Byron", "given": "Ada"}],
        "issued": {"date-parts": [[int(part) for part in entry.day.split("-")]]},
    }  # fmt: skip


def _item(entry: Entry) -> str:
    link = f"https://letters.example/{entry.number}"
    return (
        f'<item><title>{escape(entry.title)}</title><link>{link}</link><guid isPermaLink="true">{link}</guid>'
        f"<description>{escape(escape(f'<p>{escape(entry.abstract)}</p>'))}</description>"
        "<dc:creator>Ada Byron</dc:creator><pubDate>Fri, 19 Jun 2026 00:00:00 GMT</pubDate></item>\n"
    )


def _json(document: Any, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    return 200, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})}


@cache
def _bomb(mood: str) -> tuple[bytes, dict[str, str]]:
    if mood == "bomb":
        return gzip.compress(b" " * (200 << 20), 1), {"Content-Encoding": "gzip"}
    return gzip.compress(gzip.compress(b" " * (300 << 20), 1)), {"Content-Encoding": "gzip, gzip"}


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str], length: int | None = None
) -> None:
    handler.send_response(status)
    sized = {} if status == 304 else {"Content-Length": str(len(body) if length is None else length)}
    for name, value in {**headers, **sized, "Connection": "close"}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving() -> Iterator[FeedServer]:
    """A server on a free port of loopback, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # a client that did not wait
                server.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server = FeedServer(f"http://127.0.0.1:{listening.server_address[1]}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            listening.shutdown()
            thread.join()
