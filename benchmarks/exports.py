"""
Files of formats that Refdesk reads and does not write, as the programs that export them write them.

The papers are invented and hold signs and scripts of all kinds. Tests read them, and `benchmarks.fuzz` damages them.
"""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Sequence
from html import escape

from rag.types import Paper

_WORDS = """soil moisture radar moss walls café Größe naïve København Łódź μm 10² p<0.05 R&D “quoted” it’s 李明 (n=12)
    α-helix 50% IL-6 ΔT [3] O(n) sentence-level learning; and, with for the of in we show that field data error falls
    ER TI AB %T - -- # _ a/b don't 'single' "double" –""".split()
_GIVEN = "Ngozi Per Zoë José Tirunesh Jean-Luc Øyvind Mary-Ann Łukasz".split()
_FAMILY = ["Okafor", "Lindqvist", "Müller", "García", "van der Berg", "O'Neil", "Abebe", "King Jr", "Ñuñez"]


def papers(count: int, seed: int = 7) -> list[Paper]:
    """Papers with signs, scripts and lengths of all kinds; titles and DOIs differ."""
    chance = random.Random(seed)

    def prose(words: int) -> str:
        return " ".join(chance.choice(_WORDS) for _ in range(words))

    return [
        Paper(
            paper_id=f"doi:10.5555/x.{number}",
            title=f"Study {number} of {prose(chance.randint(2, 14))}",
            abstract=f"We study case {number}. {prose(chance.randint(20, 250))} end.",
            authors=tuple(f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}" for _ in range(chance.randint(0, 5))),
            published=chance.choice(["2023", "2023-03", "2023-03-17", None]),
            venue=chance.choice(["Soil Letters", "Walls & Moss", None]),
            tags=tuple(
                dict.fromkeys(chance.choice(["radar", "soil water", "q & a"]) for _ in range(chance.randint(0, 3)))
            ),
            url=f"https://example.org/{number}?a=1&b=2",
            aliases=(f"doi:10.5555/x.{number}",),
        )
        for number in range(count)
    ]


def _inverted(name: str) -> str:
    """A name with the family name first."""
    given, _, family = name.partition(" ")
    return f"{family}, {given}"


def _parts(paper: Paper) -> list[str]:
    return [*(paper.published or "").split("-"), "", ""][:3]


_MONTHS = " JAN FEB MAR".split(" ")


def _folded(tag: str, text: str) -> list[str]:
    folded = textwrap.wrap(text, 77, break_long_words=False, break_on_hyphens=False)
    return [f"{tag} " + "\n   ".join(folded)] if text else []


def wos(many: Sequence[Paper]) -> str:
    """Web of Science: lines are folded at some 80 columns, with three spaces before the rest."""
    lines = ["\ufeffFN Clarivate Analytics Web of Science", "VR 1.0"]
    for paper in many:
        year, month, day = _parts(paper)

        lines.append("PT J")
        if paper.authors:
            names = [_inverted(name) for name in paper.authors]
            lines.append("AU " + "\n   ".join(name.partition(", ")[0] + ", X" for name in names))
            lines.append("AF " + "\n   ".join(names))
        lines += _folded("TI", paper.title)
        lines += _folded("SO", paper.venue or "")
        lines += _folded("LA", "English")
        lines += _folded("DE", "; ".join(paper.tags))
        lines += _folded("AB", paper.abstract)
        lines += _folded("C1", "[Okafor, N] Univ Moss, Dept Walls, Lagos, Nigeria.")
        lines += _folded("PD", f"{_MONTHS[int(month or 0)]} {int(day) if day else ''}".strip())
        lines += _folded("PY", year)
        lines += _folded("DI", paper.paper_id.removeprefix("doi:"))
        lines += ["ER", ""]
    return "\n".join([*lines, "EF"])


def endnote(many: Sequence[Paper]) -> str:
    """EndNote's tagged export: one field a line, one keyword a line, a blank line after each record."""
    lines = []
    for paper in many:
        year, month, day = _parts(paper)
        lines += ["%0 Journal Article", *(f"%A {_inverted(name)}" for name in paper.authors)]
        lines += [f"%D {year}"] if year else []
        lines += [f"%T {paper.title}", *([f"%J {paper.venue}"] if paper.venue else []), "%V 12", "%@ 1234-5678"]
        lines += [f"%8 {'/'.join(filter(None, (year, month, day)))}"] if month else []
        lines += [f"%X {paper.abstract}", f"%R {paper.paper_id.removeprefix('doi:')}", f"%U {paper.url}"]
        lines += ["%K " + "\n".join(paper.tags)] if paper.tags else []
        lines += ["", ""]
    return "\n".join(lines)


