"""The type of an error follows from its status."""

import pytest

from headgate.wire.anthropic.errors import error_fields


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_type_follows_from_the_status(status: int, kind: str):
    assert error_fields(status, "no") == {"type": "error", "error": {"type": kind, "message": "no"}}
