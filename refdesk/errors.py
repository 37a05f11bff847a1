"""The errors of the public API; `rag.errors` draws the tree."""

from rag.errors import *  # noqa: F403 - the same names under the public roof
