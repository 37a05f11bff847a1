"""The cookie that keeps a browser signed in: it holds a session that can be ended, and no script can read it."""

from __future__ import annotations

from starlette.responses import Response

from refdesk.readers import SESSION

COOKIE = "refdesk"


def set_cookie(reply: Response, session: str, *, secure: bool) -> None:
    """Give a browser its session; another site cannot make it be sent with a form."""
    age = int(SESSION.total_seconds())
    reply.set_cookie(COOKIE, session, max_age=age, httponly=True, samesite="lax", secure=secure)


def delete_cookie(reply: Response, *, secure: bool) -> None:
    """Take the session away."""
    reply.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=secure)
