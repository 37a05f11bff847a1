"""A Chroma server behind a proxy with TLS and a token: what is sent, and the one sentence for each way it fails."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import trustme
from small import chunk, paper
from test_vectors import filled, unit

from rag.errors import ConfigError, StoreError, VectorsUnavailable
from stores.vectors.chroma import ChromaVectors
from tests.chroma_proxy import TOKEN, Answer, ChromaProxy, make_database, running
from tests.faces.proxies import DEPLOY, free_port
from tests.faces.proxies import running as started

_names = count()
HTML = "<html><h1>Sorry</h1></html>"


@pytest.fixture
def proxy(
    chroma_server: str, authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ChromaProxy]:
    """A proxy whose authority SSL_CERT_FILE names."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    with running(chroma_server, authority[0]) as started:
        yield started


@pytest.fixture
def opened(proxy: ChromaProxy, closing: Callable[[Any], Any]) -> Callable[..., ChromaVectors]:
    """The collection of the test behind the proxy, with a token."""
    name = f"behind-a-proxy-{next(_names)}"

    def opened_with(token: str = TOKEN) -> ChromaVectors:
        vectors: ChromaVectors = closing(
            ChromaVectors(f"https://127.0.0.1:{proxy.port}/{name}", environment={"CHROMA_TOKEN": token})
        )
        return vectors

    return opened_with


def failure(vectors: ChromaVectors) -> VectorsUnavailable:
    with pytest.raises(VectorsUnavailable) as caught:
        vectors.count()
    assert caught.value.message.count(". ") == 0
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    return caught.value


def test_the_token_is_sent_in_both_headers_with_every_request(
    proxy: ChromaProxy, opened: Callable[..., ChromaVectors]
) -> None:
    vectors = opened(f"{TOKEN}\n")
    papers, rows = filled(vectors, 20)
    assert vectors.search(rows[3], limit=1)[0][0] == papers[3].paper_id
    vectors.delete([papers[3].paper_id])
    assert vectors.count() == 19
    assert len(proxy.seen) > 5
    for _, _, headers in proxy.seen:
        assert (headers["authorization"], headers["x-chroma-token"]) == (f"Bearer {TOKEN}", TOKEN)


@pytest.mark.parametrize(
    ("token", "words"),
    [("wrong-battery-0c", "it refused the token in CHROMA_TOKEN (401)"), ("", "it asks for a token (401)")],
)
def test_a_wrong_token_is_told_without_the_token(opened: Callable[..., ChromaVectors], token: str, words: str) -> None:
    error = failure(opened(token))
    assert words in error.message
    assert "CHROMA_TOKEN" in str(error.hint)
    assert "battery" not in f"{error.message}{error.hint}{error.__cause__}"


FAILS = (500, "application/json", '{"error": "InternalError", "message": "Error finding id"}')


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:{port}/{name}", "chroma-cloud://lab/papers/{name}?host=127.0.0.1:{port}"]
)
def test_a_server_that_fails_for_a_collection_that_was_replaced_is_not_away(
    chroma_server: str, proxy: ChromaProxy, closing: Callable[[Any], Any], url: str
) -> None:
    make_database(chroma_server)
    url = url.format(port=proxy.port, name=f"replaced-{next(_names)}")
    keys = {"CHROMA_TOKEN": TOKEN, "CHROMA_API_KEY": TOKEN}
    one, other, failing = (closing(ChromaVectors(url, environment=keys)) for _ in range(3))
    _, rows = filled(one, 20)
    assert other.search(rows[3], limit=1)
    proxy.answers = lambda path: FAILS if path.endswith("/query") else None
    with pytest.raises(VectorsUnavailable, match="Error finding id"):
        failing.search(rows[3], limit=1)
    one.clear()
    filled(one, 20)
    with pytest.raises(VectorsUnavailable, match="was deleted or rebuilt meanwhile"):
        other.search(rows[3], limit=1)
    proxy.answers = lambda _: None
    assert other.problem is None
    assert other.search(rows[3], limit=1)


def test_a_server_that_fails_at_the_first_request_is_told_in_its_own_words(
    proxy: ChromaProxy, opened: Callable[..., ChromaVectors]
) -> None:
    filled(opened(), 3)
    proxy.answers = lambda path: FAILS if path.endswith("/pre-flight-checks") else None
    assert "Error finding id" in failure(opened()).message


