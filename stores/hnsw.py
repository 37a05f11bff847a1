"""
Reads the files of a persisted HNSW graph, and says what is wrong with them.

Chroma checks none of this: it follows a link to a place that does not exist, and the process ends by SIGSEGV.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

_HEADER = struct.Struct("<iQQQQQQiIQQQdQ")
"""Version, offset of level 0, capacity, count, bytes of a node, offsets of label and vector, highest level, entry, …"""
_LABEL_BYTES = 8
WRITTEN_LAST = "index_metadata.pickle"
"""The file that Chroma writes after those of the graph."""


def graph_problem(folder: Path) -> str | None:
    """
    What is wrong with the graphs in Chroma's folder: files that were half written, or links to nodes that do not exist.

    Args:
        folder: Chroma's folder. Nothing may write it meanwhile.

    Returns:
        A part of a sentence; None if all is well, or nothing was persisted yet.
    """
    for written_last in sorted(folder.glob(f"*/{WRITTEN_LAST}")):
        try:
            if problem := _problem(written_last.parent):
                return problem
        except (OSError, ValueError, struct.error) as error:
            return f"the graph cannot be read ({error})"
    return None


def graph_size(folder: Path) -> int:
    """How many nodes the graphs in Chroma's folder have, also deleted ones; 0 if nothing was persisted yet."""
    return sum(int(_HEADER.unpack(file.read_bytes()[: _HEADER.size])[3]) for file in folder.glob("*/header.bin"))


def _problem(segment: Path) -> str | None:
    header = _HEADER.unpack_from((segment / "header.bin").read_bytes())
    count, node_bytes, label_at, highest, entry, neighbours = *header[3:6], *header[7:10]
    if not count:
        return None
    nodes = segment / "data_level0.bin"
    if nodes.stat().st_size < count * node_bytes:
        return "the graph was written in half: nodes are missing"
    with nodes.open("rb") as stream:  # nodes are written in order
        stream.seek((count - 1) * node_bytes + label_at)
        if not any(stream.read(_LABEL_BYTES)):
            return "the graph was written in half: its last node is empty"
    levels, sources, targets = _upper_links(segment / "link_lists.bin", count, neighbours)
    if levels is None:
        return "the graph was written in half: its upper levels end too early"
    if not (entry < count and levels[entry] == highest):
        return "the graph has no entry"
    if len(targets) and (int(targets.max()) >= count or bool((levels[targets] < sources).any())):
        return "the graph has links to nodes that do not exist"
    return None


_Ints = npt.NDArray[np.uint32]


def _upper_links(path: Path, count: int, neighbours: int) -> tuple[_Ints | None, _Ints, _Ints]:
    """
    The highest level of each node, and of each link above level 0 its level and the node that it leads to.

    Each node has a record: its length in bytes, and for each of its levels a number of links and room for `neighbours`.
    """
    words = np.fromfile(path, dtype=np.uint32)
    of_level = neighbours + 1
    levels = np.zeros(count, dtype=np.uint32)
    none = np.zeros(0, dtype=np.uint32)
    parts: list[_Ints] = []
    deep: list[_Ints] = []
    filled = np.flatnonzero(words)
    at = node = 0
    while node < count:
        next_ = int(np.searchsorted(filled, at))
        empty = (int(filled[next_]) if next_ < len(filled) else len(words)) - at  # nodes that are at level 0 only
        node, at = node + empty, at + empty
        if node >= count:
            break
        if at >= len(words):
            return None, none, none
        length, odd = divmod(int(words[at]), 4 * of_level)
        end = at + 1 + length * of_level
        if odd or end > len(words):
            return None, none, none
        levels[node] = length
        lists = words[at + 1 : end].reshape(length, of_level)
        for level, links in enumerate(lists, start=1):
            number = int(links[0]) & 0xFFFF
            if number > neighbours:
                return None, none, none
            parts.append(links[1 : 1 + number])
            deep.append(np.full(number, level, dtype=np.uint32))
        node, at = node + 1, end
    return levels, np.concatenate(deep or [none]), np.concatenate(parts or [none])
