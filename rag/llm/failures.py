"""Failures of a model's server: the vendors' errors translated into ours. No message repeats what a server said."""

from __future__ import annotations

import re

from rag.errors import ModelUnavailable

_SCHEMA = re.compile(
    r"response_format|json_schema|json mode|structured output|guided|grammar|\bschema\b", re.IGNORECASE
)
_WINDOW = re.compile(
    r"context[ _](?:length|window|size)|maximum (?:context|sequence|input)|too many (?:input )?tokens|"
    r"prompt is too long|exceeds? (?:the )?(?:available )?context|input (?:is )?too long|max_model_len|n_ctx",
    re.IGNORECASE,
)


class Refused(Exception):
    """The server does not take a request of this form, or the reply is of no use; another form may work."""


def translated(error: Exception, *, formed: bool) -> Exception:
    """A vendor's error in our words; `formed` if the request had a response format, which another could leave out."""
    status = getattr(error, "status_code", None)
    kinds = {type_.__name__ for type_ in type(error).__mro__}
    if status in (400, 413, 422) and _WINDOW.search(str(error)):
        return ModelUnavailable(
            "The request is longer than the model's context window.",
            hint="Set `model_window` to the tokens that the model takes.",
            may_pass=False,
        )
    if isinstance(error, TypeError | NotImplementedError) or status in (400, 415, 422):
        reason = "The model's server refused the request."
        return Refused(reason) if formed else ModelUnavailable(reason, may_pass=False)
    if formed and status in (404, 405, 500, 501) and _SCHEMA.search(str(error)):
        return Refused("The model's server takes no response format.")
    if status in (401, 403):
        return ModelUnavailable(
            f"The model's server refused the key ({status}).", hint="Check the key in the environment.", may_pass=False
        )
    if status == 404:
        return ModelUnavailable(
            "The server has no model of that name (404).",
            hint="Check `model` and the server's address.",
            may_pass=False,
        )
    if status == 429:
        return ModelUnavailable("The model's server is rate limited (429).", hint="Try again later.", may_pass=False)
    if isinstance(status, int) and status >= 500:
        return ModelUnavailable(f"The model's server failed ({status}).", hint="Try again later.", may_pass=False)
    if kinds & {"APITimeoutError", "TimeoutException", "TimeoutError"}:
        return ModelUnavailable("The model's server did not answer in time.", hint="Try again later.", may_pass=False)
    if kinds & {"APIConnectionError", "ConnectError"}:
        return ModelUnavailable(
            "The model's server cannot be reached.", hint="Is it running, and is OPENAI_BASE_URL right?", may_pass=False
        )
    if kinds & {"OpenAIRefusalError", "ContentFilterFinishReasonError"}:
        return ModelUnavailable("The model refused to answer.", may_pass=False)
    return ModelUnavailable("The model's reply could not be read.")
