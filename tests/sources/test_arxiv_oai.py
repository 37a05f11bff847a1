"""OAI-PMH: its three metadata formats, deleted records, errors, and the resumption token."""

from __future__ import annotations

import pytest
from hypothesis import given
from reading import ABSTRACT, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, one_by, read_by, survives

from rag.errors import UnreadableInput
from rag.sources import arxiv_oai
from rag.types import Paper

DC = f"""<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>A title</dc:title><dc:creator>Balázs, C.</dc:creator><dc:creator>Byron, Ada</dc:creator>
<dc:subject>High Energy Physics - Phenomenology</dc:subject><dc:description>  {ABSTRACT}
</dc:description><dc:description>Comment: 37 pages, 15 figures; published version</dc:description>
<dc:date>2007-04-02</dc:date><dc:date>2007-07-24</dc:date><dc:type>text</dc:type>
<dc:identifier>http://arxiv.org/abs/0704.0001</dc:identifier><dc:identifier>Phys.Rev.D76:013009,2007</dc:identifier>
<dc:identifier>doi:10.1103/PhysRevD.76.013009</dc:identifier></oai_dc:dc>"""

ARXIV = f"""<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>0704.0001</id><created>2007-04-02</created>
<updated>2007-07-24</updated><authors><author><keyname>Balázs</keyname><forenames>C.</forenames></author>
<author><keyname>Byron</keyname><forenames>Ada</forenames><suffix>Jr</suffix><affiliation>A, B</affiliation></author>
</authors><title>A title</title><categories>hep-ph hep-th</categories><comments>37 pages</comments>
<journal-ref>Phys.Rev.D76:013009,2007</journal-ref><doi>10.1103/PhysRevD.76.013009</doi>
<license>http://arxiv.org/licenses/nonexclusive-distrib/1.0/</license><abstract>  {ABSTRACT}
</abstract></arXiv>"""

RAW = f"""<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>0704.0001</id><submitter>A. Byron</submitter>
<version version="v1"><date>Mon, 2 Apr 2007 19:18:42 GMT</date><size>1683kb</size></version>
<version version="v2"><date>Tue, 24 Jul 2007 20:10:27 GMT</date><source_type>D</source_type></version>
<title>A title</title><authors>C. Bal\\'azs (Univ. A, B), Ada Byron and Alan Hay</authors>
<categories>hep-ph hep-th</categories>
<comments>37 pages</comments><journal-ref>Phys.Rev.D76:013009,2007</journal-ref><doi>10.1103/PhysRevD.76.013009</doi>
<abstract>  {ABSTRACT}
</abstract></arXivRaw>"""


def record(metadata: str = ARXIV, identifier: str = "oai:arXiv.org:0704.0001", sets: str = "physics:hep-ph") -> str:
    """A record with its header."""
    return f"""<record><header><identifier>{identifier}</identifier><datestamp>2026-06-30</datestamp>
<setSpec>{sets}</setSpec></header><metadata>{metadata}</metadata></record>"""


DELETED = (
    '<record><header status="deleted"><identifier>oai:arXiv.org:0704.0002</identifier>'
    "<datestamp>2026-06-30</datestamp></header></record>"
)
TOKEN = '<resumptionToken cursor="0" completeListSize="2021">6511260|1001&amp;x</resumptionToken>'


def answer(*records: str, verb: str = "ListRecords") -> str:
    """An answer to a verb."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<responseDate>2026-07-01T00:00:01Z</responseDate><request verb="{verb}">https://oaipmh.arxiv.org/oai</request>
<{verb}>{"".join(records)}</{verb}></OAI-PMH>"""


def error(code: str, said: str) -> str:
    """An answer that is an error."""
    return answer().replace("<ListRecords></ListRecords>", f'<error code="{code}">{said}</error>')


@pytest.mark.parametrize("verb", ["ListRecords", "GetRecord"])
@pytest.mark.parametrize("metadata", [DC, ARXIV, RAW], ids=["oai_dc", "arXiv", "arXivRaw"])
def test_each_form_gives_the_same_paper(metadata: str, verb: str) -> None:
    paper = one_by(arxiv_oai, answer(record(metadata), verb=verb))
    assert paper.aliases == ("arxiv:0704.0001", "doi:10.1103/physrevd.76.013009")
    assert (paper.title, paper.abstract) == ("A title", ABSTRACT)
    assert (paper.published, paper.updated, paper.listed) == ("2007-04-02", "2007-07-24", None)
    assert paper.url == "https://arxiv.org/abs/0704.0001"
    assert paper.authors[0] == "C. Balázs"
    assert paper.authors[1].startswith("Ada Byron")
    assert paper.categories[0] == "hep-ph"
    assert paper.version == (2 if metadata is RAW else None)


