"""What publishers put into the descriptions of their feeds: never stored as an abstract."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from reading import ABSTRACT, read, titles
from test_rss import rss_feed

from rag.sources.furniture import abstract_of
from rag.types import Paper, Reject

FIELD = Path(__file__).parent.parent / "cases" / "field"
NAMES = ["Ngozi Okafor", "Per Lindqvist"]
TITLE = "Moss on walls in five cities"
COUNTED = "We counted moss on H₂O-stained walls. 12 of 40 walls were green."
MARKED = "We counted moss on H<sub>2</sub>O-stained walls. 12 of 40 walls were green."

EMPTY = {
    "ScienceDirect": "<p>Publication date: March 2026</p><p><b>Source:</b> Soil Letters, Volume 12</p>"
    "<p>Author(s): Ngozi Okafor, Per Lindqvist, Tirunesh Abebe</p>",
    "ScienceDirect, in press": "<p>Publication date: Available online 17 November 2026</p>"
    "<p><b>Source:</b> Soil Letters</p><p>Author(s): N. Okafor</p>",
    "ScienceDirect, as plain text": "Publication date: March 2026 Source: Soil Letters, Volume 12 "
    "Author(s): Ngozi Okafor",
    "ScienceDirect, escaped twice": "&lt;p&gt;Publication date: May 2026&lt;/p&gt;"
    "&lt;p&gt;Author(s): A. Byron&lt;/p&gt;",
    "ACS": '<p><img alt="TOC Graphic" src="https://example.org/toc.gif"/></p><div><cite>'
    "Journal of Wall Chemistry</cite></div><div>DOI: 10.5555/jwc.6c00001</div>",
    "Taylor & Francis": "Volume 45, Issue 3, June 2026, Page 123-145<br/>. ",
    "Taylor & Francis, before an issue": "Ahead of Print.<br/>",
    "Wiley": "Wall Studies, EarlyView. ",
    "Wiley, an issue": "Wall Studies, Volume 12, Issue 3, Page 123-145, March 2026. ",
    "Science": "Walls, Volume 384, Issue 6693, Page 255-258, April 2026. <br/>",
    "Nature": '<p>Wall, Published online: 17 November 2026; <a href="https://x.example">doi:10.5555/s1-026-1</a></p>',
    "APS": "Author(s): N. Okafor and P. Lindqvist<br />[Phys. Rev. B 130, 123456] Published Mon Nov 16, 2026",
    "MDPI": "<p><b>Walls, Vol. 24, Pages 123: Moss on walls in five cities</b></p>"
    '<p>Walls <a href="https://www.example/1">doi: 10.5555/w24010123</a></p><p>Authors: Ngozi Okafor Per Lindqvist</p>',
    "PubMed": "<p>Wall Stud. 2026 Nov 17. doi: 10.5555/ws.1. Online ahead of print.</p><p><b>NO ABSTRACT</b></p>"
    "<p>PMID:<a>38799228</a> | DOI:<a>10.5555/ws.1</a></p>",
    "De Gruyter": "Moss on walls in five cities was published on November 1, 2026 by De Gruyter.",
    "a link": '<a href="https://x.example">View abstract</a>',
    "a copyright": "Copyright © 2026 The Authors. Published by Walls Ltd. All rights reserved.",
    "the title and names": "Moss on walls in five cities. Ngozi Okafor, Per Lindqvist.",
    "names": "Ngozi Okafor, Per Lindqvist, Tirunesh Abebe",
    "JSTOR": "Wall Studies, Vol. 12, No. 3 (March 2026), pp. 123-145",
    "Thieme": "Wall Stud 2026; 12: 123-130<br />DOI: 10.5555/s-0046-1234<br /><br />Georg Thieme Verlag KG "
    "Stuttgart<br/>"
    "<a>Article in Thieme eJournals:</a><br/><a>Table of contents</a> &nbsp;|&nbsp;<a>Abstract</a> "
    "&nbsp;|&nbsp;<a>Full text</a>",
    "a citation": "Okafor N, Lindqvist P. Wall Stud. 2026;12(3):123-145.",
    "the title alone": "<p>Moss on walls in five cities</p>",
    "IEEE": "IEEE Walls, Volume: 12, Issue: 3, Published: 2026",
}
STRIPPED = {
    "Nature": f"<p>Wall, Published online: 17 November 2026; <a>doi:10.5555/s1</a></p>{MARKED}",
    "Wiley": f"\n<h2>ABSTRACT</h2>\n<p>{MARKED}</p>",
    "Wiley, with a teaser": f"<h2>Graphical Abstract</h2><p>Moss is green.</p><h2>ABSTRACT</h2><p>{MARKED}</p>",
    "Sage": f"Wall Studies, Ahead of Print. <br/>{MARKED}",
    "PNAS": f"Proceedings of the Wall Academy, Volume 121, Issue 20, May 2026. <br/>{MARKED}",
    "an issue in one line": f"Wall Studies, Volume 12, Issue 3, Page 123-145, March 2026. {MARKED}",
    "APS": f"Author(s): N. Okafor, P. Lindqvist, and T. Abebe<br /><p>{MARKED}</p><br />[Phys. Rev. X 1, 2] Published "
    "Mon Nov 16, 2026",
    "Oxford": f'<span class="paragraphSection"><div class="boxTitle">Abstract</div>{MARKED}</span>',
    "Springer": f"<h3>Abstract</h3> <p>{MARKED}</p>",
    "MDPI": "<p><b>Walls, Vol. 24, Pages 123: Moss on walls in five cities</b></p>"
    f"<p>Walls <a>doi: 10.5555/w24010123</a></p><p>Authors: Ngozi Okafor Per Lindqvist</p><p>{MARKED}</p>",
    "RSC": "<div><i><b>Wall Sci.</b></i>, 2026, <b>Advance Article</b><br><b>DOI</b>: 10.5555/D6WS00001A, Paper</div>"
    "<div><a>Open Access</a></div><div>This article is licensed under a <a>Creative Commons Licence.</a></div>"
    f"<div>Ngozi Okafor, Per Lindqvist</div><div>{MARKED}</div><div>To cite this article before page numbers are"
    " assigned, use the DOI form of citation above.</div>"
    "<div>The content of this RSS Feed (c) The Society of Walls</div>",
    "PLOS": f"<p>by Ngozi Okafor, Per Lindqvist</p>\n\n{MARKED}",
    "PubMed": f"<p>Wall Stud. 2026 Nov 17. doi: 10.5555/ws.1.</p><p><b>ABSTRACT</b></p><p>{MARKED}</p>"
    "<p>PMID:<a>38799228</a> | DOI:<a>10.5555/ws.1</a></p>",
    "a copyright": f"{MARKED} © 2026 Walls Ltd. All rights reserved.",
    "bioRxiv": f"<p>{MARKED}</p>",
    "medRxiv": f"<p>{MARKED}</p><p>Competing Interest Statement: The authors have declared no competing interest.</p>",
    "Copernicus": "<b>Moss on walls in five cities</b><br /> Ngozi Okafor and Per Lindqvist<br /> Wall Sci. Discuss., "
    "https://doi.org/10.5555/ws-2026-12,2026<br /> <b>Preprint under review for WS</b> (discussion: open, 0 "
    "comments)<br /> "
    f"{MARKED}",
    "Project Euclid": "Ngozi Okafor, Per Lindqvist. <br/><strong>Source: </strong>Wall Stud., Volume 41, "
    "Number 3, 1--38.<br/>"
    f"<strong>Abstract:</strong><br/>{MARKED}",
    "AIP": f"Physics of Walls, Volume 38, Issue 11, November 2026. <br/>{MARKED}",
    "ACM": f"Proceedings on Walls, Volume 8, Issue OOPSLA, Page 1-29, November 2026. <br/>{MARKED}",
    "Nature, before": "<p>Wall Studies 8, 123 (2026). <a>doi:10.5555/nwall.123</a></p><p>Authors: Ngozi "
    "Okafor, Per Lindqvist "
    f"&amp; Tirunesh Abebe</p>{MARKED}",
    "Optica": f"Ngozi Okafor and Per Lindqvist<br/>{MARKED} [Walls Express 32(1), 1-12 (2026)]",
    "Frontiers": MARKED,
    "a web log": f"<p>{MARKED}</p><p>The post Moss first appeared on Walls.</p>",
}
WHOLE = [
    "Abstract interpretation is a theory of programs.",
    "Moss on walls is counted in five cities.",
    "Abstract Wiener spaces are used here.",
    "In cities, Volume 3 of the survey was used.",
    "BACKGROUND: Moss grows. METHODS: We count it in May 2026.",
    "Our data are publicly available at https://doi.org/10.5555/zenodo.15101686",
    "Published results on moss disagree: in 2026, five surveys found less.",
]


def abstracts(description: str, more: str = "") -> list[str]:
    """The abstract of a feed's only item; for a reject, its reason after a dash."""
    authors = "".join(f"<dc:creator>{name}</dc:creator>" for name in NAMES)
    item = f"<title>{TITLE}</title><description><![CDATA[{description}]]></description>{authors}{more}"
    return [
        record.abstract if isinstance(record, Paper) else f"- {record.reason}"
        for record in read(rss_feed(item), "feed.xml")
    ]


