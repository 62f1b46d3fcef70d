"""Signatures are the ones that AWS's own signer makes, for paths, queries, tokens and bodies of all kinds."""

from __future__ import annotations

from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from headgate.providers.sigv4 import Signer
from headgate.providers.styles import Request
from headgate.providers.upstream import Origin
from headgate.testing.clock import FixedClock

ORIGIN = Origin("https", "bedrock-runtime.us-east-1.amazonaws.com", 443)
GRUESSE = '{"messages":[{"role":"user","content":[{"text":"grüße"}]}]}'.encode()


def signed_by_botocore(
    path: str, body: bytes, token: str = "", method: str = "POST"
) -> tuple[FixedClock, str]:
    """What the oracle signs, and a clock that shows when it did."""
    signer = botocore.auth.SigV4Auth(
        Credentials("AKIDEXAMPLE", "se/cr+et", token or None), "bedrock", "us-east-1"
    )
    headers = {"content-type": "application/json"} if method != "GET" else {}
    request = AWSRequest(method, f"{ORIGIN}{path}", headers=headers, data=body)
    signer.add_auth(request)
    when = datetime.strptime(str(request.headers["X-Amz-Date"]), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return FixedClock(when.timestamp()), str(request.headers["Authorization"])


@pytest.mark.parametrize("path", [
    "/model/anthropic.claude-3-haiku/converse",
    "/model/anthropic.claude-sonnet-4-5-v1%3A0/converse-stream",
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fx/converse",
    "/foundation-models?byProvider=x&byOutputModality=TEXT",
    "/a~b-c_d.e/f%20g",
])  # fmt: skip
@pytest.mark.parametrize("token", ["", "session/token+with=="])
@pytest.mark.parametrize("body", [b"", GRUESSE])
def test_the_signature_is_botocores(path: str, token: str, body: bytes) -> None:
    clock, expected = signed_by_botocore(path, body, token)
    request = Request("bedrock.converse", path, "m", False, body, f"AKIDEXAMPLE:se/cr+et:{token}")
    lines = dict(Signer(clock, "us-east-1").lines(ORIGIN, path, request))
    assert lines["authorization"] == expected
    assert lines.get("x-amz-security-token", "") == token


def test_a_get_is_signed_without_a_content_type() -> None:
    clock, expected = signed_by_botocore("/foundation-models", b"", method="GET")
    request = Request(
        "openai.models", "/foundation-models", "", False, b"", "AKIDEXAMPLE:se/cr+et:", method="GET"
    )
    assert dict(Signer(clock, "us-east-1").lines(ORIGIN, request.path, request))["authorization"] == expected


def test_the_key_of_a_day_is_made_anew_on_the_next(clock: FixedClock) -> None:
    signer = Signer(clock, "us-east-1")
    request = Request("bedrock.converse", "/model/m/converse", "m", False, b"{}", "A:s:")
    first = dict(signer.lines(ORIGIN, request.path, request))
    clock.advance(86_400)
    second = dict(signer.lines(ORIGIN, request.path, request))
    assert "/20260101/" in first["authorization"]
    assert "/20260102/" in second["authorization"]