@pytest.mark.parametrize(
    ("sets", "categories"),
    [("cs:cs:AI", ("cs.AI",)), ("physics:hep-ph", ("hep-ph",)), ("cs", ("High Energy Physics - Phenomenology",))],
)
def test_the_categories_of_dublin_core_are_those_of_its_sets(sets: str, categories: tuple[str, ...]) -> None:
    assert one_by(arxiv_oai, answer(record(DC, sets=sets))).categories == categories


def test_what_was_deleted_is_accounted_for() -> None:
    found = read_by(arxiv_oai, answer(record(), DELETED, record(DC)))
    assert titles(found) == ["A title", "- deleted", "A title"]


@pytest.mark.parametrize("form", ["mods", "oai_datacite"])
def test_another_form_is_a_reject_that_names_it(form: str) -> None:
    content = answer(record(f'<{form} xmlns="x"><title>a</title></{form}>'), record(""))
    assert titles(read_by(arxiv_oai, content)) == [f"- the metadata format “{form}” is not supported", "- no metadata"]


def test_dublin_core_of_another_archive_is_read_under_its_own_id() -> None:
    other = DC.replace("http://arxiv.org/abs/0704.0001", "https://zenodo.org/records/12")
    paper = one_by(arxiv_oai, answer(record(other, "oai:zenodo.org:12", "user-x")))
    assert paper.aliases == ("doi:10.1103/physrevd.76.013009", "file:papers:oai:zenodo.org:12")
    assert (paper.authors, paper.url) == (("Balázs, C.", "Byron, Ada"), "https://zenodo.org/records/12")


def test_a_withdrawal_told_in_the_comments_is_flagged() -> None:
    for metadata in (ARXIV, RAW, DC):
        said = metadata.replace("37 pages", "This paper has been withdrawn by the authors, 3 pages", 1)
        assert one_by(arxiv_oai, answer(record(said))).flags == ("withdrawn",)


def test_that_nothing_matches_is_no_error() -> None:
    assert read_by(arxiv_oai, error("noRecordsMatch", "No records match.")) == []


def test_an_error_is_a_reject_with_its_code_and_message() -> None:
    found = read_by(arxiv_oai, error("badResumptionToken", "The token has expired."))
    assert titles(found) == ["- an error of the archive's: badResumptionToken: The token has expired."]


@pytest.mark.parametrize(
    ("content", "token"),
    [
        (answer(record(), TOKEN), "6511260|1001&x"),
        (answer(record(), '<resumptionToken cursor="2000" completeListSize="2021"/>'), None),
        (answer(record()), None),
        (answer(record(), TOKEN)[:-20], "6511260|1001&x"),
        (answer(record(), TOKEN)[:-80], None),
        (error("badVerb", "?"), None),
        ("<html>Retry after 10 seconds", None),
        ("", None),
        (answer(record(ARXIV.replace("A title", "&lt;resumptionToken>x&lt;/resumptionToken>"))), None),
    ],
)
def test_the_resumption_token_is_found(content: str, token: str | None) -> None:
    assert arxiv_oai.resumption_token(content) == token


def test_a_token_in_a_text_that_declares_entities_is_not_followed() -> None:
    content = '<!DOCTYPE x [<!ENTITY e "x">]>' + answer(TOKEN).partition("?>")[2].lstrip()
    assert arxiv_oai.resumption_token(content) is None
    with pytest.raises(UnreadableInput):
        read_by(arxiv_oai, content)


def test_a_break_is_told_after_the_records_before() -> None:
    content = answer(record(), record(DC))
    found = read_by(arxiv_oai, content[: content.index("<oai_dc")])
    assert [isinstance(each, Paper) for each in found] == [True, False]


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    content = mutated(answer(record(DC), DELETED, record(RAW), record(ARXIV), TOKEN).encode(), mutations)
    survives(arxiv_oai, content)
    arxiv_oai.resumption_token(content.decode(errors="surrogateescape"))
