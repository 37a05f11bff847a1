"""The tools: each takes arguments and gives the document that the command of its name prints with --json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from threading import Event
from typing import Any, Generic, TypeVar

from rag.errors import BadQuestion, PaperNotFound
from rag.types import JsonDict, Paper
from rag.types.reader import LOCAL, READER_ROLES, ReaderRole
from refdesk.library import Library
from refdesk.mcp import arguments as given

_Given = TypeVar("_Given", bound=given.Arguments)


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Who calls a tool.

    Args:
        reader: The reader's name.
        writes: The role as which the caller may write; None if it only reads.
    """

    reader: str = LOCAL
    writes: ReaderRole | None = None

    def may(self, tool: Tool[Any]) -> bool:
        """True if the caller may use a tool, and is shown it."""
        if tool.needs is None:
            return True
        return self.writes is not None and READER_ROLES.index(self.writes) >= READER_ROLES.index(tool.needs)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool: the library, the event that is set when the client cancels it, and who calls."""

    library: Library
    cancel: Event
    caller: Caller = Caller()


@dataclass(frozen=True, slots=True)
class Tool(Generic[_Given]):
    """
    A tool.

    Args:
        name: Its name.
        description: What a model reads of it.
        arguments: The model of its arguments.
        run: Makes the document.
        needs: The role that it takes to change the library by it; None if it only reads.
        asks: True if it may put a question to a model.
    """

    name: str
    description: str
    arguments: type[_Given]
    run: Callable[[Call, _Given], JsonDict]
    needs: ReaderRole | None = None
    asks: bool = False


def search(call: Call, args: given.Query) -> JsonDict:
    """The best papers in the form that assistants' connectors expect: id, title, url and text of each."""
    hits = call.library.search(args.query, limit=10)
    return {
        "results": [
            {
                "id": hit.paper_id,
                "title": hit.title,
                "url": hit.paper.url,
                "text": hit.best_sentence.text if hit.best_sentence else "",
                "sentence": hit.best_sentence.number if hit.best_sentence else None,
            }
            for hit in hits
        ],
        "degraded": hits.degraded,
    }


def fetch(call: Call, args: given.Id) -> JsonDict:
    """One paper, its sentences under the names by which `verify` takes them."""
    paper = call.library.show(args.id)
    return {
        "id": paper.paper_id,
        "title": paper.title,
        "text": "\n".join(f"[{paper.paper_id}#{sentence.number}] {sentence.text}" for sentence in paper.sentences),
        "url": paper.url,
        "metadata": {
            "authors": list(paper.authors),
            "published": paper.published,
            "listed": paper.listed,
            "venue": paper.venue,
            "categories": list(paper.categories),
            "aliases": list(paper.aliases),
            "flags": list(paper.flags),
            "revisions": [revision.to_dict() for revision in call.library.revisions(paper.paper_id)],
        },
    }


def find_papers(call: Call, args: given.FindPapers) -> JsonDict:
    """As `search --json`."""
    if not args.query.strip() and not args.authors:
        raise BadQuestion("Neither `query` nor `authors` is given.", hint="Give words to look for, or an author.")
    hits = call.library.search(args.query, limit=args.limit, sort=args.sort, filter=args.filter)
    return {"query": args.query, "hits": [hit.to_dict() for hit in hits], "degraded": hits.degraded}


def ask(call: Call, args: given.Ask) -> JsonDict:
    """As `ask --json`."""
    answer = call.library.ask(args.question, max_sentences=args.max_sentences, filter=args.filter, cancel=call.cancel)
    return answer.to_dict()


def verify(call: Call, args: given.Verify) -> JsonDict:
    """As `verify --json`, of a document, or of claims with the sentences that they rest on."""
    if (args.document is None) == (not args.claims):
        raise BadQuestion("`verify` takes `document` or `claims`, one of them.", hint="Leave one out.")
    document = args.document
    if document is None:
        claims = [{"text": claim.text, "citations": _citations(call.library, claim.evidence)} for claim in args.claims]
        document = json.dumps({"claims": claims})
    found = call.library.verify(document, cancel=call.cancel)
    return found.to_dict()


