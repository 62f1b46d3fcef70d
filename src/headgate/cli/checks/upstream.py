"""The provider: asked for its models through the same client that calls go through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from headgate.cli.checks import Finding
from headgate.config import Settings
from headgate.providers.client import (
    ClientConfig,
    Deadlines,
    HttpClient,
    UpstreamFailure,
)
from headgate.providers.rows import ROWS
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
    """Ask every provider for its list of models. None when nobody was asked or nobody answered."""
    try:
        table = ProviderTable.from_settings(settings)
    except BadProvider as error:
        text = str(error)
        variable = text.partition(":")[0] if text.partition(":")[0].isupper() else "OPENAI_BASE_URL"
        what = f"{variable} cannot be used: {text.removeprefix(f'{variable}: ')}."
        return None, [Finding("provider", "bad", what, "Correct the address.")]
    if table.default.is_mock:
        what = "The built-in mock provider answers; set OPENAI_API_KEY or OPENAI_BASE_URL for a real one."
        return None, [Finding("provider", "ok", what)]
    found = await asyncio.gather(*(_look_at(settings, row) for row in table.rows.values()))
    answer = next((answer for answer, _ in found if answer is not None), None)
    return answer, [finding for _, finding in found]


async def _look_at(settings: Settings, row: Provider) -> tuple[ProviderAnswer | None, Finding]:
    shown, variable = row.url, _variable(row)
    try:
        answer = await _ask(settings, row)
    except BadProvider as error:
        return None, Finding("provider", "bad", f"The key cannot be used: {error}.", f"Set {variable} again.")
    except UpstreamFailure as failure:
        what = f"{shown} does not answer: {failure.message} ({failure.kind})."
        return None, Finding("provider", "bad", what, CURES.get(failure.kind, LATER))
    return answer, _judge(answer.status, shown, variable, has_key=row.has_key)


def _variable(row: Provider) -> str:
    known = ROWS.get(row.name)
    return known.keys[0] if known is not None and known.keys else "its api_key"


async def _ask(settings: Settings, row: Provider) -> ProviderAnswer:
    client = HttpClient(ClientConfig.from_settings(settings))
    try:
        if row.opener is not None and row.opener.stale():
            await row.opener.ready()
        head = row.request_head("/v1/models", None, method="GET")
        reply = await client.send(row.origin, head, b"", deadlines=DEADLINES, whole=True)
        return ProviderAnswer(reply.status, (reply.header(b"date") or b"").decode("latin-1"))
    finally:
        await client.close()


def _judge(status: int, shown: str, variable: str, *, has_key: bool) -> Finding:
    if 200 <= status < 300:
        return Finding("provider", "ok", f"{shown} answers{' and takes the key' if has_key else ''}.")
    if status in (401, 403):
        what = "refuses the key" if has_key else "wants a key"
        return Finding(
            "provider",
            "bad",
            f"{shown} {what} (status {status}).",
            f"Set {variable} (or {variable}_FILE) to a key of this service.",
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
