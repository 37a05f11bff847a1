"""LangChain's own standard tests, over the retriever and every embedder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

import refdesk
from rag.embedders.minilm import MiniLMEmbedder
from rag.embedders.openai import OpenAIEmbedder
from rag.embedders.static import StaticEmbedder
from tests.commands import ROOT
from tests.embedding_server import EmbeddingServer, serving


class TestRetriever(RetrieversIntegrationTests):
    """The retriever over the sample library."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _sample(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with refdesk.open_library(tmp_path_factory.mktemp("retriever") / "library") as library:
            library.add(ROOT / "examples" / "papers.jsonl")
            cls.library = library
            yield

    library: refdesk.Library

    @property
    def retriever_constructor(self) -> type[refdesk.PaperRetriever]:
        return refdesk.PaperRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"search": self.library.search}

    @property
    def retriever_query_example(self) -> str:
        return "How do models learn?"


class _Static:
    """The default embedder."""

    @property
    def embeddings_class(self) -> type[StaticEmbedder]:
        return StaticEmbedder


class _MiniLM:
    """MiniLM, where its weights are."""

    @pytest.fixture(autouse=True)
    def _weights(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

        folder = Path(os.environ.get("REFDESK_TEST_MODELS", "")) / "all-MiniLM-L6-v2"
        if not (folder / "onnx" / "model.onnx").exists():
            pytest.skip("the weights of MiniLM are not here: REFDESK_TEST_MODELS is not set")
        monkeypatch.setattr(ONNXMiniLM_L6_V2, "DOWNLOAD_PATH", folder)

    @property
    def embeddings_class(self) -> type[MiniLMEmbedder]:
        return MiniLMEmbedder


class _OpenAI:
    """OpenAI's protocol, against a real server on loopback."""

    server: EmbeddingServer

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _server(cls) -> Iterator[None]:
        with serving() as cls.server:
            yield

    @property
    def embeddings_class(self) -> type[OpenAIEmbedder]:
        return OpenAIEmbedder

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        environment = {"OPENAI_API_KEY": "sk-test-0123456789", "OPENAI_BASE_URL": self.server.url}
        return {"model": "text-embedding-3-small", "environment": environment}


class TestStaticUnit(_Static, EmbeddingsUnitTests):
    """LangChain's unit tests."""


class TestStaticIntegration(_Static, EmbeddingsIntegrationTests):
    """LangChain's integration tests."""


class TestMiniLMUnit(_MiniLM, EmbeddingsUnitTests):
    """LangChain's unit tests."""


class TestMiniLMIntegration(_MiniLM, EmbeddingsIntegrationTests):
    """LangChain's integration tests."""


class TestOpenAIUnit(_OpenAI, EmbeddingsUnitTests):
    """LangChain's unit tests."""


class TestOpenAIIntegration(_OpenAI, EmbeddingsIntegrationTests):
    """LangChain's integration tests."""
