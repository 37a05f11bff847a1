"""
Downloads of models from a hub, each checked before it is in its place.

All files go into a temporary folder beside the models. They are compared with their checksums and the model is tried
once; then the folder is renamed. A download that fails or is killed leaves no model. The hub is Hugging Face's, or the
one that `HF_ENDPOINT` names, as in its own tools.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from rag.errors import ConfigError, HubUnavailable, StoreError, disk_full, is_disk_full
from rag.onnx import MODEL, SETTINGS, TOKENIZER, CrossEncoder
from refdesk._version import __version__
from refdesk.models.known import RECEIPT, HubFile, HubModel, folder_of, models_folder, receipt
from refdesk.safe_http import Guarded, PrivateAddress, TooLarge, blocks, is_private, streamed
from stores.urls import masked

HUB = "https://huggingface.co"
TIMEOUT_S = 30.0
MOST_BYTES = 4 << 30
"""The largest file that is downloaded, where its size is not known."""
_PLACES = {SETTINGS: ("config.json",), TOKENIZER: ("tokenizer.json",), MODEL: ("onnx/model.onnx", "model.onnx")}
"""Where the files of a model usually are; the small ones first, because they fix the commit."""
_PARTIAL = ".partial-"
_LEFT_BEHIND_S = 86_400
"""A partial download of a day ago belongs to a process that was killed."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CHECKSUM = re.compile(r"[0-9a-fA-F]{64}")
Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class Got:
    """A model that is in its place: its folder, what its receipt says, and whether it was downloaded just now."""

    folder: Path
    receipt: Mapping[str, Any]
    downloaded: bool


def kind_of(model: CrossEncoder) -> str:
    """`reranker` for one number a pair, `entailment` for labels that judge whether one text follows from another."""
    if not model.labels:
        return "reranker"
    return "entailment" if any("entail" in label.lower() for label in model.labels) else "labels"


def is_checksum(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hexadecimal."""
    return bool(_CHECKSUM.fullmatch(text))


def get(model: HubModel, *, checksum: str | None = None, progress: Progress = lambda _bytes, _share: None) -> Got:
    """
    Download a model, unless it is there and whole.

    The checksums of a known model are fixed. Of another one, `checksum` is compared, or else the checksums of the first
    download are kept in its receipt and compared the next time.

    Args:
        model: From `refdesk.models.known.on_hub`.
        checksum: The SHA-256 that `model.onnx` must have, in hexadecimal.
        progress: Called with the bytes and the share of the current file.

    Raises:
        HubUnavailable: The hub cannot be reached, has no such model, or a file is not the expected one.
        ConfigError: The model is no cross-encoder, or its checksum is known to be another; or another model is in its
            place, which was not downloaded.
        StoreError: The folder of the models cannot be written.
    """
    target, before = folder_of(model), receipt(folder_of(model))
    expected = {name: file.sha256 for name, file in model.files.items()}
    if not expected and before.get("asked") == model.revision:
        expected = {name: file.get("sha256") for name, file in before["files"].items()}
    hint = f"Nothing was kept. The hub's file has changed; to accept it, remove {target} and run the command again."
    if model.files:
        hint = "Nothing was kept. Try again; if it stays so, do not use this hub."
    if checksum and checksum != expected.get(MODEL):
        if model.files:
            raise ConfigError(
                f"The checksum of {model.name} is known, and is {expected[MODEL]}.", hint="Leave out --sha256."
            )
        expected, hint = {MODEL: checksum}, "Nothing was kept. Check the value of --sha256."
    if target.is_dir():
        if expected and all(_sha256(target / name) == wanted for name, wanted in expected.items()):
            return Got(target, before or _receipt(model, target, {}, model.revision), downloaded=False)
        if not before:
            raise ConfigError(
                f"In {target} is another model, which Refdesk did not download.", hint="Move it to another folder."
            )
    try:
        return _replaced(model, target, expected, hint, progress)
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(target.parent) from error
        raise StoreError(
            f"{target.parent} cannot be written: {error.strerror or error}.",
            hint="Set REFDESK_MODELS to a folder that can be written.",
        ) from error


def _replaced(model: HubModel, target: Path, expected: Mapping[str, str | None], hint: str, progress: Progress) -> Got:
    """The model, downloaded and renamed into its place; `hint` is for a file that is not the expected one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in models_folder().glob(f"{_PARTIAL}*"):
        with suppress(OSError):  # another process may have removed it
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=target.parent) as temporary:
        fetched = Path(temporary) / "model"
        fetched.mkdir()
        revision, places = _fetch_all(model, fetched, progress)
        for name, wanted in expected.items():
            if (found := _sha256(fetched / name)) != wanted:
                raise HubUnavailable(
                    f"{name} of {model.name} is not the expected file: its SHA-256 is {found}, not {wanted}.",
                    hint=hint,
                )
        try:
            kept = _receipt(model, fetched, places, revision)
        except ConfigError as error:
            raise ConfigError(error.message.replace(str(fetched), model.name), hint=error.hint) from error
        (fetched / RECEIPT).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        if target.exists():
            target.rename(Path(temporary) / "replaced")
        fetched.rename(target)
    return Got(target, kept, downloaded=True)


