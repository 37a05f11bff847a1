"""
URLs that can be shown: passwords, tokens and keys masked. For the catalog's URL and for that of any other server.
"""

from __future__ import annotations

import re

import sqlalchemy as sa

MASK = "***"
_SECRET_NAME = re.compile(r"pass|pwd|token|secret|key|credential|auth", re.IGNORECASE)
_QUERY_VALUE = re.compile(r"([?&])([^=&#]*)=([^&#]*)")
_USER_AND_PASSWORD = re.compile(r"(?<=://)([^/@:?]*):.*@", re.DOTALL)


def masked(url: str | sa.URL) -> str:
    """
    A URL without what should stay secret: the password, and each query value whose name speaks of a secret.

    >>> masked("postgresql+psycopg://ada:pa/ss@db.example/papers?sslmode=require")
    'postgresql+psycopg://ada:***@db.example/papers?sslmode=require'
    >>> masked("postgresql://db.example/papers?password=hunter2&user=ada")
    'postgresql://db.example/papers?password=***&user=ada'
    >>> masked("http://ada:p@ss/w@chroma.example:8000/papers")
    'http://ada:***@chroma.example:8000/papers'
    """
    try:
        parsed = sa.make_url(url)
        after_password = f"{parsed.host}/{parsed.database}"  # SQLAlchemy ends a password at its first @
        readable = parsed.password is None or "@" not in after_password
    except (sa.exc.ArgumentError, ValueError):  # not a URL, or its port is not a number
        readable = False
    shown = parsed.render_as_string() if readable else _USER_AND_PASSWORD.sub(rf"\1:{MASK}@", str(url))
    return _QUERY_VALUE.sub(
        lambda found: f"{found[1]}{found[2]}={MASK if _SECRET_NAME.search(found[2]) else found[3]}", shown
    )
