"""
Cross-encoders in ONNX Runtime: models that read two texts together and give a number, or one number per label.

A model is a folder with `model.onnx`, `tokenizer.json` and, where the model has labels, `config.json`. One number for
a pair makes it a reranker; labels such as *entailment* make it a judge of claims. Nothing is downloaded here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import ConfigError

MODEL, TOKENIZER, SETTINGS = "model.onnx", "tokenizer.json", "config.json"
MAX_TOKENS = 512
"""The most tokens of a pair; of a longer pair the longer text is cut."""
BATCH_TOKENS = 1_024
"""The most tokens of a batch with its padding; larger batches take more memory and are no faster."""
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_PADDING = ("[PAD]", "<pad>")
_PROBE = [("Does it rain?", "It rains."), ("Does it rain in the hills?", "The hills are dry this year.")]


class CrossEncoder:
    """
    A cross-encoder of a folder. As a `Reranker` it must give one number for a pair.

    `labels` are the names of its numbers, empty where a pair has one number without a name. `max_tokens` is the most
    tokens of a pair. It may be used by several threads at once.

    Args:
        folder: Its folder.
        threads: Threads for one batch; 0 is one for each core.

    Raises:
        ConfigError: The folder lacks a file, a file cannot be read, or the model is no cross-encoder.
    """

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        refuse_incomplete(folder)
        self.folder = folder
        settings = _settings(folder)
        positions = settings.get("max_position_embeddings")
        self.max_tokens = min(MAX_TOKENS, positions) if isinstance(positions, int) and positions > 2 else MAX_TOKENS
        self._tokenizer, self._padding = _tokenizer(folder, self.max_tokens)
        self._session = _session(folder, threads)
        self._inputs = self._known_inputs()
        self.labels = self._labels(settings, self.logits(_PROBE).shape[1])

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """
        The model's numbers for each pair, of shape (pairs, labels), or (pairs, 1) without labels.

        Raises:
            ConfigError: The model fails, or what it gives is not such numbers.
        """
        encoded = self._tokenizer.encode_batch([tuple(map(_encodable, pair)) for pair in pairs])
        longest_first = sorted(range(len(pairs)), key=lambda row: -len(encoded[row].ids))
        found: dict[int, NDArray[np.float32]] = {}
        at = 0
        while at < len(pairs):
            size = max(1, BATCH_TOKENS // max(1, len(encoded[longest_first[at]].ids)))
            rows = longest_first[at : at + size]
            found |= zip(rows, self._run([encoded[row] for row in rows]), strict=True)
            at += size
        return np.stack([found[row] for row in range(len(pairs))]) if pairs else np.zeros((0, 1), dtype=np.float32)

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """
        A score for each text: how well it answers the query.

        Raises:
            ConfigError: The model has several numbers for a pair, or fails.
        """
        if len(self.labels) > 1:
            raise ConfigError(
                f"The model in {self.folder} is no reranker: it has the labels {', '.join(self.labels)} for a pair.",
                hint="A reranker gives one number for a pair, as ms-marco-MiniLM-L6-v2 does.",
            )
        return [float(row[0]) for row in self.logits([(query, text) for text in texts])]

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The probability of each of `labels` for each pair, of shape (pairs, labels). Raises as `logits`."""
        logits = self.logits(pairs).astype(float)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True)) if len(logits) else logits
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def _run(self, encoded: Sequence[Any]) -> NDArray[np.float32]:
        """The numbers of one batch, padded to its longest pair."""
        length = max(len(pair.ids) for pair in encoded)
        arrays = dict(zip(INPUTS, np.zeros((3, len(encoded), length), dtype=np.int64), strict=True))
        arrays["input_ids"] += self._padding
        for row, pair in enumerate(encoded):
            for name, values in zip(INPUTS, (pair.ids, pair.attention_mask, pair.type_ids), strict=True):
                arrays[name][row, : len(values)] = values
        try:
            found = np.asarray(self._session.run(None, {name: arrays[name] for name in self._inputs})[0])
        except Exception as error:
            raise ConfigError(
                f"The model in {self.folder} fails on a pair of texts: {_line(error)}",
                hint="It must be exported for text classification, such as onnx/model.onnx of a cross-encoder.",
            ) from error
        if found.ndim != 2 or len(found) != len(encoded) or not found.shape[1]:
            raise ConfigError(
                f"The model in {self.folder} is no cross-encoder: for {len(encoded)} pairs of texts it gives an array"
                f" of shape {found.shape}.",
                hint="A cross-encoder gives one number, or one for each label, for a pair; an embedder gives vectors.",
            )
        if not np.isfinite(found).all():
            raise ConfigError(
                f"The model in {self.folder} gives a score that is no number.", hint="Get the model again."
            )
        return found.astype(np.float32)

    def _known_inputs(self) -> list[str]:
        names = [given.name for given in self._session.get_inputs()]
        if "input_ids" not in names or not set(names) <= set(INPUTS):
            raise ConfigError(
                f"The model in {self.folder} has the inputs {', '.join(names)}: not those of a cross-encoder.",
                hint=f"Its inputs must be {INPUTS[0]} and, where it has them, {INPUTS[1]} and {INPUTS[2]}.",
            )
        return names

    def _labels(self, settings: dict[str, Any], count: int) -> tuple[str, ...]:
        if count == 1:
            return ()
        named = settings.get("id2label")
        labels = tuple(str(named.get(str(row), "")) for row in range(count)) if isinstance(named, dict) else ()
        if not labels or not all(labels):
            raise ConfigError(
                f"The model in {self.folder} gives {count} numbers for a pair, but {SETTINGS} does not name them.",
                hint=f"Put the model's own {SETTINGS} beside it; its `id2label` names {count} labels.",
            )
        return labels


def refuse_incomplete(folder: Path) -> None:
    """Raise ConfigError if a folder lacks a file that a model needs. Nothing is loaded."""
    try:
        for name in (MODEL, TOKENIZER):
            if not (folder / name).is_file():
                what = f"{folder} has no {name}" if folder.is_dir() else f"{folder} is not a folder"
                raise ConfigError(f"{what}.", hint=f"A model is a folder with {MODEL} and {TOKENIZER}.")
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be read: {error.strerror or error}.", hint="Check the path and who may read it."
        ) from error


def _settings(folder: Path) -> dict[str, Any]:
    """The model's `config.json`; empty where there is none."""
    try:
        found = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(folder / SETTINGS, error) from error
    return found if isinstance(found, dict) else {}


def _tokenizer(folder: Path, max_tokens: int) -> tuple[Any, int]:
    """The tokenizer, which cuts pairs, and the number of its padding token."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # its errors are of the class Exception itself
        raise _unreadable(folder / TOKENIZER, error) from error
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    known = (tokenizer.token_to_id(name) for name in _PADDING)
    return tokenizer, next((number for number in known if number is not None), 0)


def _session(folder: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other processes need the cores too
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        return onnxruntime.InferenceSession(
            str(folder / MODEL), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise _unreadable(folder / MODEL, error) from error


def _unreadable(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{path} cannot be read: {_line(error)}", hint="Get the model again; the file may be cut off.")


def _line(error: Exception) -> str:
    """The first line of an error as the end of a sentence."""
    first = next(iter(str(error).splitlines()), "") or type(error).__name__
    return f"{first[:200].rstrip('.')}."


def _encodable(text: str) -> str:
    """The tokenizer takes no lone surrogates."""
    return text.encode(errors="replace").decode()
