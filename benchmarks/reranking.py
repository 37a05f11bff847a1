"""
The time that a reranker adds to a question, with a model of the shape of ms-marco-MiniLM-L6-v2.

The encoder is that of all-MiniLM-L6-v2, which has the same layers; the last layer, which makes a score, has random
weights. So the time is that of the published model, and the order is without meaning: it measures no quality. With
that model at hand, `REFDESK_RERANKER=NAME refdesk eval DATASET --compare base.json` does.

    REFDESK_TEST_MODELS=DIR python -m benchmarks.reranking
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import refdesk
from benchmarks.report import data_folder, table, write_section
from rag.onnx import CrossEncoder
from refdesk.evaluation.datasets import Dataset

QUESTIONS, WARM_UP = 12, 2
SEED = 9


def folder_of_the_encoder() -> Path:
    """The weights of MiniLM. If there are none, the program ends with a message."""
    folder = Path(os.environ.get("REFDESK_TEST_MODELS", "")) / "all-MiniLM-L6-v2" / "onnx"
    if not (folder / "model.onnx").is_file():
        sys.exit("skipped: it needs the weights of MiniLM, and REFDESK_TEST_MODELS names no folder that has them")
    return folder


def with_a_score(encoder: Path, folder: Path) -> Path:
    """Write a cross-encoder: an encoder, and a random layer that makes a number of the first token's vector."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder.mkdir()
    for name in ("tokenizer.json", "config.json"):
        shutil.copy(encoder / name, folder / name)
    model = onnx.load(str(encoder / "model.onnx"))
    graph = model.graph
    weights = np.random.default_rng(SEED).normal(scale=0.05, size=(384, 1)).astype(np.float32)
    graph.initializer.extend(
        [numpy_helper.from_array(weights, "score_weights"), numpy_helper.from_array(np.array(0), "first_token")]
    )
    graph.node.extend(
        [
            helper.make_node("Gather", [graph.output[0].name, "first_token"], ["first_vector"], axis=1),
            helper.make_node("MatMul", ["first_vector", "score_weights"], ["score"]),
        ]
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1]))
    onnx.save(model, str(folder / "model.onnx"))
    return folder


def row(name: str, work: Callable[[str], object], questions: list[str]) -> list[str]:
    """The times of the questions after the first few, which warm up: of the clock, and of the processor."""
    clock: list[float] = []
    processor: list[float] = []
    for question in questions:
        began, used = time.perf_counter(), time.process_time()
        work(question)
        clock.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - used) * 1000)
    times = np.percentile(clock[WARM_UP:], (50, 95))
    return [name, *(f"{value:,.0f}" for value in (*times, np.median(processor[WARM_UP:])))]


def main() -> None:
    """Measure and write the section."""
    data, encoder = Dataset(data_folder() / "scifact"), folder_of_the_encoder()
    questions = [data.queries[name] for name in sorted(data.relevance("test"))][: QUESTIONS + WARM_UP]
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        model = with_a_score(encoder, place / "reranker")
        with refdesk.open_library(place / "library") as library:
            library.add(data_folder() / "scifact" / "corpus.jsonl.gz")
            rows.append(row("without a reranker", library.retrieve, questions))
        began = time.perf_counter()
        CrossEncoder(model)
        loading = (time.perf_counter() - began) * 1000
        for name, threads in (("with one, one thread", "1"), ("with one, a thread for each core", "")):
            os.environ.update(REFDESK_RERANKER=str(model), OMP_NUM_THREADS=threads)
            with refdesk.open_library(place / "library") as library:
                rows.append(row(name, library.retrieve, questions))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    body = table(["a question over SciFact's 5,183 abstracts", "p50 ms", "p95 ms", "processor ms"], rows)
    loaded = f"The model is loaded at the first question, in {loading:,.0f} ms."
    write_section("Reranking", f"{body}\n\n{loaded} The process takes {memory:,.0f} MB at most.")


if __name__ == "__main__":
    main()
