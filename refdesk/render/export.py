"""Papers as JSON Lines and as BibTeX."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

from rag.types import Paper

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_SPECIAL = {
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "{": r"\textbraceleft{}",  # BibTeX counts braces, escaped ones too
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_MATH = re.compile(r"((?<!\\)\$[^$]+(?<!\\)\$)")


def jsonl(papers: Iterable[Paper]) -> Iterator[str]:
    """One JSON object a line, with the keys that `add` reads."""
    for paper in papers:
        record = {
            "id": paper.paper_id,
            **_ids(paper),
            "title": paper.title,
            "abstract": paper.abstract,
            "authors": list(paper.authors),
            "published": paper.published,
            "updated": paper.updated,
            "listed": paper.listed,
            "url": paper.url,
            "venue": paper.venue,
            "categories": list(paper.categories),
            "tags": list(paper.tags),
        }
        yield json.dumps({key: value for key, value in record.items() if value}, ensure_ascii=False)


def bibtex(papers: Iterable[Paper]) -> Iterator[str]:
    """An entry a paper, in UTF-8, ordered as given; keys are unique."""
    used: set[str] = set()
    for paper in papers:
        ids = _ids(paper)
        year, month, _ = [*(paper.published or "").split("-"), "", ""][:3]
        fields = {
            "title": "{" + _escaped(paper.title) + "}",
            "author": _escaped(" and ".join(map(_one_name, paper.authors))),
            "year": year,
            "month": _MONTHS[int(month) - 1] if month else "",
            "journal": _escaped(paper.venue or ""),
            "doi": ids.get("doi", ""),
            "eprint": ids.get("arxiv_id", ""),
            "archiveprefix": "arXiv" if "arxiv_id" in ids else "",
            "primaryclass": paper.categories[0] if "arxiv_id" in ids and paper.categories else "",
            "pmid": ids.get("pmid", ""),
            "url": paper.url or "",
            "keywords": _escaped(", ".join(paper.tags)),
            "abstract": _escaped(paper.abstract),
        }
        kind = "article" if paper.venue else "misc"
        lines = [
            f"  {name} = {value if name == 'month' else '{' + value + '}'},"
            for name, value in fields.items()
            if value.strip("{}")
        ]
        yield "\n".join([f"@{kind}{{{_key(paper, year, used)},", *lines, "}", ""])


FORMATS: dict[str, Callable[[Iterable[Paper]], Iterator[str]]] = {"jsonl": jsonl, "bibtex": bibtex}
"""What `export --format` knows."""


def _ids(paper: Paper) -> dict[str, str]:
    names = {"arxiv": "arxiv_id", "doi": "doi", "pmid": "pmid"}
    found: dict[str, str] = {}
    for alias in paper.aliases:
        scheme, _, value = alias.partition(":")
        if scheme in names:
            found.setdefault(names[scheme], value)
    return found


def _key(paper: Paper, year: str, used: set[str]) -> str:
    """The first author's last name, the year and the first long word of the title: `power2022grokking`."""
    surname = paper.authors[0].split(",")[0].split()[-1] if paper.authors and paper.authors[0].split() else "anon"
    word = next((word for word in re.findall(r"[^\W\d_]+", paper.title) if len(word) > 3), "paper")
    stem = "".join(char for char in f"{surname}{year}{word}".lower() if char.isalnum())
    key, number = stem, 1
    while key in used:
        number += 1
        key = f"{stem}{number}"
    used.add(key)
    return key


def _one_name(name: str) -> str:
    """A name that holds “and” in braces, for BibTeX would make two of it."""
    return "{" + name + "}" if re.search(r"\sand\s", name, re.IGNORECASE) else name


def _escaped(text: str) -> str:
    """TeX's special characters escaped outside of math; a backslash that begins a TeX command stays."""
    return "".join(part if _MATH.fullmatch(part) else _escaped_prose(part) for part in _MATH.split(text))


def _escaped_prose(text: str) -> str:
    return re.sub(
        r"\\[A-Za-z]+|\\[^A-Za-z\s]|\\|[&%#_{}~^$]",
        lambda found: (
            found.group()
            if len(found.group()) > 1
            else _SPECIAL.get(found.group(), "\\textbackslash{}" if found.group() == "\\" else "\\$")
        ),
        text,
    )
