"""Which envelope an error wears on which path."""

from __future__ import annotations

import pytest

from headgate.kernel import errors
from headgate.kernel.errors import BadRequest, GatewayError, RateLimited, envelope_for


def test_on_v1_an_error_is_openais_object() -> None:
    error = BadRequest("temperature must be a number", param="temperature")
    assert envelope_for("/v1/chat/completions", error) == {
        "error": {
            "message": "temperature must be a number",
            "type": "invalid_request_error",
            "param": "temperature",
            "code": "invalid_request",
            "status": 400,
        }
    }


def test_on_api_v1_an_error_is_a_sentence_with_a_punk_code() -> None:
    body = envelope_for("/api/v1/runs", RateLimited("Too many requests.", limit=5))
    assert body == {"error": "Too many requests.", "code": "punk_rate_limited", "status": 429, "limit": 5}


def test_elsewhere_an_error_is_an_object_with_its_detail() -> None:
    body = envelope_for("/api/status", BadRequest("No.", param="x", hint="y"))
    assert body == {
        "error": {"code": "invalid_request", "message": "No.", "status": 400, "param": "x", "hint": "y"}
    }


def test_a_field_that_is_not_named_is_not_there_but_on_v1_it_is_null() -> None:
    error = BadRequest("No.")
    assert "param" not in envelope_for("/api/v1/runs", error)
    assert "param" not in envelope_for("/api/runs", error)["error"]
    assert envelope_for("/v1/models", error)["error"]["param"] is None


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("BadRequest", 400), ("Unauthorized", 401), ("Forbidden", 403), ("NotFound", 404), ("MethodNotAllowed", 405),
        ("Conflict", 409), ("TooLarge", 413), ("RateLimited", 429), ("ProviderError", 502), ("Unavailable", 503),
        ("RecordUnavailable", 503),
    ],
)  # fmt: skip
def test_each_error_has_the_status_of_the_contract(name: str, status: int) -> None:
    assert getattr(errors, name).status == status


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in _kinds(GatewayError) if kind.__module__ == errors.__name__]
    assert len(codes) == len(set(codes))


def test_validation_is_never_422() -> None:
    assert all(kind.status != 422 for kind in _kinds(GatewayError))


def _kinds(base: type[GatewayError]) -> list[type[GatewayError]]:
    return [base, *(found for child in base.__subclasses__() for found in _kinds(child))]


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models/m:generateContent",
        "/v1beta/x",
        "/v1/models/m:countTokens",
        "/v1/models/a:b:streamGenerateContent",
    ],
)
def test_on_googles_paths_an_error_is_googles_object(path: str) -> None:
    told = envelope_for(path, BadRequest("No.", param="contents", hint="y"))["error"]
    assert (told["code"], told["message"], told["status"]) == (400, "No.", "INVALID_ARGUMENT")
    assert told["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "invalid_request",
            "domain": "headgate",
            "metadata": {"param": "contents", "hint": "y"},
        }
    ]


def test_a_model_whose_name_has_a_colon_is_still_openais() -> None:
    assert "type" in envelope_for("/v1/models/openai:gpt-4o", BadRequest("No."))["error"]


@pytest.mark.parametrize(
    ("status", "word"),
    [(429, "RESOURCE_EXHAUSTED"), (404, "NOT_FOUND"), (502, "INTERNAL"), (418, "FAILED_PRECONDITION")],
)
def test_googles_words_for_statuses(status: int, word: str) -> None:
    assert errors.google_status(status) == word
