"""
Local models by name: those that are known, the folder of each, and what is in it. Nothing is downloaded or loaded here.

A model is a folder with `model.onnx` and `tokenizer.json`. Those that were downloaded lie side by side in one folder
of the user, because several libraries may use them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.onnx import MODEL, SETTINGS, TOKENIZER, refuse_incomplete

RECEIPT = "refdesk-model.json"
"""What a download leaves in the folder: where the files came from, their checksums, and the kind of the model."""
_ON_A_HUB = re.compile(r"(?P<owner>[\w-][\w.-]*)/(?P<name>[\w-][\w.-]*?)(?:@(?P<revision>[\w-][\w.-]*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file of a model on its hub: the path there, and its checksum and size where they are known."""

    path: str
    sha256: str | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """
    A model on a hub.

    Args:
        name: Its name here.
        repository: `owner/name` on the hub.
        revision: A commit, or a branch where no commit is known.
        files: By name in the folder. Of an unknown model they are looked for in the usual places.
        licence: Its licence; None if it is not known.
    """

    name: str
    repository: str
    revision: str
    files: Mapping[str, HubFile]
    licence: str | None = None

    @property
    def bytes(self) -> int | None:
        """The size of the whole model, if it is known."""
        sizes = [file.bytes for file in self.files.values()]
        return None if None in sizes or not sizes else sum(size or 0 for size in sizes)


RERANKERS = (
    HubModel(
        name="ms-marco-MiniLM-L6-v2",
        repository="cross-encoder/ms-marco-MiniLM-L6-v2",
        revision="c5ee24cb16019beea0893ab7796b1df96625c6b8",
        files={
            SETTINGS: HubFile(
                path="config.json",
                sha256="380e02c93f431831be65d99a4e7e5f67c133985bf2e77d9d4eba46847190bacc",
                bytes=794,
            ),
            TOKENIZER: HubFile(
                path="tokenizer.json",
                sha256="d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
                bytes=711_396,
            ),
            MODEL: HubFile(
                path="onnx/model.onnx",
                sha256="5d3e70fd0c9ff14b9b5169a51e957b7a9c74897afd0a35ce4bd318150c1d4d4a",
                bytes=91_011_230,
            ),
        },
        licence="Apache-2.0",
    ),
)
"""Their checksums were read in public sources that agree; docs/why.md names them."""
EMBEDDER = "minilm"
"""The embedder that Chroma downloads, checks and keeps in a folder of its own."""


def models_folder() -> Path:
    """Where downloaded models are: `REFDESK_MODELS`, else the platform's user data folder."""
    if given := os.environ.get("REFDESK_MODELS"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_data_dir("refdesk", appauthor=False)) / "models"


def on_hub(name: str) -> HubModel:
    """
    The model of a name that is known, or of `owner/name` or `owner/name@revision` on the hub.

    Raises:
        ConfigError: The name is neither.
    """
    for model in RERANKERS:
        if _folded(name) in (_folded(model.name), _folded(model.repository)):
            return model
    if found := _ON_A_HUB.fullmatch(name):
        repository = f"{found['owner']}/{found['name']}"
        return HubModel(name=repository, repository=repository, revision=found["revision"] or "main", files={})
    known = ", ".join([*(model.name for model in RERANKERS), EMBEDDER])
    raise ConfigError(
        f"No model has the name “{name[:80]}”.", hint=f"Known are {known}; a model of a hub is named owner/name."
    )


def folder_of(model: HubModel) -> Path:
    """The folder of a model, whether it is there or not."""
    return models_folder() / model.name.replace("/", "--")


def find(name: str, *, wanted: str = "a reranker") -> Path:
    """
    The folder of a model that a setting names: by a name or `owner/name` if it was downloaded, or by its path.

    Args:
        name: The setting.
        wanted: What the setting takes, for messages.

    Raises:
        ConfigError: There is no such folder, or it lacks a file.
    """
    if name == EMBEDDER:
        raise ConfigError(f"The model “minilm” is an embedder, not {wanted}.", hint="It goes into `embedder`.")
    model = None
    with suppress(ConfigError):
        model = on_hub(name)
    path = _path(name)
    if model and folder_of(model).is_dir():
        path = folder_of(model)
    elif not (path.is_absolute() or name.startswith(".") or _is_folder(path)):
        model = model or on_hub(name)
        raise ConfigError(
            f"The model “{name}” is not on this machine.",
            hint=f"Get it with `refdesk models get {name}`, or name a folder with {MODEL} and {TOKENIZER}.",
        )
    refuse_incomplete(path)
    return path


def downloaded(kind: str) -> Path | None:
    """The folder of the first downloaded model of a kind, by name; None if there is none."""
    places = sorted(models_folder().glob("*")) if models_folder().is_dir() else []
    return next((folder for folder in places if receipt(folder).get("kind") == kind), None)


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"The folder “{name}” is of a user that this machine does not have.", hint="Write the whole path."
        ) from error


def _is_folder(path: Path) -> bool:
    with suppress(OSError):  # such as a name that is too long
        return path.is_dir()
    return False


def receipt(folder: Path) -> dict[str, Any]:
    """What a download left in a folder; empty if it is not there or cannot be read."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("files"), dict):
            return found
    return {}


def listed() -> list[dict[str, Any]]:
    """All models that are known or were downloaded, as `models list --json` prints them, the place of each too."""
    rows = [_row(model.name, "reranker", folder_of(model), model.bytes, model.licence) for model in RERANKERS]
    known = {Path(row["path"]) for row in rows}
    others = sorted(models_folder().glob("*")) if models_folder().is_dir() else []
    for folder in others:
        if folder not in known and folder.is_dir() and not folder.name.startswith("."):
            found = receipt(folder)
            rows.append(_row(str(found.get("name") or folder), found.get("kind"), folder, None, None))
    chroma = Path.home() / ".cache" / "chroma" / "onnx_models" / "all-MiniLM-L6-v2" / "onnx"
    return [*rows, _row(EMBEDDER, "embedder", chroma, 90_400_000, "Apache-2.0")]


def _row(name: str, kind: str | None, folder: Path, size: int | None, licence: str | None) -> dict[str, Any]:
    here = all((folder / file).is_file() for file in (MODEL, TOKENIZER))
    return {
        "name": name,
        "kind": kind,
        "here": here,
        "bytes": size_of(folder) if here else size,
        "path": str(folder),
        "licence": licence,
    }


def size_of(folder: Path) -> int:
    """The bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _folded(name: str) -> str:
    """The hub has written MiniLM-L6 and MiniLM-L-6 for the same model."""
    return name.lower().replace("-", "")
