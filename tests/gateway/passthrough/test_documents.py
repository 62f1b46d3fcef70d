"""What the document says of requests that are passed on."""

from __future__ import annotations

from headgate.gateway.passthrough.documents import BYTES, FORM, JSON, NO_BODY


def test_each_says_what_it_takes() -> None:
    assert set(JSON["requestBody"]["content"]) == {"application/json"}
    assert "multipart/form-data" in FORM["requestBody"]["content"]
    assert "application/octet-stream" in BYTES["requestBody"]["content"]
    assert "requestBody" not in NO_BODY


def test_the_provider_can_be_named_in_a_header() -> None:
    assert "X-Provider" in {each["name"] for each in JSON["parameters"]}
