"""Failures of a model's server: the vendors' errors translated into ours. No message repeats what a server said."""

from __future__ import annotations

import re

from rag.errors import ModelUnavailable

_WINDOW = re.compile(
    r"context[ _](?:length|window|size)|maximum (?:context|sequence|input)|too many (?:input )?tokens|"
    r"prompt is too long|exceeds? (?:the )?(?:available )?context|input (?:is )?too long|max_model_len|n_ctx",
    re.IGNORECASE,
)


_NO_MODEL = re.compile(
    r"model_not_found|DeploymentNotFound|\bmodel\b.{0,100}?\b(?:not found|(?:does|do) not exist)|"
    r"(?:no such|unknown|invalid|not a valid) model\b(?! input| parameter)",
    re.IGNORECASE | re.DOTALL,
)


_REPLY_LENGTH = re.compile(
    r"max(?:_completion)?_tokens\b.{0,80}(?:too (?:large|high|many)|exceed|at most|less than|maximum|greater)|"
    r"(?:at most|maximum of) \d+ completion tokens",
    re.IGNORECASE | re.DOTALL,
)


class Refused(Exception):
    """The reply is of no use; a request of another form may work."""


def status_of(error: Exception) -> int | None:
    """The HTTP status of a vendor's error; of one that a server sent as its reply, the status that this names."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    body = getattr(error, "body", None) or (error.args[0] if isinstance(error, ValueError) and error.args else None)
    code = str(body.get("code") or body.get("status") or "") if isinstance(body, dict) else ""
    return int(code) if re.fullmatch("[45][0-9][0-9]", code) else 400 if isinstance(body, dict) else None


def is_window(error: Exception) -> bool:
    """True if a server refuses a request because it is longer than the model's context window."""
    status = status_of(error)
    return status == 413 or (status in (400, 422, 500) and bool(_WINDOW.search(str(error))))


def is_no_model(error: Exception) -> bool:
    """True if a server says that it has no model of this name."""
    return status_of(error) in (400, 404) and bool(_NO_MODEL.search(str(error)))


def _address(error: Exception) -> str:
    """Where a request went, without a path or a password; empty if the error does not say."""
    try:
        url = error.request.url  # type: ignore[attr-defined]
        return f" at {url.scheme}://{url.netloc.decode('ascii')}"
    except (AttributeError, RuntimeError, UnicodeDecodeError):  # httpx raises RuntimeError where none is set
        return ""


def translated(error: Exception) -> ModelUnavailable:
    """A vendor's error in our words."""
    status = status_of(error)
    kinds = {type_.__name__ for type_ in type(error).__mro__}
    if is_window(error):
        return ModelUnavailable(
            "The request is longer than the model's context window.",
            hint="Set `model_window` to the tokens that the model takes.",
            may_pass=False,
        )
    if is_no_model(error):
        return ModelUnavailable(
            f"The server has no model of that name ({status}).",
            hint="Check `model` and the server's address.",
            may_pass=False,
        )
    if status in (400, 422) and _REPLY_LENGTH.search(str(error)):
        return ModelUnavailable(
            f"The model's server does not allow replies as long as `max_output_tokens` ({status}).",
            hint="Lower `max_output_tokens`.",
            may_pass=False,
        )
    if isinstance(error, TypeError | NotImplementedError) or status in (400, 405, 415, 422):
        code = f" ({status})" if status else ""
        return ModelUnavailable(
            f"The model's server refused the request{code}.",
            hint="See what the server takes with `refdesk doctor --model NAME`.",
            may_pass=False,
        )
    if status in (401, 403):
        return ModelUnavailable(
            f"The model's server refused the key ({status}).", hint="Check the key in the environment.", may_pass=False
        )
    if status == 404:
        return ModelUnavailable(
            "The server has no model of that name, or nothing at this address (404).",
            hint="Check `model` and the server's address, which often ends in /v1.",
            may_pass=False,
        )
    if status == 402:
        return ModelUnavailable("The account of the model's server has no credit left (402).", may_pass=False)
    if status == 429:
        return ModelUnavailable("The model's server is rate limited (429).", hint="Try again later.", may_pass=False)
    if isinstance(status, int) and status >= 500:
        return ModelUnavailable(f"The model's server failed ({status}).", hint="Try again later.", may_pass=False)
    if kinds & {"APITimeoutError", "TimeoutException", "TimeoutError"}:
        return ModelUnavailable("The model's server did not answer in time.", hint="Try again later.", may_pass=False)
    if kinds & {"APIConnectionError", "ConnectError"}:
        return ModelUnavailable(
            f"The model's server{_address(error)} cannot be reached.",
            hint="Is it running, and is OPENAI_BASE_URL right?",
            may_pass=False,
        )
    if kinds & {"OpenAIRefusalError", "ContentFilterFinishReasonError"}:
        return ModelUnavailable("The model refused to answer.", may_pass=False)
    return ModelUnavailable("The model's reply could not be read.")
