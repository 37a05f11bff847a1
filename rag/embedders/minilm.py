"""
all-MiniLM-L6-v2 in ONNX Runtime, as Chroma ships it: better on paraphrases, some fifty times slower than `static`.

Its weights (80 MB) are downloaded by Chroma, once, to ~/.cache/chroma.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.embedders.base import MatrixEmbeddings, unit_rows
from rag.errors import EmbedderUnavailable
from rag.ports import Matrix


class MiniLMEmbedder(MatrixEmbeddings):
    """
    384-dimension vectors; a text is cut after 256 word pieces, the model's own limit.

    Args:
        threads: Threads of one call; 0 is one for each core.
    """

    name = "minilm"
    dimension = 384
    max_tokens = 254  # 256 less the two marks around a text

    def __init__(self, *, threads: int = 0) -> None:
        self._model = _load(threads)

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit rows of shape (len(texts), 384)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return unit_rows(np.asarray(self._model(list(texts)), dtype=np.float32))

    def count(self, text: str) -> int:
        """Word pieces, as far as the model reads."""
        encoding = self._model.tokenizer.encode(text, add_special_tokens=False)
        return int(sum(encoding.attention_mask)) + sum(len(more.ids) for more in encoding.overflowing)


def _load(threads: int) -> Any:
    try:
        from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

        model = ONNXMiniLM_L6_V2()
        if threads:
            _limit(model, threads)
        model(["ready"])  # downloads where it must
    except Exception as error:
        raise EmbedderUnavailable(
            f"The weights of the embedder “minilm” could not be loaded: {type(error).__name__}: {error}.",
            hint="Connect to the internet once, or use the embedder `static`, which needs no download.",
        ) from error
    return model


def _limit(model: Any, threads: int) -> None:
    """Give the model a session with so many threads in the place of its own, which takes one for each core."""
    model._download_model_if_not_exists()
    options = model.ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    file = model.DOWNLOAD_PATH / model.EXTRACTED_FOLDER_NAME / "model.onnx"
    model.model = model.ort.InferenceSession(str(file), options, providers=model.ort.get_available_providers())
