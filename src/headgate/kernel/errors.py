"""Every error a caller can see: it knows its HTTP status, its code and its sentence. Renderers turn it into an envelope."""

from __future__ import annotations

from typing import Any, ClassVar

Envelope = dict[str, Any]


class GatewayError(Exception):
    """A refusal or failure with a sentence for the caller.

    `param` names the offending field; `headers` travel with the answer; `detail` is data for the body.
    Neither may hold a secret or unredacted upstream text.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    kind: ClassVar[str] = "api_error"  # the `type` of OpenAI's error object
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, param: str | None = None, headers: dict[str, str] | None = None, **detail: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.headers = headers or {}
        self.detail = detail


class BadRequest(GatewayError):
    status = 400
    code = "invalid_request"
    kind = "invalid_request_error"


class Unauthorized(GatewayError):
    status = 401
    code = "unauthorized"
    kind = "authentication_error"


class Forbidden(GatewayError):
    status = 403
    code = "forbidden"
    kind = "permission_error"


class NotFound(GatewayError):
    status = 404
    code = "not_found"
    kind = "invalid_request_error"


class MethodNotAllowed(GatewayError):
    status = 405
    code = "method_not_allowed"
    kind = "invalid_request_error"


class Conflict(GatewayError):
    status = 409
    code = "conflict"
    kind = "invalid_request_error"


class TooLarge(GatewayError):
    status = 413
    code = "request_too_large"
    kind = "invalid_request_error"


class HeadTooLarge(GatewayError):
    status = 431
    code = "request_head_too_large"
    kind = "invalid_request_error"


class RateLimited(GatewayError):
    status = 429
    code = "rate_limited"
    kind = "rate_limit_error"
    retryable = True


class ProviderError(GatewayError):
    """The upstream failed, or answered what may not be passed on. `detail["upstream_status"]` when there was one."""

    status = 502
    code = "provider_error"


class Unavailable(GatewayError):
    status = 503
    code = "unavailable"
    retryable = True


class RecordUnavailable(Unavailable):
    """The call could not be put on record, so it was refused before anything was spent."""

    code = "record_unavailable"


def openai_envelope(error: GatewayError) -> Envelope:
    """`{"error": {message, type, param, code, status, ...detail}}`, the envelope of `/v1/*`."""
    body = {
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
        "status": error.status,
    }
    return {"error": body | error.detail}


def punk_envelope(error: GatewayError) -> Envelope:
    """`{"error": sentence, "code": "punk_...", "status": n, ...detail}`, the envelope of `/api/v1/*`."""
    body: Envelope = {"error": error.message, "code": f"punk_{error.code}", "status": error.status}
    if error.param is not None:
        body["param"] = error.param
    return body | error.detail


def plain_envelope(error: GatewayError) -> Envelope:
    """`{"error": {code, message, status, ...detail}}`, the envelope of every other `/api/*` path."""
    body: Envelope = {"code": error.code, "message": error.message, "status": error.status}
    if error.param is not None:
        body["param"] = error.param
    return {"error": body | error.detail}


ANTHROPIC_PATH = "/v1/messages"
_ANTHROPIC_KINDS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def anthropic_kind(status: int) -> str:
    """The `type` of Anthropic's error object for an HTTP status."""
    return _ANTHROPIC_KINDS.get(status) or ("invalid_request_error" if status < 500 else "api_error")


def anthropic_envelope(error: GatewayError) -> Envelope:
    """`{"type": "error", "error": {type, message, param, code, status, ...detail}}`, the envelope of `/v1/messages`."""
    body = {"type": anthropic_kind(error.status), "message": error.message, "code": error.code}
    if error.param is not None:
        body["param"] = error.param
    return {"type": "error", "error": body | {"status": error.status} | error.detail}


GOOGLE_PATH = "/v1beta/"
GOOGLE_VERBS = (":generateContent", ":streamGenerateContent", ":countTokens")
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def google_status(status: int) -> str:
    """The `status` of Google's error object for an HTTP status."""
    return _GOOGLE_STATUSES.get(status) or ("FAILED_PRECONDITION" if status < 500 else "INTERNAL")


def is_google(path: str) -> bool:
    """Is it a path of Google's API? Its newer SDKs ask for `/v1/models/...:generateContent`."""
    return path.startswith(GOOGLE_PATH) or (path.startswith("/v1/models/") and path.endswith(GOOGLE_VERBS))


def google_envelope(error: GatewayError) -> Envelope:
    """`{"error": {code, message, status, details}}`, the envelope of `/v1beta/*`; our own code is in `details`."""
    reason: Envelope = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error.code,
        "domain": "headgate",
    }
    told = error.detail if error.param is None else {"param": error.param, **error.detail}
    if told:
        reason["metadata"] = told
    body = {
        "code": error.status,
        "message": error.message,
        "status": google_status(error.status),
        "details": [reason],
    }
    return {"error": body}


def envelope_for(path: str, error: GatewayError) -> Envelope:
    """The error body in the family of `path` (contract: health, bodies, envelopes, pages)."""
    if is_google(path):
        return google_envelope(error)
    if path.startswith(ANTHROPIC_PATH):
        return anthropic_envelope(error)
    if path.startswith("/api/v1/"):
        return punk_envelope(error)
    if path.startswith("/v1/"):
        return openai_envelope(error)
    return plain_envelope(error)
