"""arXiv announcement feeds: ids with versions, what is stripped, author names, and listing dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from reading import ABSTRACT, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, one_by, read_by, survives

from rag.sources import arxiv_atom, arxiv_rss, rss
from rag.types import Paper, Reject

SPACES = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)


def item(number: str = "2402.10985v1", kind: str = "new", more: str = "", creator: str = "Ada Byron, Alan Hay") -> str:
    """An item of the RSS feed."""
    bare = number.partition("v")[0]
    return f"""<item><title>Title {number}</title><link>https://arxiv.org/abs/{bare}</link>
<description>arXiv:{number} Announce Type: {kind}
Abstract: {ABSTRACT}</description><guid isPermaLink="false">oai:arXiv.org:{number}</guid>
<category>cs.AI</category><category>cs.CL</category><pubDate>Tue, 20 Feb 2024 00:00:00 -0500</pubDate>
<arxiv:announce_type>{kind}</arxiv:announce_type>
<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights><dc:creator>{creator}</dc:creator>{more}</item>"""


def feed(*items: str) -> str:
    """The RSS feed of some categories."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss {SPACES} version="2.0"><channel><title>cs.AI updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.AI</link>
<pubDate>Tue, 20 Feb 2024 00:00:00 -0500</pubDate><skipDays><day>Sunday</day><day>Saturday</day></skipDays>
{"".join(items)}</channel></rss>"""


ATOM = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed {SPACES} xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us"><id>http://rss.arxiv.org/atom/cs.AI</id>
<title>cs.AI updates on arXiv.org</title><updated>2024-02-20T05:00:00+00:00</updated>
<entry><id>oai:arXiv.org:hep-th/9901001v4</id><title>A title</title><updated>2024-02-20T05:00:10.1+00:00</updated>
<link href="https://arxiv.org/abs/hep-th/9901001" rel="alternate" type="text/html"/>
<summary>arXiv:hep-th/9901001v4 Announce Type: replace-cross
Abstract: {ABSTRACT}</summary><category term="hep-th"/><published>2024-02-20T00:00:00-05:00</published>
<arxiv:announce_type>replace-cross</arxiv:announce_type><dc:creator>Ada Byron, Alan Hay</dc:creator>
<arxiv:DOI>10.1000/x</arxiv:DOI><arxiv:journal_reference>J. Tests 1</arxiv:journal_reference></entry></feed>"""

