"""The floors of the house: who may import whom, and where vendors live."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 350

FLOORS = {
    "rag.errors": 0,
    "rag.identity": 0,
    "rag.origins": 0,
    "rag.flags": 0,
    "rag.evaluation": 0,
    "rag.authors": 0,
    "rag.question": 0,
    "prompts": 0,
    "stores.guard": 0,
    "stores.urls": 0,
    "stores.hnsw": 0,
    "refdesk._threads": 0,
    "refdesk._version": 0,
    "refdesk.safe_http": 0,
    "refdesk.near_names": 0,
    "stores.migrations": 1,
    "rag.types": 1,
    "rag.llm": 1,
    "stores.unwritable": 1,
    "stores.folder_lock": 1,
    "rag.files": 1,
    "rag.ports": 2,
    "rag.text": 2,
    "rag.roles": 2,
    "rag.deduplication": 2,
    "rag.splitting": 2,
    "rag.checking": 3,
    "rag.delivery": 3,
    "rag.embedders": 3,
    "rag.onnx": 3,
    "rag.retrieval": 3,
    "rag.sources": 3,
    "stores.sql": 3,
    "stores.lexical": 3,
    "rag.answers": 4,
    "rag.judges": 4,
    "stores.vectors": 4,
    "stores": 4,
    "refdesk.filters": 4,
    "refdesk.citations": 4,
    "refdesk.settings": 4,
    "refdesk.models": 4,
    "rag.digests": 5,
    "rag.reviews": 6,
    "refdesk.render": 5,
    "refdesk.facts": 5,
    "refdesk.judges": 5,
    "refdesk.ask": 6,
    "refdesk.retrieval": 5,
    "refdesk.ingest": 5,
    "refdesk.feeds": 5,
    "refdesk.evaluation": 5,
    "refdesk.cited_papers": 6,
    "refdesk.verify": 6,
    "refdesk.digest": 7,
    "refdesk.reviews": 7,
    "refdesk.servers": 7,
    "refdesk.wiring": 8,
    "refdesk.issue_wiring": 8,
    "refdesk.signing": 6,
    "refdesk.subscribing": 7,
    "refdesk.confirming": 7,
    "refdesk": 9,
    "refdesk.doctor": 9,
    "refdesk.mcp": 10,
    "refdesk.serve": 11,
    "refdesk.cli": 12,
}
"""Floors by room; a module belongs to the longest room that names it."""

VENDORS = {
    "chromadb": {"stores", "rag.embedders"},  # there for the MiniLM that Chroma ships
    "tantivy": {"stores"},
    "tenacity": {"stores.vectors"},
    "sqlalchemy": {"stores"},
    "alembic": {"stores"},
    "openai": {"rag.embedders"},
    "wordllama": {"rag.embedders"},
    "onnxruntime": {"rag.onnx"},
    "tokenizers": {"rag.onnx"},
    "tiktoken": {"rag.llm"},
    "nupunkt": {"rag.text"},
    "ijson": {"rag.sources"},
    "lxml": {"rag.sources"},
    "defusedxml": {"rag.sources"},
    "charset_normalizer": {"rag.sources"},
    "rispy": {"rag.sources"},
    "bibtexparser": {"rag.sources"},
    "pylatexenc": {"rag.sources", "refdesk.render.tex"},
    "markdown_it": {"refdesk.render"},
    "rich": {"refdesk.render", "refdesk"},
    "jinja2": {"refdesk.render", "refdesk.serve"},
    "click": {"refdesk"},
    "langchain_core": {"rag.embedders", "rag.retrieval", "rag.llm", "rag.answers", "rag.digests", "refdesk"},
    "httpx": {"refdesk.safe_http", "refdesk.ingest.inputs", "refdesk.feeds", "refdesk.models", "stores.vectors"},
    "langchain": {"rag.llm"},
    "mcp": {"refdesk.mcp"},
    "mcp_types": {"refdesk.mcp"},
    "anyio": {"refdesk.mcp", "refdesk.serve"},
    "starlette": {"refdesk.serve"},
    "uvicorn": {"refdesk.serve"},
    "sse_starlette": {"refdesk.serve"},
    "pydantic": {
        "refdesk.serve",
        "refdesk.settings",
        "refdesk.mcp",
        "rag.retrieval.langchain",
    },  # a LangChain retriever is a pydantic model
    "pydantic_settings": {"refdesk.settings"},
    "langchain_openai": set(),  # no module imports it: LangChain's `init_chat_model` loads it by name
    "Stemmer": {"rag.checking"},
    "re2": {"rag.flags"},
    "filelock": {"stores.locks"},
    "rapidfuzz": {"rag.retrieval", "refdesk.near_names"},
    "orjson": {"rag.sources", "stores.vectors"},
    "ray": {"refdesk.ingest"},
}


def modules() -> Iterator[tuple[str, Path]]:
    """Name and path of every module of the product."""
    for package in ("rag", "stores", "refdesk", "prompts"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    """What a module imports, at its top or within a function; `from a import b` gives a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(name: str) -> str | None:
    """The room that a module, or a name within it, belongs to."""
    return max((known for known in FLOORS if f"{name}.".startswith(f"{known}.")), key=len, default=None)


ALL = list(modules())


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_a_module_imports_strictly_below_itself_or_within_its_room(name: str, path: Path) -> None:
    importer = room(name)
    if name in ("rag", "refdesk.errors", "refdesk.__main__"):
        return  # a docstring, a public name for rag.errors, and `python -m refdesk`
    assert importer, f"{name} is in no room: add it to FLOORS and to the picture in docs/architecture.md"
    for imported in imports(path):
        other = room(imported)
        if other and other != importer:
            assert FLOORS[other] < FLOORS[importer], (
                f"{name} (floor {FLOORS[importer]}) imports {imported} (floor {FLOORS[other]})"
            )


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_a_vendor_is_imported_only_in_its_rooms(name: str, path: Path) -> None:
    for imported in imports(path):
        vendor = imported.partition(".")[0]
        if vendor in VENDORS:
            assert any(f"{name}.".startswith(f"{allowed}.") for allowed in VENDORS[vendor]), f"{name} imports {vendor}"


def test_rag_imports_neither_the_stores_nor_the_faces() -> None:
    for name, path in ALL:
        if name.startswith("rag"):
            packages = {imported.partition(".")[0] for imported in imports(path)}
            assert packages.isdisjoint({"stores", "refdesk"}), name


def test_no_module_is_longer_than_350_lines() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in ALL}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST}
    assert not too_long, "split these by subject"
