"""
HTML templates: a Jinja environment that escapes all that is put into it, and text as a page shows it.

Which values a page has is not decided here.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rag.answers.extractive import unbracketed
from refdesk.render.tex import readable
from refdesk.render.wording import plain

LONGEST_TITLE, LONGEST_SENTENCE = 300, 1_000
"""Characters; what is longer is cut, and says so: a mail of more than 100 KB is cut by those who show it."""


def environment(folder: Path) -> Environment:
    """An environment for the templates of a folder; a name that is not given is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def title(text: str) -> str:
    """A title as one line, its TeX as what it prints."""
    return cut(plain(readable(text)), LONGEST_TITLE)


def sentence(text: str) -> str:
    """A claim without brackets that look like citations, its TeX as what it prints."""
    return cut(unbracketed(readable(text)), LONGEST_SENTENCE)


def cut(text: str, longest: int) -> str:
    """
    The first characters of a text, and how many more it has.

    >>> cut("lime wash", 20), cut("lime wash", 4)
    ('lime wash', 'lime … [5 characters more]')
    """
    return text if len(text) <= longest else f"{text[:longest].rstrip()} … [{len(text) - longest:,} characters more]"
