"""Feeds of journals, preprint servers, searches and web logs: which text is the abstract, whose DOI, which date."""

from __future__ import annotations

import pytest
from hypothesis import given
from reading import ABSTRACT, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, one_by, read_by, survives

from rag.sources import rss
from rag.types import Paper

LONG = " ".join([ABSTRACT] * 5)
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"'
)


def rss_feed(*items: str) -> str:
    """RSS 2.0."""
    items = tuple(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?><rss {SPACES} version="2.0"><channel><title>J</title><link>https://j.example</link>'
        f"<description>{LONG}</description>{''.join(items)}</channel></rss>"
    )


def atom_feed(*entries: str) -> str:
    """Atom."""
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}><title>J</title><updated>2026-07-01T00:00:00Z'
        f"</updated>{''.join(f'<entry>{entry}</entry>' for entry in entries)}</feed>"
    )


BIORXIV = f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {SPACES}>
<channel rdf:about="https://connect.biorxiv.org"><title>bioRxiv Subject Collection</title>
<items><rdf:Seq><rdf:li rdf:resource="https://www.biorxiv.org/content/1"/></rdf:Seq></items></channel>
<item rdf:about="https://www.biorxiv.org/content/10.1101/2026.06.30.1v1?rss=1"><title><![CDATA[ A title ]]></title>
<link>https://www.biorxiv.org/content/10.1101/2026.06.30.1v1?rss=1</link><description><![CDATA[ <p>{ABSTRACT}</p> ]]>
</description><dc:creator><![CDATA[ Byron, A., Hay, A. B., Liu, X.-Y. ]]></dc:creator><dc:date>2026-06-30</dc:date>
<dc:identifier>doi:10.1101/2026.06.30.1</dc:identifier><dc:publisher>Cold Spring Harbor</dc:publisher>
<prism:publicationDate>2026-06-30</prism:publicationDate><prism:section></prism:section></item></rdf:RDF>"""

PUBMED = rss_feed(
    f"<title>A title</title><link>https://pubmed.ncbi.nlm.nih.gov/38799228/?utm_source=x&amp;fc=2</link>"
    f"<description>&lt;p&gt;{LONG[:300]}…&lt;/p&gt;</description>"
    f"<content:encoded><![CDATA[<div><p>{LONG}</p></div>]]></content:encoded>"
    '<guid isPermaLink="false">pubmed:38799228</guid><pubDate>Mon, 29 Jun 2026 06:00:00 -0400</pubDate>'
    "<dc:creator>Ada Byron</dc:creator><dc:creator>Alan Hay</dc:creator><dc:date>2026-06-28</dc:date>"
    "<dc:source>J. Tests</dc:source><dc:identifier>pmid:38799228</dc:identifier>"
    "<dc:identifier>doi:10.1000/x</dc:identifier>"
)


def test_an_item_of_a_preprint_server_is_read() -> None:
    paper = one_by(rss, BIORXIV)
    assert (paper.paper_id, paper.title, paper.abstract) == ("doi:10.1101/2026.06.30.1", "A title", ABSTRACT)
    assert (paper.authors, paper.published) == (("Byron, A.", "Hay, A. B.", "Liu, X.-Y."), "2026-06-30")
    assert paper.url == "https://www.biorxiv.org/content/10.1101/2026.06.30.1v1?rss=1"


def test_an_item_of_a_search_of_pubmed_is_read_with_all_its_ids() -> None:
    paper = one_by(rss, PUBMED)
    assert paper.aliases == ("doi:10.1000/x", "pmid:38799228")
    assert (paper.abstract, paper.authors) == (LONG, ("Ada Byron", "Alan Hay"))
    assert (paper.published, paper.listed) == ("2026-06-28", "2026-06-29")


def test_an_item_of_a_journal_is_read() -> None:
    paper = one_by(
        rss,
        rss_feed(
            f"<title>A &lt;i&gt;title&lt;/i&gt;</title><description>{LONG}</description><link>https://j.example/1?a=1&amp;b=2"
            "</link><author>ada@x.example (Ada Byron)</author><prism:doi>10.1000/X</prism:doi>"
            "<category>Physics</category>"
            "<prism:publicationName>J. Tests</prism:publicationName><media:title>No</media:title>"
            "<pubDate>Fri, 03 Jul 2026 00:00:00 GMT</pubDate><guid>https://j.example/1?a=1&amp;b=2</guid>"
        ),
    )
    assert (paper.aliases, paper.title, paper.venue) == (("doi:10.1000/x",), "A title", "J. Tests")
    assert (paper.authors, paper.categories, paper.published) == (("Ada Byron",), ("Physics",), "2026-07-03")
    assert (paper.listed, paper.url) == (None, "https://j.example/1?a=1&b=2")


def test_an_entry_of_atom_is_read() -> None:
    paper = one_by(
        rss,
        atom_feed(
            f"<id>tag:j.example,2026:1</id><title type='html'>A &amp;lt;b&amp;gt; title</title>"
            f"<summary>{ABSTRACT}</summary>"
            '<link rel="self" href="https://j.example/1.atom"/><link href="https://j.example/1"/>'
            "<author><name>Ada Byron</name><email>a@x.example</email></author><author><name>Alan Hay</name></author>"
            "<published>2026-06-01T00:00:00Z</published><updated>2026-06-02T00:00:00Z</updated><category term='ai'/>"
        ),
    )
    assert (paper.aliases, paper.title) == (("file:papers:tag:j.example,2026:1",), "A title")
    assert (paper.authors, paper.categories) == (("Ada Byron", "Alan Hay"), ("ai",))
    assert (paper.published, paper.updated, paper.url) == ("2026-06-01", "2026-06-02", "https://j.example/1")


def test_content_in_xhtml_is_text() -> None:
    inner = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Water, H<sub>2</sub>O, &lt;</p><p>is <b>wet</b>.</p></div>'
    paper = one_by(rss, atom_feed(f'<title>A title</title><content type="xhtml">{inner}</content>'))
    assert paper.abstract == "Water, H₂O, < is wet."


@pytest.mark.parametrize(
    ("given_", "taken"),
    [
        ({"description": LONG, "content:encoded": LONG * 2}, LONG),
        ({"description": "Volume 3, Issue 7.", "content:encoded": LONG}, LONG),
        ({"description": f"{LONG[:320]} […]", "content:encoded": LONG}, LONG),
        ({"description": f"{LONG[:320]}...", "content:encoded": ""}, f"{LONG[:320]}..."),
        ({"description": ABSTRACT}, ABSTRACT),
        ({"description": ABSTRACT, "content:encoded": "x " * 30_000}, ABSTRACT),
        ({"dc:description": LONG}, LONG),
    ],
)
def test_the_abstract_is_the_first_text_that_is_whole(given_: dict[str, str], taken: str) -> None:
    texts = "".join(f"<{name}>{text}</{name}>" for name, text in given_.items())
    assert one_by(rss, rss_feed(f"<title>A title</title>{texts}")).abstract == taken


@pytest.mark.parametrize(
    "named",
    [
        "<dc:identifier>doi:10.1000/X</dc:identifier>",
        "<dc:identifier>10.1000/x</dc:identifier>",
        "<prism:doi>https://doi.org/10.1000/x</prism:doi>",
        "<dc:identifier>S0001-1</dc:identifier><dc:identifier>doi:10.1000/x</dc:identifier>",
    ],
)
def test_a_doi_is_found_wherever_a_feed_puts_it(named: str) -> None:
    content = rss_feed(f"<title>A title</title><description>{ABSTRACT}</description>{named}")
    assert one_by(rss, content).paper_id == "doi:10.1000/x"


@pytest.mark.parametrize("name", ["link", "guid"])
@pytest.mark.parametrize(
    "link",
    [
        "https://arxiv.org/abs/2406.11741v2",
        "HTTPS://ARXIV.ORG/ABS/2406.11741",
        "https://arxiv.org/pdf/2406.11741v3.pdf",
        "https://arxiv.org/abs/2406%2E11741",
        "https://huggingface.co/papers/2406.11741",
        "https://doi.org/10.1000/x.",
        "https://doi.org/10.48550/arXiv.2406.11741v9",
        "https://onlinelibrary.example/doi/abs/10.1000/x?af=R",
        "https://pubmed.ncbi.nlm.nih.gov/12345678/",
        "https://openalex.org/W2741809807",
    ],
)
def test_an_item_that_links_to_a_paper_is_not_that_paper(link: str, name: str) -> None:
    item = f"<title>A</title><description>{ABSTRACT}</description><{name}>{link}</{name}>"
    record = one_by(rss, rss_feed(item))
    assert all(alias.startswith(("title:", "file:")) for alias in record.aliases)
    assert record.url == link


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "https://a b", ""])
def test_a_link_that_is_none_is_not_kept(link: str) -> None:
    content = rss_feed(f"<title>A</title><description>{ABSTRACT}</description><link>{link}</link>")
    assert one_by(rss, content).url is None


def test_an_item_without_title_or_abstract_is_a_reject() -> None:
    content = rss_feed("<title>A</title>", f"<description>{LONG}</description>", "")
    assert titles(read_by(rss, content)) == ["- no abstract", "- no title", "- no title"]


def test_a_feed_without_items_gives_nothing() -> None:
    assert [read_by(rss, feed) for feed in (rss_feed(), atom_feed())] == [[], []]


@pytest.mark.parametrize(
    "head",
    [
        "<html><head><title>rss</title>",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:foaf="x">',
        "<PubmedArticleSet>",
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">',
        '{"rss": "<rss>"}',
        "",
    ],
)
def test_what_is_no_feed_is_not_recognised(head: str) -> None:
    assert not rss.recognise(head)


def test_rss_whose_prefixes_are_not_declared_is_read_and_the_fault_is_told() -> None:
    content = (
        f"<rss><channel><item><title>A</title><description>{ABSTRACT}</description><prism:doi>10.1000/x</prism:doi>"
    )
    paper, fault = read_by(rss, content + "</item></channel></rss>")
    assert isinstance(paper, Paper)
    assert paper.paper_id == "doi:10.1000/x"
    assert "Namespace prefix prism" in titles([fault])[0]


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    for content in (
        BIORXIV,
        PUBMED,
        atom_feed(f"<title>A</title><summary>{LONG}</summary><link href='https://a.b/c'/>"),
    ):
        survives(rss, mutated(content.encode(), mutations))


def test_every_item_is_one_record() -> None:
    found = read_by(
        rss, rss_feed(*[f"<title>T{number}</title><description>{LONG}</description>" for number in range(99)])
    )
    assert [record.title for record in found if isinstance(record, Paper)] == [f"T{number}" for number in range(99)]