def _citations(library: Library, names: Sequence[str]) -> list[JsonDict]:
    """The sentences of these names as citations. Raises PaperNotFound for one that no abstract has."""
    citations = []
    for name in names:
        paper_id, _, number = name.rpartition("#")
        if not (paper_id and number.isascii() and number.isdecimal()):
            raise PaperNotFound(
                f"“{name}” names no sentence.", hint="Write the paper's id, # and the number, as `fetch` shows them."
            )
        paper = library.show(paper_id)
        if not 1 <= int(number) <= len(paper.spans):
            raise PaperNotFound(
                f"{paper.paper_id} has no sentence {number}; it has {len(paper.spans)}.", hint="`fetch` shows them."
            )
        sentence = paper.sentence(int(number))
        citations.append(
            {
                "source": 1,
                "paper_id": paper.paper_id,
                "sentence": sentence.number,
                "start": sentence.start,
                "end": sentence.end,
                "quote": sentence.text,
            }
        )
    return citations


def issue(call: Call, args: given.Issue) -> JsonDict:
    """As `digest --json`."""
    subscription = call.library.issues.named(args.subscription, call.caller.reader)
    return call.library.digest(args.period, subscription=subscription, cancel=call.cancel).to_dict()


def review(call: Call, args: given.Review) -> JsonDict:
    """As `review --json`."""
    return call.library.review(args.topic, filter=args.filter, cancel=call.cancel).to_dict()


def export(call: Call, args: given.Export) -> JsonDict:
    """The text of `export`."""
    from refdesk.render.export import FORMATS

    if not args.filter:
        raise BadQuestion("Which papers to export is not said.", hint="Give `papers`, or another filter.")
    papers: list[Paper] = list(call.library.papers(filter=args.filter))
    return {"format": args.format, "papers": len(papers), "text": "\n".join(FORMATS[args.format](papers))}


def rate(call: Call, args: given.Rate) -> JsonDict:
    """Like, dislike, or take a rating back."""
    return {
        "id": call.library.rate(args.id, args.rating, reader=call.caller.reader).paper_id,
        "rating": args.rating,
    }


def add_records(call: Call, args: given.AddRecords) -> JsonDict:
    """As `add --json`. An assistant's records only add what is unknown."""
    lines = b"".join(json.dumps(record.model_dump()).encode() + b"\n" for record in args.records)
    return call.library.add_stream(BytesIO(lines), "assistant.jsonl", format_name="jsonl").to_dict()


TOOLS: tuple[Tool[Any], ...] = (
    Tool("search", "Find papers by words or a question. `fetch` a result's id to read it.", given.Query, search),
    Tool("fetch", "One paper: its abstract in numbered sentences, and metadata.", given.Id, fetch),
    Tool("find_papers", "Rank papers by a query under filters; or list an author's.", given.FindPapers, find_papers),
    Tool(
        "ask",
        "Answer a question from the library alone: claims with checked citations, or what is nearest. Cite as given.",
        given.Ask,
        ask,
        asks=True,
    ),
    Tool(
        "verify",
        "Check your own sentences against the sentences that they rest on (or a document that Refdesk wrote): "
        "verbatim, supported, weak or unsupported, with reasons. Drop or mend what is unsupported.",
        given.Verify,
        verify,
    ),
    Tool("issue", "The digest of a week, month or day: themes, papers and findings.", given.Issue, issue, asks=True),
    Tool(
        "review",
        "What the papers on a topic found: findings, themes, a table, months.",
        given.Review,
        review,
        asks=True,
    ),
    Tool("export", "Papers as BibTeX, RIS, CSL-JSON or JSON Lines.", given.Export, export),
    Tool(
        "rate",
        "1 likes a paper, -1 dislikes it, 0 takes that back; it steers the next issues.",
        given.Rate,
        rate,
        needs="reader",
    ),
    Tool(
        "add_records",
        "Add papers: title, abstract, and id, authors, date, url.",
        given.AddRecords,
        add_records,
        needs="curator",
    ),
)