def refworks(many: Sequence[Paper]) -> str:
    """RefWorks' tagged text: one field a line, a blank line after each record."""
    lines = []
    for number, paper in enumerate(many, 1):
        year, month, day = _parts(paper)
        lines += ["RT Journal Article", "SR Electronic(1)", f"ID {number}"]
        lines += [f"A1 {_inverted(name).replace(', ', ',')}" for name in paper.authors]
        lines += [f"T1 {paper.title}", *([f"JF {paper.venue}"] if paper.venue else [])]
        lines += [f"YR {year}"] if year else []
        lines += [f"FD {'/'.join(filter(None, (year, month, day)))}"] if month else []
        lines += ["VO 12", "SP 1", *(f"K1 {tag}" for tag in paper.tags), f"AB {paper.abstract}"]
        lines += [f"DO {paper.paper_id.removeprefix('doi:')}", f"UL {paper.url}", "", ""]
    return "\n".join(lines)


def endnote_xml(many: Sequence[Paper]) -> str:
    """EndNote's XML: one line, each text in a style."""

    def styled(name: str, text: str | None) -> str:
        run = f'<style face="normal" font="default" size="100%">{escape(text or "")}</style>'
        return f"<{name}>{run}</{name}>" if text else ""

    records = []
    for number, paper in enumerate(many, 1):
        year, month, day = _parts(paper)
        date = "-".join(filter(None, (year, month, day))) if month else ""
        records.append(
            '<record><database name="My.enl" path="C:\\My.enl">My.enl</database><source-app name="EndNote" version='
            f'"20.4">EndNote</source-app><rec-number>{number}</rec-number><ref-type>17</ref-type>'
            + "<contributors><authors>" + "".join(styled("author", _inverted(name)) for name in paper.authors)
            + "</authors></contributors><titles>" + styled("title", paper.title)
            + styled("secondary-title", paper.venue) + "</titles>"
            + "<keywords>" + "".join(styled("keyword", tag) for tag in paper.tags) + "</keywords>"
            + "<dates>" + styled("year", year) + f"<pub-dates>{styled('date', date)}</pub-dates></dates>"
            + styled("abstract", paper.abstract)
            + f"<urls><related-urls>{styled('url', paper.url)}</related-urls></urls>"
            + styled("electronic-resource-num", paper.paper_id.removeprefix("doi:")) + "</record>"
        )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8" ?><xml><records>{"".join(records)}</records></xml>'


def zotero_rdf(many: Sequence[Paper]) -> str:
    """Zotero's RDF: the DOI stands in the journal after the item; an attachment follows."""
    parts = []
    for number, paper in enumerate(many):
        persons = "".join(
            f"<rdf:li><foaf:Person><foaf:surname>{escape(family)}</foaf:surname><foaf:givenName>{given}"
            "</foaf:givenName></foaf:Person></rdf:li>"
            for given, _, family in (name.partition(" ") for name in paper.authors)
        )
        authors = f"<bib:authors><rdf:Seq>{persons}</rdf:Seq></bib:authors>" if persons else ""
        tags = "".join(
            f"<dc:subject>{escape(tag)}</dc:subject>"
            if at % 2
            else f"<dc:subject><z:AutomaticTag><rdf:value>{escape(tag)}</rdf:value></z:AutomaticTag></dc:subject>"
            for at, tag in enumerate(paper.tags)
        )
        venue = f"<dc:title>{escape(paper.venue)}</dc:title>" if paper.venue else ""
        parts.append(
            f"""
    <bib:Article rdf:about="{escape(paper.url or "")}">
        <z:itemType>journalArticle</z:itemType>
        <dcterms:isPartOf rdf:resource="urn:issn:{number}"/>
        {authors}
        <link:link rdf:resource="#item_{number}"/>
        {tags}
        <dc:title>{escape(paper.title)}</dc:title>
        <dcterms:abstract>{escape(paper.abstract)}</dcterms:abstract>
        {f"<dc:date>{paper.published}</dc:date>" if paper.published else ""}
        <z:libraryCatalog>x.example</z:libraryCatalog>
        <dc:identifier><dcterms:URI><rdf:value>{escape(paper.url or "")}</rdf:value></dcterms:URI></dc:identifier>
    </bib:Article>
    <bib:Journal rdf:about="urn:issn:{number}">
        <prism:volume>12</prism:volume>{venue}
        <dc:identifier>DOI {paper.paper_id.removeprefix("doi:")}</dc:identifier>
        <dc:identifier>ISSN 1234-5678</dc:identifier>
    </bib:Journal>
    <z:Attachment rdf:about="#item_{number}"><z:itemType>attachment</z:itemType>
    <dc:title>PDF</dc:title></z:Attachment>"""
        )
    return f"""<rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:z="http://www.zotero.org/namespaces/export#"
 xmlns:dcterms="http://purl.org/dc/terms/"
 xmlns:link="http://purl.org/rss/1.0/modules/link/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:bib="http://purl.org/net/biblio#"
 xmlns:foaf="http://xmlns.com/foaf/0.1/"
 xmlns:prism="http://prismstandard.org/namespaces/1.2/basic/">{"".join(parts)}
</rdf:RDF>
"""


