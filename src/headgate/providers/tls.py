"""How we check who answers: the TLS context of upstream connections. Verification cannot be switched off."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path


def make_context(ca_file: str) -> ssl.SSLContext:
    """Verifies chain and name against the system's authorities plus those in `ca_file`. Takes tens of milliseconds."""
    context = ssl.create_default_context()
    # SSL_CERT_FILE makes OpenSSL skip the system's own file, so add it again
    system = ssl.get_default_verify_paths().openssl_cafile
    if Path(system).is_file():
        context.load_verify_locations(system)
    if ca_file:
        context.load_verify_locations(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class TlsContexts:
    """Makes the context when it is first needed, in a thread, once."""

    def __init__(self, ca_file: str) -> None:
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None

    async def get(self) -> ssl.SSLContext:
        if self._context is None:
            made = await asyncio.to_thread(make_context, self._ca_file)
            self._context = self._context or made
        return self._context