def _receipt(model: HubModel, folder: Path, places: Mapping[str, str], revision: str) -> dict[str, Any]:
    """What is kept of a download. The model is loaded and tried for it. Raises ConfigError."""
    loaded = CrossEncoder(folder)
    return {
        "name": model.name,
        "kind": kind_of(loaded),
        "labels": list(loaded.labels),
        "repository": model.repository,
        "asked": model.revision,
        "revision": revision,
        "files": {
            name: {
                "path": places.get(name, name),
                "sha256": _sha256(folder / name),
                "bytes": (folder / name).stat().st_size,
            }
            for name in _PLACES
            if (folder / name).is_file()
        },
    }


def _fetch_all(model: HubModel, folder: Path, progress: Progress) -> tuple[str, dict[str, str]]:
    """Fetch all files of a model; return the commit, or the revision where the hub names none, and where each was."""
    hub = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    shown, revision, places = masked(hub), model.revision, {}
    agent = {"user-agent": f"refdesk/{__version__}"}
    try:
        guarded = Guarded(allow_private=is_private(hub))  # a private address that the user named is intended
        with httpx.Client(transport=guarded, timeout=TIMEOUT_S, follow_redirects=True, headers=agent) as client:
            for name, usual in _PLACES.items():
                files = [model.files[name]] if name in model.files else [HubFile(path=path) for path in usual]
                for file in files:
                    url = f"{hub}/{model.repository}/resolve/{revision}/{file.path}"
                    commit = _fetch(client, url, folder / name, file, progress)
                    if commit is not None:
                        places[name], revision = file.path, commit or revision
                        break
                else:
                    if name != SETTINGS:
                        raise HubUnavailable(
                            f"{shown} has no {usual[0]} of {model.repository} at {model.revision}.",
                            hint="Check the name; the model must be exported to ONNX.",
                        )
    except PrivateAddress as error:
        raise HubUnavailable(f"{shown} leads to {error}.", hint="Name that hub itself in HF_ENDPOINT.") from error
    except TooLarge as error:
        raise HubUnavailable(
            f"A file of {model.repository} is larger than expected.", hint="Nothing was kept. Check the name."
        ) from error
    except httpx.HTTPStatusError as error:
        raise HubUnavailable(
            f"{masked(str(error.request.url))} answered {error.response.status_code}.",
            hint="Check the name in a browser; models that need an account are not downloaded.",
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HubUnavailable(
            f"{model.name} could not be downloaded from {shown}: {str(error) or type(error).__name__}.",
            hint=f"Connect to the internet; or put {MODEL} and {TOKENIZER} into a folder, check it with "
            "`refdesk models path DIR`, and name the folder in the setting.",
        ) from error
    return revision, places


def _fetch(client: httpx.Client, url: str, path: Path, file: HubFile, progress: Progress) -> str | None:
    """Fetch one file; return the commit that the hub names, "" where it names none, None where there is no file."""
    with streamed(client, url) as reply:
        if reply.status_code in (401, 404) and file.sha256 is None:  # the hub answers 401 for what does not exist
            return None
        reply.raise_for_status()
        total = file.bytes or int(reply.headers.get("content-length") or 0)
        done = 0
        with path.open("wb") as stream:
            for block in blocks(reply, max_bytes=file.bytes or MOST_BYTES):
                stream.write(block)
                done += len(block)
                progress(done, min(1.0, done / total) if total else 0.0)
        commits = (answer.headers.get("x-repo-commit", "") for answer in [*reply.history, reply])
        return next((commit for commit in commits if _COMMIT.fullmatch(commit)), "")


def _sha256(path: Path) -> str | None:
    """The checksum of a file; None where it cannot be read."""
    digest = sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()
