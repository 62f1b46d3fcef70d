"""Secrets are found wherever they stand, ordinary text is left alone, and redaction changes the inside of strings only."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.govern.guardrails.secrets import count_json, find, may_hold, pending, redact_json

MIXED = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY5zA7bC9dE1fG3hJ"
HEX = "4f9a1c7e2b8d3f60a5c4e19b7d2f8a36"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\nabc+/def==\n-----END RSA PRIVATE KEY-----"
SECRETS = {
    "openai_key": (f"sk-{MIXED}", f"sk-proj-{MIXED}_{MIXED}-{MIXED}", f"sk-{HEX}", "sk-svcacct-" + MIXED),
    "anthropic_key": (f"sk-ant-api03-{MIXED}-{MIXED}",),
    "aws_key": ("AKIAIOSFODNN7EXAMPLE", "ASIAY34FZKBOKMUTVV7A"),
    "gcp_key": ("AIza" + MIXED[:35],),
    "google_oauth": ("ya29." + MIXED, "GOCSPX-" + MIXED[:28]),
    "github_token": ("ghp_" + MIXED[:36], "github_pat_" + MIXED[:22] + "_" + MIXED + MIXED[:12]),
    "slack_token": ("xoxb-123456789012-1234567890123-" + MIXED[:24],),
    "stripe_key": ("sk_live_" + MIXED[:24], "rk_test_" + MIXED[:24], "whsec_" + MIXED[:32]),
    "jwt": (JWT,),
    "private_key": (PEM, PEM.replace("RSA ", ""), PEM.replace("RSA ", "EC ")),
}
EVERY = [(kind, secret) for kind, secrets in SECRETS.items() for secret in secrets]
CLEAN = (
    "The task-list of the desk-job has a risk-assessment for sk-learn-feature-selection-and-model-evaluation.",
    "Please reset my password: I forgot it. The secret is to keep calm; the api key goes into the settings page.",
    "password: your-password-goes-here", "api_key = YOUR_API_KEY_GOES_HERE", "Set password=<password> and secret=${SECRET_NAME}",
    'def check(password: str, api_key: Optional[str] = None) -> "Secretary"',
    "AKIA is the prefix of access keys, ASIA of temporary ones",
    "an eyJ at the beginning says base64 of a brace", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "commit 4f9a1c7e2b8d3f60a5c4e19b7d2f8a361c7e2b8d", "xoxo hugs and kisses",
    "550e8400-e29b-41d4-a716-446655440000", "class=btn-primary sk-fading-circle sk-spinner-three-bounce-animation-long-name",
)  # fmt: skip
CONTEXTS = (
    "{}",
    "my key is {} thanks",
    "key={}",
    '"{}"',
    "({}),",
    "line one\n{}\nline three",
    "\t{}\t",
    "https://x.example/?k={}&b=1",
    "né {} né",
    "日本{}語",
)


def body(text: str, *, ascii_only: bool = False) -> bytes:
    return json.dumps(
        {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}, ensure_ascii=ascii_only
    ).encode()


@pytest.mark.parametrize(("kind", "secret"), EVERY)
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_kind_is_found_in_any_context(kind: str, secret: str, context: str, ascii_only: bool) -> None:
    raw = body(context.format(secret), ascii_only=ascii_only)
    assert may_hold(raw), "the cheap question must never say no to a secret"
    redacted, found = redact_json(raw)
    assert sum(found.values()) == 1 and (kind in found or context == "key={}")
    text = json.loads(redacted)["messages"][0]["content"]
    assert secret not in text
    assert text == context.format(f"[redacted:{next(iter(found))}]")


@pytest.mark.parametrize("text", [
    "password=hunter2Xy9Zq8!", "PASSWORD: hunter2Xy9Zq8!", '{"password": "hunter2Xy9Zq8!"}',
    "api_key = 8f14e45fceea167a5a36dedd4bea2543",
    "client_secret='aB3dE5fG7hJ9kL1m'",
    "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEK3Y", "AccountKey=Eby8vdM02xNOcqFlqUwJPLlm/1OUzF0q==",
])  # fmt: skip
def test_a_random_value_behind_a_telling_word_is_found(text: str) -> None:
    assert may_hold(body(text))
    assert [finding.kind for finding in find(text)] == ["generic_secret"]


@pytest.mark.parametrize("text", CLEAN)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert find(text) == []
    assert redact_json(body(text)) == (body(text), {})


def test_a_vendor_key_in_the_place_of_a_password_is_found() -> None:
    assert sum(count_json(body(f"secret=wwwwwwwwwwwwww {SECRETS['aws_key'][0]}")).values()) == 1
    assert [finding.kind for finding in find("password=" + "AKIAIOSFODNN7EXAMPLE")] != []


def test_a_secret_hidden_behind_json_escapes_is_found() -> None:
    raw = b'{"content": "\\u0073k-' + MIXED.encode() + b'", "other": "\\u0041KIAIOSFODNN7EXAMPLE"}'
    assert may_hold(raw)
    redacted, found = redact_json(raw)
    assert found == {"openai_key": 1, "aws_key": 1}
    assert json.loads(redacted) == {"content": "[redacted:openai_key]", "other": "[redacted:aws_key]"}
    slashed = json.dumps({"c": "api_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCY"}).replace("/", "\\/").encode()
    assert may_hold(slashed) and sum(count_json(slashed).values()) == 1


def test_only_the_strings_with_secrets_change() -> None:
    raw = b'{ "big" : 12345678901234567890123, "e":1e400,  "dup":1,"dup":2, "t":"\\u00e9 \\/ x", "k":"AKIAIOSFODNN7EXAMPLE" }'
    redacted, _ = redact_json(raw)
    assert redacted == raw.replace(b"AKIAIOSFODNN7EXAMPLE", b"[redacted:aws_key]")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([secret for _, secret in EVERY]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4), max_leaves=15,
)  # fmt: skip


@given(value=json_values, ascii_only=st.booleans())
def test_redacted_json_is_valid_and_without_secrets(value: object, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    redacted, found = redact_json(raw)
    json.loads(redacted.decode("utf-8", "surrogatepass"))
    assert may_hold(raw) or not found
    assert count_json(redacted) == {}
    if not found:
        assert redacted == raw


@given(
    before=st.text(string.ascii_letters + " .,\n=-_", max_size=20),
    pair=st.sampled_from(EVERY),
    cut=st.integers(0, 400),
)
def test_the_beginning_of_a_secret_is_always_pending(before: str, pair: tuple[str, str], cut: int) -> None:
    """A stream that ends its first part anywhere inside a secret must hold the secret back from its beginning."""
    text = before + " " + pair[1]
    found = [finding for finding in find(text + " ") if finding.kind == pair[0]]
    for finding in found:
        end = finding.start + 1 + cut % (finding.end - finding.start)
        assert pending(text[:end]) <= finding.start


@pytest.mark.parametrize(
    "piece", ["sk-", "password=", "eyJa.", "-----BEGIN ", "sk-sk_", "AKIA", "password: secret= "]
)
def test_hostile_text_takes_no_longer_than_any_other(piece: str) -> None:
    """Half a megabyte of beginnings: anything but linear time would never end."""
    text = piece * 60_000
    assert count_json(json.dumps(text).encode()) == {}
    assert 0 <= pending(text) <= len(text)
