"""Papers as JSON Lines, BibTeX, CSL-JSON and RIS."""

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
            "date": paper.published or "" if (paper.published or "").count("-") == 2 else "",
            "year": year,
            "month": _MONTHS[int(month) - 1] if month else "",
            "journal": _escaped(paper.venue or ""),
            "doi": ids.get("doi", ""),
            "eprint": ids.get("arxiv_id", ""),
            "archiveprefix": "arXiv" if "arxiv_id" in ids else "",
            "primaryclass": paper.categories[0] if "arxiv_id" in ids and paper.categories else "",
            "pmid": ids.get("pmid", ""),
            "pmcid": ids.get("pmcid", ""),
            "url": paper.url or "",
            "keywords": _escaped(", ".join(paper.tags)),
            "refdeskid": paper.paper_id,
            "abstract": _escaped(paper.abstract),
        }
        kind = "article" if paper.venue else "misc"
        lines = [
            f"  {name} = {value if name == 'month' else '{' + value + '}'},"
            for name, value in fields.items()
            if value.strip("{}")
        ]
        yield "\n".join([f"@{kind}{{{_key(paper, year, used)},", *lines, "}", ""])


def csl(papers: Iterable[Paper]) -> Iterator[str]:
    """One CSL-JSON list, an item a paper."""
    opening = "["
    for paper in papers:
        ids = _ids(paper)
        parts = [int(part) for part in (paper.published or "").split("-") if part]
        item = {
            "id": paper.paper_id,
            "type": "article-journal" if paper.venue else "article",
            "title": paper.title,
            "abstract": paper.abstract,
            "author": [_csl_name(name) for name in paper.authors],
            "issued": {"date-parts": [parts]} if parts else None,
            "container-title": paper.venue,
            "DOI": ids.get("doi"),
            "PMID": ids.get("pmid"),
            "PMCID": ids.get("pmcid"),
            "number": f"arXiv:{ids['arxiv_id']}" if "arxiv_id" in ids else None,
            "URL": paper.url,
            "keyword": ", ".join(paper.tags),
        }
        yield opening + json.dumps({key: value for key, value in item.items() if value}, ensure_ascii=False)
        opening = ","
    yield "[]" if opening == "[" else "]"


def _csl_name(name: str) -> dict[str, str]:
    family, comma, given = name.partition(", ")
    return {"family": family, "given": given} if comma else {"literal": name}


def ris(papers: Iterable[Paper]) -> Iterator[str]:
    """A RIS record a paper."""
    for paper in papers:
        ids = _ids(paper)
        year, month, day = [*(paper.published or "").split("-"), "", "", ""][:3]
        fields = [
            ("TY", "JOUR" if paper.venue else "GEN"),
            ("ID", paper.paper_id),
            ("TI", paper.title),
            *(("AU", name) for name in paper.authors),
            ("PY", year),
            ("DA", f"{year}/{month}/{day}/" if year else ""),
            ("JO", paper.venue or ""),
            ("AB", paper.abstract),
            ("DO", ids.get("doi", "")),
            ("C2", ids.get("pmcid", "")),
            ("UR", paper.url or ""),
            *(("KW", tag) for tag in paper.tags),
        ]
        yield "\n".join([*(f"{tag}  - {value}" for tag, value in fields if value), "ER  - ", ""])


FORMATS: dict[str, Callable[[Iterable[Paper]], Iterator[str]]] = {
    "jsonl": jsonl,
    "bibtex": bibtex,
    "csl": csl,
    "ris": ris,
}
"""What `export --format` knows."""


def _ids(paper: Paper) -> dict[str, str]:
    names = {"arxiv": "arxiv_id", "doi": "doi", "pmid": "pmid", "pmcid": "pmcid"}
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