def mods(many: Sequence[Paper]) -> str:
    """MODS as the ACL Anthology writes it."""
    parts = []
    for paper in many:
        names = "".join(
            f'<name type="personal"><namePart type="given">{given}</namePart><namePart type="family">{escape(family)}'
            '</namePart><role><roleTerm authority="marcrelator" type="text">author</roleTerm></role></name>'
            for given, _, family in (name.partition(" ") for name in paper.authors)
        )
        venue = f"<titleInfo><title>{escape(paper.venue)}</title></titleInfo>" if paper.venue else ""
        parts.append(
            f"""
<mods ID="{paper.paper_id.removeprefix("doi:10.5555/")}">
    <titleInfo>
        <title>{escape(paper.title)}</title>
    </titleInfo>
    {names}
    <originInfo><dateIssued>{paper.published or ""}</dateIssued></originInfo>
    <typeOfResource>text</typeOfResource>
    {"".join(f"<subject><topic>{escape(tag)}</topic></subject>" for tag in paper.tags)}
    <relatedItem type="host">{venue}<name type="personal"><namePart type="family">Editor</namePart><role><roleTerm
        >editor</roleTerm></role></name><originInfo><publisher>P</publisher></originInfo></relatedItem>
    <abstract>{escape(paper.abstract)}</abstract>
    <identifier type="doi">{paper.paper_id.removeprefix("doi:")}</identifier>
    <location><url>{escape(paper.url or "")}</url></location>
</mods>"""
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<modsCollection xmlns="http://www.loc.gov/mods/v3">{"".join(parts)}
</modsCollection>"""


def acl(many: Sequence[Paper]) -> str:
    """The ACL Anthology's XML: a volume for each paper, as venues and dates differ."""
    parts = []
    for number, paper in enumerate(many, 1):
        year, month, _ = _parts(paper)
        names = "".join(
            f"<author><first>{given}</first><last>{escape(family)}</last></author>"
            for given, _, family in (name.partition(" ") for name in paper.authors)
        )
        parts.append(
            f"""
  <volume id="{number}">
    <meta><booktitle>{escape(paper.venue or "")}</booktitle><editor><first>A</first><last>Editor</last></editor>
      <month>{["", "January", "February", "March"][int(month or 0)]}</month><year>{year}</year></meta>
    <paper id="1"><title>{escape(paper.title).replace("radar", "<fixed-case>radar</fixed-case>")}</title>{names}
      <pages>1-9</pages><abstract>{escape(paper.abstract)}</abstract>
      <url hash="1a">{escape(paper.url or "")}</url><doi>{paper.paper_id.removeprefix("doi:")}</doi>
      <bibkey>key-{number}</bibkey></paper>
  </volume>"""
        )
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<collection id="2023.x">{"".join(parts)}
</collection>"""


WRITERS = {
    "acl": acl,
    "refworks": refworks,
    "wos": wos,
    "endnote": endnote,
    "endnote_xml": endnote_xml,
    "zotero_rdf": zotero_rdf,
    "mods": mods,
}
"""By the name of the format."""
_HAS_NO_URL = ("wos",)


def held(paper: Paper, form: str) -> dict[str, object]:
    """What a format holds of a paper, the same way whether the paper was made or read."""
    names = ("title", "abstract", "authors", "published", "venue", "tags", "url")
    values = {name: getattr(paper, name) for name in names if name != "url" or form not in _HAS_NO_URL}
    doi = next(paper_id for paper_id in paper.aliases if paper_id.startswith("doi:"))
    if form == "acl":  # no day, and no keywords
        values |= {"published": paper.published and paper.published[:7], "tags": ()}
    return values | {"doi": doi, "authors": tuple(re.sub(r"\s+", " ", name) for name in paper.authors)}