@pytest.mark.parametrize("kind", ["InternalError", "InvalidArgumentError"])
def test_a_server_that_shows_what_it_was_sent_shows_no_token(
    proxy: ChromaProxy, opened: Callable[..., ChromaVectors], kind: str
) -> None:
    proxy.answers = lambda _: (500, "application/json", json.dumps({"error": kind, "message": f"Bearer {TOKEN}"}))
    with pytest.raises(StoreError, match=r"Bearer \*\*\*") as caught:
        opened().count()
    assert TOKEN not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize("token", ["Bearer x", "schlüssel", "a\x00b", "a\nb"])
def test_a_token_that_no_header_can_hold_is_a_wrong_setting(token: str) -> None:
    with pytest.raises(ConfigError, match="CHROMA_TOKEN holds a") as caught:
        ChromaVectors("http://127.0.0.1:9", environment={"CHROMA_TOKEN": token})
    assert token not in str(caught.value)


def test_a_certificate_of_an_unknown_authority_is_told_with_the_way_to_name_it(
    chroma_server: str, proxy: ChromaProxy, authority: tuple[trustme.CA, Path], closing: Callable[[Any], Any]
) -> None:
    with running(chroma_server, trustme.CA()) as stranger:
        error = failure(
            closing(ChromaVectors(f"https://127.0.0.1:{stranger.port}", environment={"CHROMA_TOKEN": TOKEN}))
        )
        assert "its certificate is not accepted: " in error.message
        assert "SSL_CERT_FILE" in str(error.hint)
        assert not stranger.seen, "no token goes to a stranger"


def test_a_certificate_for_another_name_is_refused(
    chroma_server: str, proxy: ChromaProxy, authority: tuple[trustme.CA, Path], closing: Callable[[Any], Any]
) -> None:
    with running(chroma_server, authority[0], "papers.example.org") as other:
        error = failure(closing(ChromaVectors(f"https://127.0.0.1:{other.port}", environment={"CHROMA_TOKEN": TOKEN})))
        assert "certificate is not valid for '127.0.0.1'" in error.message
        assert not other.seen


def test_a_file_of_authorities_that_is_not_there_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authority.pem")
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        ChromaVectors("https://127.0.0.1:9")


