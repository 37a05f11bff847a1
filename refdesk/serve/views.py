"""What the pages show of an answer: its document with the papers that it cites, in words for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from rag.errors import PaperNotFound
from rag.types import JsonDict, Paper
from refdesk.library import Library
from refdesk.render import markdown
from refdesk.render.answers import missing_in_words, reading
from refdesk.render.stored_answer import answer_of
from refdesk.render.wording import capital

_MARKS = {
    "verbatim": ("“ ”", "the paper’s own words"),
    "supported": ("●", "supported"),
    "weak": ("◐", "weak support"),
    "unsupported": ("○", "unsupported"),
}


def answer(library: Library, document: JsonDict, *, kept: bool, reader: str) -> dict[str, Any]:
    """
    An answer for its page.

    Args:
        library: Has the papers; one that it no longer has is shown by its source alone.
        document: As `ask --json` prints it.
        kept: True if it has a permalink.
        reader: Whose ratings are shown.
    """
    ratings = library.shelf(reader).ratings()
    papers = {source["number"]: _paper(library, source) for source in document["sources"]}
    cited: dict[int, set[int]] = {number: set() for number in papers}
    for each in document["claims"]:
        for citation in each["citations"]:
            cited[citation["source"]].add(citation["sentence"])
    listed = document["papers"]
    claims = (
        [_claim(each["finding"], papers, papers[each["source"]]) for each in listed]
        if listed
        else [_claim(each, papers) for each in document["claims"]]
    )
    abstention = document["abstention"]
    return {
        "id": document["id"],
        "kept": kept,
        "read_as": _read_as(document),
        "degraded": _degraded(document),
        "summary": _summary(document),
        "made_of": _made_of(document),
        "facts": [fact["text"] for fact in document["facts"]],
        "reason": f"{capital(abstention['reason'])}." if abstention else "",
        "claims": claims,
        "is_list": bool(listed),
        "missing": missing_in_words(document["missing"], document["mode"]),
        "nearest": [
            {"paper": paper, "sentence": (hit["best_sentence"] or {}).get("text", "")}
            for hit in (abstention["nearest"] if abstention else [])
            if (paper := _paper(library, hit))
        ],
        "sources": [
            {
                "number": number,
                "paper": paper,
                "cited": cited[number],
                "rated": ratings.get(paper.paper_id, 0),
            }
            for number, paper in papers.items()
        ],
        "as_text": as_text(document),
        "as_markdown": as_markdown(document),
        "bibtex": _bibtex(papers.values()),
    }


def as_text(document: JsonDict) -> str:
    """An answer to be pasted: its text, then the sources by number."""
    sources = [
        f"[{source['number']}] {source['title']}. {source['url'] or source['paper_id']}"
        for source in document["sources"]
    ]
    return "\n".join([document["question"], "", document["text"], "", *sources])


def as_markdown(document: JsonDict) -> str:
    """An answer as `ask --markdown` prints it."""
    return markdown.answer(answer_of(document))


def _bibtex(papers: Iterable[Paper]) -> str:
    """The address of the sources as BibTeX; empty where there are none."""
    ids = [("paper", paper.paper_id) for paper in papers]
    return f"/api/v1/export?{urlencode([('format', 'bibtex'), *ids])}" if ids else ""


def _paper(library: Library, source: Mapping[str, Any]) -> Paper:
    try:
        return library.show(str(source["paper_id"]))
    except PaperNotFound:
        return Paper(paper_id=str(source["paper_id"]), title=str(source["title"]), abstract="")


def _claim(claim: Mapping[str, Any] | None, papers: Mapping[int, Paper], paper: Paper | None = None) -> dict[str, Any]:
    """A claim, or a listed paper without one."""
    if claim is None:
        return {"text": "", "support": "", "paper": paper}
    mark, said = _MARKS[claim["support"]]
    doubts = [*claim["problems"], *claim.get("doubts", ())]
    if claim["support"] in ("weak", "unsupported") and doubts:
        said = f"{said}: {doubts[0]['detail']}"
    cites = [
        {
            "source": each["source"],
            "sentence": each["sentence"],
            "quote": each["quote"],
            "title": papers[each["source"]].title,
        }
        for each in claim["citations"]
    ]
    return {
        "text": claim["text"],
        "support": claim["support"],
        "mark": mark,
        "said": said,
        "cites": cites,
        "paper": paper,
    }


def _summary(document: JsonDict) -> str:
    number = len(document["sources"])
    papers = "one paper" if number == 1 else f"{number} papers"
    if document["mode"] == "metadata":
        return "From what the library knows of its papers."
    if document["outcome"] == "mentioned":
        return f"{capital(papers)} on it; none states the answer."
    if not document["answered"]:
        return "The library does not hold an answer."
    return f"{'A list of' if document['papers'] else 'Answered from'} {papers}."


def _made_of(document: JsonDict) -> str:
    """How sure the library is, and how the answer was made."""
    if document["mode"] == "metadata":
        return ""
    sure = document["confidence"]
    words = "very probably" if sure >= 0.85 else "probably" if sure >= 0.6 else "perhaps" if sure >= 0.35 else "hardly"
    if not document["answered"]:
        return f"It {words} holds one ({sure:.2f})."
    made = "In the papers’ own sentences."
    if document["mode"] == "generated":
        made = f"Written by {document['model']}, each sentence checked."
    return f"The library {words} holds this ({sure:.2f}). {made}"


def _read_as(document: JsonDict) -> str:
    """How the question was read, where that changed what was searched."""
    understood = document["understood"]
    if not understood or document["mode"] == "metadata":
        return ""
    return reading(
        understood.get("authors") or (),
        understood.get("since"),
        understood.get("until"),
        understood.get("corrected") or {},
    )


def _degraded(document: JsonDict) -> str:
    degraded = document["degraded"]
    if not degraded:
        return ""
    if degraded["from"] == "vectors":
        return f"{capital(degraded['reason'])}."
    what = "Some of it was done in a lesser way" if document["mode"] == "generated" else "The model was not used"
    return f"{what}: {degraded['reason']}."
