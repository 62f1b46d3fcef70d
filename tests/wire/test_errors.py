"""What a client sees when the provider refuses (contract: "Upstream answers")."""

from __future__ import annotations

import json

import pytest

from headgate.kernel.errors import GatewayError, ProviderError
from headgate.wire.errors import Refusal, error_body, sse_error, upstream_refusal

BODY = (
    b'{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":"context_length_exceeded"}}'
)


def refuse(
    status: int, body: bytes = BODY, *, own_key: bool = True, retry_after: bytes | None = None
) -> Refusal | GatewayError:
    return upstream_refusal(status, body, own_key=own_key, retry_after=retry_after, provider="openai")


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_the_callers_own_mistakes_pass_on_as_they_are(status: int) -> None:
    assert refuse(status) == Refusal(status, BODY, "context_length_exceeded")


@pytest.mark.parametrize("status", [401, 403])
def test_trouble_with_a_key_is_the_owners(status: int) -> None:
    assert refuse(status, own_key=False) == Refusal(status, BODY, "context_length_exceeded")
    error = refuse(status, b'{"error":{"message":"Incorrect API key provided: sk-secret"}}', own_key=True)
    assert isinstance(error, ProviderError)
    assert (error.status, error.detail) == (502, {"provider": "openai", "upstream_status": status})
    assert "sk-" not in error.message


def test_too_many_requests_keeps_its_retry_after() -> None:
    assert refuse(429, retry_after=b"7") == Refusal(
        429, BODY, "context_length_exceeded", [(b"retry-after", b"7")]
    )
    assert refuse(429) == Refusal(429, BODY, "context_length_exceeded")


@pytest.mark.parametrize("status", [201, 204, 302, 402, 405, 408, 418, 500, 502, 503, 529])
def test_everything_else_is_502_with_the_upstreams_status(status: int) -> None:
    error = refuse(status, b"secret stack trace")
    assert isinstance(error, ProviderError)
    assert (error.status, error.code, error.detail["upstream_status"]) == (502, "provider_error", status)
    assert "secret" not in error.message


@pytest.mark.parametrize("body", [b"", b"<html>not found</html>", b"[1]", b"[" * 100_000])
def test_a_refusal_that_is_no_json_is_told_in_our_words(body: bytes) -> None:
    refusal = refuse(404, body)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "upstream_404"
    assert json.loads(refusal.body) == {
        "error": {
            "message": "The provider refused the request with status 404.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
            "status": 404,
        }
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"type": "t", "code": None}, "t"),
        ({"code": 7}, "upstream_400"),
        ("words", "upstream_400"),
        ({"code": "x" * 99}, "x" * 64),
        ({"code": "a\nb"}, "upstream_400"),
    ],
)
def test_the_code_for_the_record(error: object, code: str) -> None:
    refusal = refuse(400, json.dumps({"error": error}).encode())
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_an_error_ends_a_stream_with_done() -> None:
    assert sse_error(ProviderError("gone", provider="p")) == (
        b'data: {"error":{"message":"gone","type":"api_error","param":null,"code":"provider_error",'
        b'"status":502,"provider":"p"}}\n\ndata: [DONE]\n\n'
    )


def test_a_page_of_something_else_is_told_in_the_clients_format() -> None:
    assert json.loads(error_body(404, b"<html>", "anthropic.messages")) == {
        "type": "error",
        "error": {"type": "not_found_error", "message": "The provider refused the request with status 404."},
    }
    assert error_body(404, BODY, "anthropic.messages") is BODY