RDF = f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://arxiv.org/"><title>cs.CL updates on arXiv.org</title><link>http://arxiv.org/rss/cs.CL</link>
<items><rdf:Seq><rdf:li rdf:resource="http://arxiv.org/abs/2101.00001" /></rdf:Seq></items></channel>
<item rdf:about="http://arxiv.org/abs/2101.00001"><title>A title. (arXiv:2101.00001v2 [cs.CL] UPDATED)</title>
<link>http://arxiv.org/abs/2101.00001</link>
<description rdf:parseType="Literal">&lt;p&gt;{ABSTRACT}&lt;/p&gt;</description>
<dc:creator>&lt;a href="http://arxiv.org/find/cs/1/au:+B"&gt;Ada Byron&lt;/a&gt;,
&lt;a href="x"&gt;Alan Hay&lt;/a&gt;</dc:creator>
</item></rdf:RDF>"""


def test_an_announcement_is_a_paper_listed_on_that_day() -> None:
    paper = one_by(arxiv_rss, feed(item()))
    assert (paper.paper_id, paper.version, paper.title) == ("arxiv:2402.10985", 1, "Title 2402.10985v1")
    assert (paper.abstract, paper.authors) == (ABSTRACT, ("Ada Byron", "Alan Hay"))
    assert (paper.published, paper.updated, paper.listed) == (None, None, "2024-02-20")
    assert (paper.categories, paper.url) == (("cs.AI", "cs.CL"), "https://arxiv.org/abs/2402.10985")


@pytest.mark.parametrize("kind", ["new", "cross", "replace", "replace-cross"])
def test_every_kind_of_announcement_is_read_and_a_replacement_is_an_update(kind: str) -> None:
    paper = one_by(arxiv_rss, feed(item("2402.10985v2", kind)))
    assert (paper.version, paper.abstract) == (2, ABSTRACT)
    assert paper.updated == ("2024-02-20" if kind.startswith("replace") else None)


def test_the_atom_feed_is_read_as_the_rss_feed_is() -> None:
    paper = one_by(arxiv_rss, ATOM)
    assert (paper.aliases, paper.version) == (("arxiv:hep-th/9901001", "doi:10.1000/x"), 4)
    assert (paper.abstract, paper.authors, paper.venue) == (ABSTRACT, ("Ada Byron", "Alan Hay"), "J. Tests 1")
    assert (paper.updated, paper.listed, paper.categories) == ("2024-02-20", "2024-02-20", ("hep-th",))


def test_the_older_rdf_feed_is_read() -> None:
    paper = one_by(arxiv_rss, RDF)
    assert (paper.paper_id, paper.version, paper.title) == ("arxiv:2101.00001", 2, "A title.")
    assert (paper.abstract, paper.authors, paper.categories) == (ABSTRACT, ("Ada Byron", "Alan Hay"), ("cs.CL",))


@pytest.mark.parametrize(
    ("creator", "authors"),
    [
        ("Plato, Ada Byron", ("Plato", "Ada Byron")),
        ("Ada Byron", ("Ada Byron",)),
        ("Ada Byron, Jr., Alan Hay III", ("Ada Byron, Jr.", "Alan Hay III")),
        ("Ada Byron (University of A, B), Alan Hay (C (D, E))", ("Ada Byron", "Alan Hay")),
        (r"Andr\'e Hay, Ada Byron", ("André Hay", "Ada Byron")),
        ("ATLAS Collaboration", ("ATLAS Collaboration",)),
        ("", ()),
    ],
)
def test_the_one_string_of_names_is_taken_apart(creator: str, authors: tuple[str, ...]) -> None:
    assert one_by(arxiv_rss, feed(item(creator=creator))).authors == authors


def test_an_abstract_that_speaks_of_abstracts_is_kept_whole() -> None:
    content = feed(item()).replace(f"Abstract: {ABSTRACT}", f"Abstract: Abstract: {ABSTRACT}")
    assert one_by(arxiv_rss, content).abstract == f"Abstract: {ABSTRACT}"


def test_a_weekend_gives_nothing() -> None:
    assert arxiv_rss.recognise(feed())
    assert read_by(arxiv_rss, feed()) == []


def test_an_item_without_a_guid_has_the_id_of_its_text_or_link() -> None:
    bare = item().replace('<guid isPermaLink="false">oai:arXiv.org:2402.10985v1</guid>', "")
    assert one_by(arxiv_rss, feed(bare)).version == 1
    linked = bare.replace("arXiv:2402.10985v1 Announce Type: new\nAbstract: ", "")
    assert one_by(arxiv_rss, feed(linked)).paper_id == "arxiv:2402.10985"


def test_a_break_costs_what_follows_and_is_told() -> None:
    content = feed(item(), item("2402.10986v1"), item("2402.10987v1"))
    found = read_by(arxiv_rss, content[: content.index("2402.10987")])
    assert [isinstance(record, Paper) for record in found] == [True, True, False]
    assert isinstance(found[-1], Reject)
    assert found[-1].where == "after record 2"


def test_other_feeds_are_not_taken_for_arxivs() -> None:
    blog = "<rss><channel><title>A blog</title><item><title>a</title><description>" + "x" * 4000
    assert not arxiv_rss.recognise(blog + " see https://rss.arxiv.org/rss/cs.AI and oai:arXiv.org:2402.10985v1")
    assert rss.recognise(blog)
    assert titles(read_by(arxiv_rss, feed("<item><title>a</title></item>"))) == ["- no abstract"]


def test_the_atom_feed_is_tried_before_the_api() -> None:
    assert arxiv_rss.recognise(ATOM)
    assert arxiv_atom.recognise(ATOM)  # hence the order


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    for content in (feed(item(), item("2402.10986v1", "cross")), ATOM, RDF):
        survives(arxiv_rss, mutated(content.encode(), mutations))
