"""Paths that are passed on: one form only, and nothing that could be read as another path."""

from __future__ import annotations

import pytest

from headgate.gateway.passthrough.paths import below, check_wall, clean, clean_query
from headgate.kernel.errors import BadRequest, Forbidden
from headgate.providers.provider import Provider
from headgate.providers.upstream import Origin

HOSTILE = [
    "..", "../x", "a/../b", "a/..", "./a", "a/./b", "..%2Fx", "..%2fx", "%2e%2e/x", ".%2e/x", "%2E%2E%2Fx", "a/%2e%2e", "a//b",
    "//a",
    "a%2Fb", "a%5Cb", "a\\b", "..\\x", "a%00b", "a%0d%0ab", "a%0ab", "%252e%252e/x", "a%252fb", "a b", "a\r\nb", "a#b", "a?b",
    "é", "a%zz",
    "a%", "x" * 3000, "..;/x%2f",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.pain(17)
def test_a_path_that_could_be_read_as_another_is_refused(path: str) -> None:
    """Pain 17: `..%2F` and its kin got round the guards of other gateways."""
    with pytest.raises(BadRequest):
        clean(path.encode())


@pytest.mark.parametrize("path", [
    "v1/chat/completions", "v1beta/models/gemini-2.5-flash:generateContent", "model/anthropic.claude-v1%3A0/converse",
    "v1/files/file-abc/content", "files/a..b", "a.b/c.d", "v1/x/",
])  # fmt: skip
def test_usual_paths_stay_as_they_are(path: str) -> None:
    assert clean(path.encode()) == path
    assert clean(f"/{path}".encode()) == path


def test_our_own_credential_does_not_travel() -> None:
    assert clean_query(b"alt=sse&key=hg-secret&KEY=x&limit=5") == "alt=sse&limit=5"
    assert clean_query(b"") == ""
    with pytest.raises(BadRequest):
        clean_query(b"a=b\r\nx")


def provider(family: str, tenant: str = "") -> Provider:
    return Provider("p", Origin("https", "p.test", 443), family=family, tenant=tenant)  # type: ignore[arg-type]


@pytest.mark.parametrize(("family", "path", "full"), [
    ("openai", "v1/chat/completions", "/v1/chat/completions"), ("openai", "chat/completions", "/v1/chat/completions"),
    ("anthropic", "messages", "/v1/messages"), ("google", "models/x:generateContent", "/v1beta/models/x:generateContent"),
    ("google", "v1/models/x:generateContent", "/v1/models/x:generateContent"),
    ("bedrock", "model/m/converse", "/model/m/converse"),
])  # fmt: skip
def test_paths_stand_below_the_providers_address(family: str, path: str, full: str) -> None:
    assert below(provider(family), path, "") == full
    assert below(provider(family), path, "a=b") == f"{full}?a=b"


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "v1/files"), ("GET", "v1/files/x/content"), ("DELETE", "v1/files/x"), ("POST", "v1/files"), ("POST", "v1/batches"),
    ("GET", "v1/responses/resp_1"), ("POST", "v1/fine_tuning/jobs"), ("GET", "v1/organization/usage"), ("POST", "v1/assistants"),
    ("DELETE", "v1/models/x"), ("GET", "v1/chat/completions"),
])  # fmt: skip
def test_what_stays_in_a_shared_account_is_walled(method: str, path: str) -> None:
    """Nothing of one tenant can be read by another through the server's own key."""
    with pytest.raises(Forbidden):
        check_wall(provider("openai"), "ten_other", method, path)
    check_wall(provider("openai", "ten_other"), "ten_other", method, path)


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "v1/chat/completions"), ("POST", "chat/completions"), ("POST", "v1/images/generations"), ("GET", "v1/models"),
    ("POST", "v1/audio/speech"), ("POST", "v1beta/models/g:generateContent"), ("POST", "model/m%3A0/converse"),
    ("POST", "v1/messages/count_tokens"), ("POST", "v1/rerank"),
])  # fmt: skip
def test_calls_that_leave_nothing_behind_are_free_to_all(method: str, path: str) -> None:
    check_wall(provider("openai"), "ten_other", method, path)
