"""
Provenance of a record: who brought it, and whether that source may replace what the library has.

The owner's local files may. A feed may for the ids of its own scheme only: arXiv for arXiv ids, Crossref for DOIs. All
others (RSS items of other sites, URLs, uploads) may only add what is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

OWN_FORMATS = frozenset(
    "arxiv arxiv_rss oai pubmed_xml medline crossref openalex semanticscholar".split(),
)
"""The own formats of arXiv, PubMed, Crossref, OpenAlex and Semantic Scholar, whose records may unite two papers."""
_ARXIV = ("arxiv:", "doi:10.48550/arxiv.")
_BIORXIV = ("doi:10.1101/", "doi:10.64898/")
_OF_KIND = {
    "arxiv": _ARXIV,
    "biorxiv": _BIORXIV,
    "medrxiv": _BIORXIV,
    "crossref": ("doi:",),
    "openalex": ("openalex:", "doi:"),
    "pubmed": ("pmid:", "pmcid:", "doi:"),
    "retractions": ("doi:", "pmid:"),
    "europepmc": ("pmid:", "pmcid:", "doi:"),
    "semanticscholar": ("s2:",),
}
_OF_HOST = {
    "arxiv.org": _ARXIV,
    "biorxiv.org": _BIORXIV,
    "medrxiv.org": _BIORXIV,
    "pubmed.ncbi.nlm.nih.gov": ("pmid:",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """
    Where records come from.

    Args:
        owner: True for a local file that the library's owner gave.
        name: The feed, file or URL, for reports.
        schemes: The beginnings of the ids that the source may speak for.
        lists: True if its listing dates count: the configured Hugging Face feed.
    """

    owner: bool = True
    name: str = ""
    schemes: tuple[str, ...] = ()
    lists: bool = False

    def speaks_for(self, paper_ids: Iterable[str]) -> bool:
        """True if the source may replace what is known of a paper with one of these ids."""
        return self.owner or self.owns(paper_ids)

    def owns(self, paper_ids: Iterable[str]) -> bool:
        """True if one of these ids is of the source's own scheme."""
        return any(paper_id.startswith(self.schemes) for paper_id in paper_ids) if self.schemes else False

    def unites(self, format_name: str) -> bool:
        """True if its records in this format may unite two papers of different texts."""
        return format_name in OWN_FORMATS and (self.owner or bool(self.schemes))


OWNER = Origin()


def of_feed(name: str, kind: str, url: str = "") -> Origin:
    """
    The origin of a feed's records.

    >>> of_feed("cs", "rss", "https://rss.arxiv.org/rss/cs.CL").schemes
    ('arxiv:', 'doi:10.48550/arxiv.')
    >>> of_feed("blog", "rss", "https://arxiv.org.example/feed").schemes
    ()
    """
    schemes: tuple[str, ...] = _OF_KIND.get(kind, ())
    parts = urlsplit(url)
    if kind == "rss" and parts.scheme == "https":  # over http anyone on the way may answer
        host = f".{(parts.hostname or '').lower()}"
        schemes = next((found for domain, found in _OF_HOST.items() if host.endswith(f".{domain}")), ())
    return Origin(owner=False, name=name, schemes=schemes, lists=kind == "huggingface")
