"""Streaming XML: what is refused, what a break costs, how much is held; and helpers of other importer tests."""

from __future__ import annotations

import io
import json
import signal
import time
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated

from rag.errors import InputError, UnreadableInput
from rag.sources import records, rss, xml
from rag.sources.decoding import open_text
from rag.types import Paper, Reject

DAMAGE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_by(module: ModuleType, content: str, **options: Any) -> list[Paper | Reject]:
    """All records that an importer gives of a text."""
    context = records.Context(name="papers", source=module.__name__.rpartition(".")[2], today=TODAY, **options)
    return list(module.parse(io.StringIO(content), context))


def one_by(module: ModuleType, content: str) -> Paper:
    """The only record, which is a paper; the importer must recognise the text."""
    assert module.recognise(content)
    (record,) = read_by(module, content)
    assert isinstance(record, Paper), record
    return record


def body(path: Path) -> str:
    """The body of a recorded response, as its server sent it."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    return json.dumps(recorded["body"] if isinstance(recorded, dict) and "body" in recorded else recorded)


def survives(module: ModuleType, content: bytes) -> None:
    """Assert that an importer and its recogniser take these bytes within bounds."""
    signal.alarm(5)
    try:
        text, _ = open_text(io.BytesIO(content), "papers")
        module.recognise(text.read())
        context = records.Context(name="papers", source="test", today=TODAY)
        text, _ = open_text(io.BytesIO(content), "papers")
        found = list(module.parse(text, context))
    except InputError as error:
        assert error.hint
    else:
        assert all(record.where and record.reason for record in found if isinstance(record, Reject))
        repr(found).encode()
    finally:
        signal.alarm(0)


def feed(*items: str, before: str = "") -> str:
    """An RSS feed of items."""
    return f'<?xml version="1.0"?>{before}<rss version="2.0"><channel>{"".join(items)}</channel></rss>'


def item(title: str = "A title", abstract: str = ABSTRACT) -> str:
    """An item of a feed."""
    return f"<item><title>{title}</title><description>{abstract}</description></item>"


# ---- what is refused


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
        "<!-- " + "x" * 100_000 + ' --><!DOCTYPE rss [<!-- ]> --> <!ENTITY e "x">]>',
    ],
)
def test_a_text_that_declares_entities_is_refused(declared: str) -> None:
    with pytest.raises(UnreadableInput, match="declares entities"):
        read_by(rss, feed(item("&e; &c;"), before=declared))


def test_a_document_type_without_declarations_is_read_and_never_fetched() -> None:
    before = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd">'
    assert titles(read_by(rss, feed(item(), before=before))) == ["A title"]


def test_declarations_that_are_hidden_from_the_look_ahead_expand_to_nothing() -> None:
    hidden = f'<!DOCTYPE rss [<!-- ]> <a {"x" * 100_000} --><!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY f "ha">]>'
    for record in read_by(rss, feed(item("&e;&f; title"), before=hidden)):
        assert "root:" not in repr(record)
        assert not isinstance(record, Paper) or record.title == "&e;&f; title"


# ---- what a break costs


@pytest.mark.parametrize("cut", [1, 20, 80])
def test_the_records_before_a_break_are_read_and_the_break_is_a_reject(cut: int) -> None:
    found = read_by(rss, feed(item("One"), item("Two"), item("Three"))[: -len("</channel></rss>") - cut])
    assert titles(found)[:2] == ["One", "Two"]
    assert [record.where for record in found if isinstance(record, Reject)] == ["after record 2"]


def test_a_cut_off_end_is_told_though_all_records_are_whole() -> None:
    found = read_by(rss, feed(item("One")).removesuffix("</channel></rss>"))
    assert titles(found)[0] == "One"
    assert isinstance(found[-1], Reject)
    assert "not read further" in found[-1].reason


@pytest.mark.parametrize("content", ["", "not XML", "<", "<a><b></a>", "<html><br></html>", "[1]", "&amp;"])
def test_what_is_no_xml_is_one_reject(content: str) -> None:
    assert [record.where for record in read_by(rss, content) if isinstance(record, Reject)] == ["the beginning"]


def test_another_root_is_told_by_its_name() -> None:
    assert titles(read_by(rss, "<html><body/></html>")) == ["- the root element is <html>"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("\x01", "control character U+0001"),
        ("&#1;", "control character U+0001"),
        ("&#x1F;", "control character U+001F"),
        ("\udc80", "bytes that are not UTF-8"),
        ("\uffff", "bytes that are not UTF-8"),
        ("&#xD800;", "bytes that are not UTF-8"),
        ("&#99999999;", "bytes that are not UTF-8"),
    ],
)
@pytest.mark.parametrize("padding", range(0, 8))
def test_a_character_that_xml_does_not_allow_costs_its_own_record_only(damage: str, reason: str, padding: int) -> None:
    filler = f"<comments>{'x' * ((1 << 16) - 250 - padding)}</comments>"
    broken = filler + item(f"Two{damage}.") + item(f"Three{damage}.")
    assert titles(read_by(rss, feed(item("One"), broken, item("Four")))) == [
        "One",
        f"- {reason}",
        f"- {reason}",
        "Four",
    ]


@pytest.mark.parametrize("at", range(60))
def test_a_reference_across_the_edge_of_a_piece_is_read(at: int) -> None:
    title = "x" * ((1 << 16) - 130 + at) + "&eacute;&#233;&amp;&eacute;"
    content = feed(item("One"), f"<item><comments>{title}</comments><title>&eacute;&#233;</title></item>", item("Two"))
    assert titles(read_by(rss, content)) == ["One", "- no abstract", "Two"]


def test_entities_of_html_are_their_characters_and_unknown_ones_stay_as_they_are() -> None:
    content = feed(
        item("Caf&eacute;&nbsp;&lt;5 &amp; &nosuch; &LT;b", f"<![CDATA[<p>{ABSTRACT} &eacute; &lt; 5</p>]]>")
    )
    (record,) = read_by(rss, content)
    assert isinstance(record, Paper)
    assert (record.title, record.abstract) == ("Café <5 & &nosuch; <b", f"{ABSTRACT} é < 5")


def test_the_encoding_that_is_declared_does_not_matter_for_decoded_text() -> None:
    content = feed(item("Čapek 中")).replace("?>", ' encoding="ISO-8859-1"?>', 1)
    assert titles(read_by(rss, content)) == ["Čapek 中"]


# ---- bounds


def test_what_is_held_does_not_grow_with_the_number_of_records() -> None:
    class Endless(io.StringIO):
        """Ten thousand items, of which no more than a few are ever there."""

        sent = 0

        def read(self, size: int | None = -1) -> str:
            self.sent += 1
            if self.sent == 1:
                return '<rss version="2.0"><channel>'
            return item() * 50 if self.sent <= 201 else "</channel></rss>" if self.sent == 202 else ""

    context = records.Context(name="papers", source="rss", today=TODAY)
    tracemalloc.start()
    began = time.monotonic()
    count = sum(isinstance(record, Paper) for record in rss.parse(Endless(), context))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, peak >> 20) == (10_000, 0)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "content",
    [
        "<rss>" * 100_000,
        "<rss><channel><item>" + "<b>" * 100_000,
        feed(item("x" * 12_000_000)),
        feed("<x></x>" * 2_000_000),
        "<rss " + " ".join(f'a{number}="1"' for number in range(100_000)) + "></rss>",
        "<?x ?>" * 100_000,
        "<!--" * 100_000,
        "<!DOCTYPE [" * 20_000,
        "<rss><channel>" + "&" * 1_000_000,
    ],
    ids=["deep", "deep item", "long text", "no items", "attributes", "instructions", "comments", "types", "ampersands"],
)
def test_what_is_too_deep_or_too_long_is_refused_in_seconds(content: str) -> None:
    began = time.monotonic()
    rss.recognise(content[: 1 << 16])
    assert all(isinstance(record, Reject) for record in read_by(rss, content))
    assert time.monotonic() - began < 5


def test_markup_is_kept_with_its_meaning() -> None:
    content = feed(
        f"<item><title>H<sub>2</sub>O &lt; 10<sup>2</sup></title><description>{ABSTRACT}</description></item>"
    )
    assert titles(read_by(rss, content)) == ["H₂O < 10²"]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("<feed xmlns='x'>", "feed"),
        ("\ufeff \n<?xml version='1.0'?>\n<!-- a --><?style?><!DOCTYPE rdf:RDF [ <!ENTITY a 'b'> ]><rdf:RDF>", "RDF"),
        ("<!-- <rss> --> text", ""),
        ("{}", ""),
        ("", ""),
    ],
)
def test_the_root_is_found_behind_what_may_stand_before_it(head: str, name: str) -> None:
    assert xml.root_name(head) == name


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(rss, mutated(feed(item("One"), item("Two &eacute;")).encode(), mutations))


@DAMAGE
@given(
    content=st.text(max_size=200),
    before=st.sampled_from(["", "<rss>", "<rss><item>", "<rss><item><title>", "<!DOCTYPE "]),
)
def test_any_text_at_all_gives_papers_rejects_or_an_input_error(content: str, before: str) -> None:
    survives(rss, (before + content).encode(errors="replace"))