@pytest.mark.parametrize("description", EMPTY.values(), ids=EMPTY)
def test_a_description_of_furniture_is_no_abstract(description: str) -> None:
    assert abstracts(description) == ["- no abstract"]


@pytest.mark.parametrize("description", STRIPPED.values(), ids=STRIPPED)
def test_furniture_around_an_abstract_is_taken_away(description: str) -> None:
    assert abstracts(description) == [COUNTED]


@pytest.mark.parametrize("text", WHOLE)
def test_prose_that_begins_as_furniture_does_is_kept(text: str) -> None:
    assert abstracts(text) == [text]


def test_headings_of_sections_are_kept_as_labels() -> None:
    sections = "<h3>Abstract</h3><h4>Background</h4><p>Moss grows.</p><h4>Results</h4><p>We count it.</p>"
    assert abstracts(sections) == ["Background: Moss grows. Results: We count it."]


def test_the_abstract_beside_furniture_is_taken() -> None:
    more = f"<content:encoded><![CDATA[<h2>ABSTRACT</h2><p>{MARKED}</p>]]></content:encoded>"
    assert abstracts("Wall Studies, EarlyView. ", more) == [COUNTED]


@pytest.mark.parametrize(
    "evil",
    [
        "Volume 1, " * 4000,
        ". © " * 10_000,
        "PMID: 1 | " * 4000 + "x",
        "published: " + "May, " * 9000 + "q",
        "by A, " * 9000,
    ],
)
def test_hostile_descriptions_take_no_time(evil: str) -> None:
    began = time.process_time()
    abstract_of(evil, TITLE, NAMES)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rss_sd.rss", "- no abstract"),
        ("rss_acs.rss", "- no abstract"),
        ("rss_nature.rss", "Moss on brick walls lowers their surface temperature by three degrees in summer."),
        ("rss_wiley.rss", "We counted moss"),
    ],
)
def test_the_feeds_of_publishers_that_people_have(name: str, expected: str) -> None:
    (record,) = read((FIELD / name).read_bytes(), name)
    found = f"- {record.reason}" if isinstance(record, Reject) else record.abstract
    assert found.startswith(expected)
    assert found == expected or name == "rss_wiley.rss"


