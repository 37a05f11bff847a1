"""Record linkage: which known papers a record is, by its ids, else by its title and abstract. It changes nothing."""

from __future__ import annotations

from rag import identity
from rag.authors import parse_name
from rag.deduplication.known import Known
from rag.types import Paper


def same_papers(record: Paper, known: Known, hash_: str) -> list[Paper]:
    """The known papers that the record is: those with one of its ids, the best id first; otherwise one by its title."""
    found: dict[str, Paper] = {}
    names_arxiv = any(alias.startswith("arxiv:") for alias in record.aliases)
    for alias in record.aliases:
        if alias not in known.owners:
            continue
        paper = known.papers[known.owners[alias]]
        if paper.paper_id in found:
            continue
        seen = alias.startswith("title:") and hash_ in known.hashes[paper.paper_id]
        if (seen or _makes_one(alias, record, paper)) and (
            names_arxiv or all(_may_be_one(paper, other) for other in found.values())
        ):
            found[paper.paper_id] = paper
    if found:
        return list(found.values())
    under_title = known.under(record.title)
    for paper in sorted(
        under_title, key=lambda known_paper: record.paper_id not in known_paper.aliases
    ):  # first the one it joined before
        seen = bool(record.abstract) and hash_ in known.hashes[paper.paper_id]
        if _ids_agree(record, paper) and (seen or near(record, paper)):
            return [paper]
    return []


def _makes_one(alias: str, record: Paper, paper: Paper) -> bool:
    """True if an alias that both have makes them one paper."""
    if alias.startswith("title:"):
        return False  # the abstracts decide
    if alias.startswith("file:") and alias != record.paper_id:
        return _ids_agree(record, paper) and not _of_other_words(record, paper)
    return _may_be_one(record, paper)


def _may_be_one(record: Paper, paper: Paper) -> bool:
    """True unless they have different arXiv ids: two parts of a work may share the DOI of the work."""
    of_record, of_paper = (
        {alias for alias in aliases if alias.startswith("arxiv:")} for aliases in (record.aliases, paper.aliases)
    )
    return not of_record or not of_paper or bool(of_record & of_paper)


def _ids_agree(record: Paper, paper: Paper) -> bool:
    """True if no scheme gives them different ids; a `title:` id does not count, for the titles are compared anyway."""
    schemes = {identity.scheme_of(alias) for alias in paper.aliases}
    return not any(
        (scheme := identity.scheme_of(alias)) in schemes and scheme != "title" and alias not in paper.aliases
        for alias in record.aliases
    )


def another_paper_under_its_id(record: Paper, paper: Paper) -> bool:
    """True if the id is only a row number of a file, and stood for another paper before."""
    return record.paper_id.startswith("file:") and _of_other_words(record, paper)


def _of_other_words(record: Paper, paper: Paper) -> bool:
    if not (record.abstract and paper.abstract):
        return identity.similarity(record.title, paper.title) < 0.5
    return (
        identity.normalised_title(record.title) != identity.normalised_title(paper.title)
        and identity.similarity(record.abstract, paper.abstract) < 0.5
    )


def near(record: Paper, paper: Paper) -> bool:
    """
    True if two papers have nearly the same abstract.

    Where one has none, the title must be equal, a family name shared, and the years at most one apart: two records
    “Editorial” are two papers.
    """
    if record.abstract and paper.abstract:
        return identity.similarity(record.abstract, paper.abstract) >= identity.NEAR_EQUAL
    if identity.normalised_title(record.title) != identity.normalised_title(paper.title):
        return False
    years = [found.published[:4] for found in (record, paper) if found.published]
    close = len(years) == 2 and abs(int(years[0]) - int(years[1])) <= 1
    return close and bool(_families(record) & _families(paper))


def _families(paper: Paper) -> set[str]:
    return {name.family for written in paper.authors if (name := parse_name(written))}
