"""The provider: asked for its models through the same client that calls go through."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.cli.checks import Finding
from headgate.config import Settings
from headgate.providers.client import (
    ClientConfig,
    Deadlines,
    HttpClient,
    UpstreamFailure,
)
from headgate.providers.table import BadProvider, Provider, ProviderTable

DEADLINES = Deadlines(connect_s=5.0, first_byte_s=10.0, idle_s=10.0, total_s=15.0)
CURES = {
    "dns": "Check the name in OPENAI_BASE_URL, and the name server of this machine.",
    "refused": "Start the service, or correct host and port in OPENAI_BASE_URL.",
    "connect_timeout": "A firewall may drop the connection; where a proxy is needed set HTTPS_PROXY.",
    "tls": "Name the authority's file in SSL_CERT_FILE when the certificate is your own; check the clock of this machine.",
    "proxy": "Check HTTPS_PROXY (address, user, password), and NO_PROXY for hosts that need none.",
    "protocol": "The address does not speak HTTP/1.1: check scheme (http or https) and port in OPENAI_BASE_URL.",
}
LATER = "Try again; if it stays, ask whoever runs the service."


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """Status and `date` header of the provider."""

    status: int
    date: str


async def provider(settings: Settings) -> tuple[ProviderAnswer | None, list[Finding]]:
    """Ask for the list of models. None when nobody was asked or nobody answered."""
    try:
        row = ProviderTable.from_settings(settings).default
    except BadProvider as error:
        return None, [
            Finding("provider", "bad", f"OPENAI_BASE_URL cannot be used: {error}.", "Correct the address.")
        ]
    if row.is_mock:
        what = "The built-in mock provider answers; set OPENAI_API_KEY or OPENAI_BASE_URL for a real one."
        return None, [Finding("provider", "ok", what)]
    shown = f"{row.origin}{row.base_path}"
    try:
        answer = await _ask(settings, row)
    except BadProvider as error:
        return None, [
            Finding("provider", "bad", f"The key cannot be used: {error}.", "Set OPENAI_API_KEY again.")
        ]
    except UpstreamFailure as failure:
        what = f"{shown} does not answer: {failure.message} ({failure.kind})."
        return None, [Finding("provider", "bad", what, CURES.get(failure.kind, LATER))]
    return answer, [_judge(answer.status, shown, has_key=row.has_key)]


async def _ask(settings: Settings, row: Provider) -> ProviderAnswer:
    head = row.request_head("/v1/models", None, method="GET")
    client = HttpClient(ClientConfig.from_settings(settings))
    try:
        reply = await client.send(row.origin, head, b"", deadlines=DEADLINES, whole=True)
        return ProviderAnswer(reply.status, (reply.header(b"date") or b"").decode("latin-1"))
    finally:
        await client.close()


def _judge(status: int, shown: str, *, has_key: bool) -> Finding:
    if 200 <= status < 300:
        return Finding("provider", "ok", f"{shown} answers{' and takes the key' if has_key else ''}.")
    if status in (401, 403):
        what = "refuses the key" if has_key else "wants a key"
        return Finding(
            "provider",
            "bad",
            f"{shown} {what} (status {status}).",
            "Set OPENAI_API_KEY (or OPENAI_API_KEY_FILE) to a key of this service.",
        )
    if status == 404:
        return Finding(
            "provider",
            "warn",
            f"{shown} has no list of models (status 404).",
            "If calls fail too, check the path in OPENAI_BASE_URL.",
        )
    if status == 429:
        return Finding(
            "provider",
            "warn",
            f"{shown} limits the rate, or the quota is used up (status 429).",
            "Look at the account's limits and billing.",
        )
    return Finding("provider", "bad", f"{shown} answers with status {status}.", LATER)