def test_the_mark_of_a_paper_in_no_issue_yet_is_no_part_of_its_title() -> None:
    (record,) = read((FIELD / "rss_acs.rss").read_bytes(), "rss_acs.rss", keep_without_abstract=True)
    assert (record.title, isinstance(record, Paper)) == ("Moss Enzymes on Brick", True)


@pytest.mark.parametrize(
    "said",
    [
        "[No abstract available]",
        "No abstract is available for this article.",
        "Abstract not available.",
        "This article has no abstract.",
        "Abstract available from the publisher.",
    ],
)
def test_words_that_there_is_no_abstract_are_none_in_any_format(said: str) -> None:
    assert titles(read(f"title,abstract\nMoss,{said}\nWalls,{ABSTRACT}\n")) == ["- no abstract", "Walls"]


@pytest.mark.parametrize(
    "snippet",
    [
        "… we study moss on walls … and the number of green walls falls …",
        "...We study moss on walls in five cities ... the number of green walls falls...",
        "Moss on walls is green. We count … and find that the number of green walls falls with …",
    ],
)
def test_a_snippet_of_a_search_engine_is_no_abstract(snippet: str) -> None:
    assert titles(read(f"Title,Abstract\nMoss,{snippet}\nWalls,{ABSTRACT}\n")) == ["- no abstract", "Walls"]


@pytest.mark.parametrize(
    "kept", ["We ask why … and find how.", "We count walls 1, 2, ..., 12 and find moss on all ..."]
)
def test_an_ellipsis_within_or_at_the_end_makes_no_snippet(kept: str) -> None:
    assert titles(read(f'Title,Abstract\nMoss,"{kept}"\n')) == ["Moss"]


def test_a_title_with_its_authors_is_no_abstract_in_any_format() -> None:
    row = "Moss on walls,Moss on walls. By Ada Byron and Per Lindqvist,Ada Byron; Per Lindqvist"
    assert titles(read(f"title,abstract,authors\n{row}\n")) == ["- no abstract"]


@pytest.mark.parametrize(
    "description",
    [
        "<p>Pub1ication date: March 2026</p><p><b>Source:</b> Soil Letters</p>",
        "Moss on walls in 5 cities",
        '<p>View abstrct</p><g alt="Graphic" src="https://example.org/toc.gif"/>',
    ],
)
def test_what_is_left_of_misspelt_furniture_is_no_abstract(description: str) -> None:
    assert abstracts(description) == ["- no abstract"]


def test_an_abstract_in_a_script_without_case_is_kept() -> None:
    text = "我们在五个城市的墙上数了苔藓。朝北的墙上苔藓是别处的两倍。"
    assert abstracts(f"<p>Publication date: March 2026</p><p>{text}</p>") == [text]