@pytest.mark.parametrize(
    ("answer", "words", "tries"),
    [
        ((502, "text/html", HTML), "it answered 502 (Bad Gateway)", 3),
        ((503, "text/html", HTML), "it answered 503 (Service Unavailable)", 3),
        ((429, "application/json", "{}"), "it answered 429 (Too Many Requests)", 3),
        ((404, "text/html", HTML), "it answered 404 (Not Found)", 1),
        ((302, "text/html", HTML), "it answered 302 (Found)", 1),
        ((413, "text/html", HTML), "it answered 413 (", 1),
        ((200, "text/html", HTML), "it answered with text/html, and not as Chroma's server does", 1),
        ((200, "application/json", '{"state": "fine"}'), "its answer is not one of Chroma's", 1),
        ((200, "application/json", "[]"), "its answer is not one of Chroma's", 1),
        ((200, "application/json", "null"), "its answer is not one of Chroma's", 1),
        ((500, "application/json", '{"error": "InternalError", "message": "disk."}'), "cannot be used: disk.", 1),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else None,
)
def test_what_is_not_chromas_answer_is_told_in_one_sentence(
    proxy: ChromaProxy, opened: Callable[..., ChromaVectors], answer: Answer, words: str, tries: int
) -> None:
    proxy.answers = lambda _: answer
    error = failure(opened())
    assert words in error.message
    assert "<" not in error.message
    assert len(proxy.seen) == tries, "what may pass is asked for again, all else is not"


def test_a_failure_that_passes_is_not_seen(proxy: ChromaProxy, opened: Callable[..., ChromaVectors]) -> None:
    vectors = opened()
    papers, rows = filled(vectors, 5)
    bad: list[Answer] = []

    def twice(path: str) -> Answer | None:
        if len(bad) < 2 and path.endswith(("/query", "/upsert")):
            bad.append((503, "text/html", HTML))
            return bad[-1]
        return None

    proxy.answers = twice
    assert vectors.search(rows[2], limit=1)[0][0] == papers[2].paper_id
    assert len(bad) == 2
    bad.clear()
    filled(vectors, 6)
    assert len(bad) == 2
    assert vectors.count() == 6


@pytest.mark.parametrize(
    "document",
    [
        "{}",
        '{"ids": [], "distances": []}',
        '{"ids": [["p:1#0"]], "distances": null}',
        '{"ids": [["p:1#0"]], "distances": [[null]]}',
        '{"ids": [["no chunk"]], "distances": [[0.5]]}',
        '{"ids": [[7]], "distances": [[0.5]]}',
        '{"ids": [["p:1#0", "p:2#0"]], "distances": [[0.5]]}',
    ],
)
def test_nonsense_instead_of_hits_is_a_server_that_cannot_be_used(
    proxy: ChromaProxy, opened: Callable[..., ChromaVectors], document: str
) -> None:
    vectors = opened()
    filled(vectors, 3)
    proxy.answers = lambda path: (200, "application/json", document) if path.endswith("/query") else None
    with pytest.raises(VectorsUnavailable, match="its answer is not one of Chroma's"):
        vectors.search(unit(1)[0], limit=1)


@pytest.mark.parametrize(
    "document",
    [
        "{}",
        '{"ids": ["p:1#0"]}',
        '{"ids": ["p:1#0"], "embeddings": [0.5]}',
        '{"ids": ["p:1#0"], "embeddings": [["a"]]}',
        '{"ids": ["p:1#0", "p:2#0"], "embeddings": [[0.5]]}',
        '{"ids": ["nothing"], "embeddings": [[0.5]]}',
        '{"ids": ["p:1#0"], "embeddings": [[0.5, 0.5]]}',
    ],
)
def test_nonsense_instead_of_vectors_is_a_server_that_cannot_be_used(
    proxy: ChromaProxy, opened: Callable[..., ChromaVectors], document: str
) -> None:
    vectors = opened()
    filled(vectors, 3)
    proxy.answers = lambda path: (200, "application/json", document) if path.endswith("/get") else None
    with pytest.raises(VectorsUnavailable, match="its answer is not one of Chroma's"):
        vectors.similarities(unit(1)[0], ["p:1"])
    again = opened()
    with pytest.raises(VectorsUnavailable, match="its answer is not one of Chroma's"):
        again.search(unit(1)[0], limit=1, papers=["p:1"])


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_the_proxies_of_the_manual_ask_for_the_token_and_take_large_writes(
    chroma_server: str,
    authority: tuple[trustme.CA, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    closing: Callable[[Any], Any],
    kind: str,
) -> None:
    program = which(kind) or which(kind, path="/usr/sbin")
    if not program:
        pytest.skip(f"{kind} is not here")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    issued, port = authority[0].issue_cert("127.0.0.1"), free_port()
    issued.private_key_pem.write_to_path(tmp_path / "privkey.pem")
    for pem in issued.cert_chain_pems:
        pem.write_to_path(tmp_path / "fullchain.pem", append=True)
    upstream = chroma_server.removeprefix("http://")
    if kind == "nginx":
        text = (DEPLOY / "team" / "vectors.nginx.conf").read_text(encoding="utf-8")
        text = text.replace("/etc/letsencrypt/live/vectors.example.org", str(tmp_path)).replace("your-token", TOKEN)
        text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
        folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in folders)
        user = "user root;\n" if os.getuid() == 0 else ""  # its workers write there too
        text = f"{user}daemon off;\npid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
        words = [program, "-p", str(tmp_path), "-e", str(tmp_path / "errors"), "-c"]
    else:
        text = (DEPLOY / "team" / "vectors.Caddyfile").read_text(encoding="utf-8")
        own = f"\tbind 127.0.0.1\n\ttls {tmp_path}/fullchain.pem {tmp_path}/privkey.pem\n"
        text = text.replace("vectors.example.org {\n", f"https://127.0.0.1:{port} {{\n{own}")
        text = f"{{\n\tadmin off\n\tauto_https off\n}}\n{text}"
        words = [program, "run", "--adapter", "caddyfile", "--config"]
    (tmp_path / "conf").write_text(text.replace("127.0.0.1:8000", upstream), encoding="utf-8")
    home = {name: str(tmp_path) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    with started([*words, str(tmp_path / "conf")], log=tmp_path / "log", port=port, CHROMA_TOKEN=TOKEN, **home):
        url = f"https://127.0.0.1:{port}/behind-{kind}-{next(_names)}"
        assert "it asks for a token" in failure(closing(ChromaVectors(url, environment={}))).message
        wrong = failure(closing(ChromaVectors(url, environment={"CHROMA_TOKEN": "wrong"})))
        assert "it refused the token" in wrong.message
        vectors = closing(ChromaVectors(url, environment={"CHROMA_TOKEN": TOKEN}))
        papers = [paper(number, text="Whales sing. " * 100) for number in range(2_000)]
        vectors.upsert([chunk(each) for each in papers], unit(2_000), papers)
        assert vectors.count() == 2_000
