"""Tokens of a Google service account, for Vertex. Needs the extra `cloud` (google-auth)."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from headgate.kernel.clock import Clock
from headgate.kernel.logging import get_log
from headgate.providers.styles import BadProvider, Lines, Request
from headgate.providers.upstream import Origin

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
EARLY_S = 300.0  # a token is renewed this long before it ends
LIFE_S = 3600.0
PATIENCE_S = 20.0

log = get_log("providers")


class GoogleTokens:
    """One token for all calls, renewed off the loop before it ends."""

    def __init__(self, clock: Clock, file: str = "", credentials: Any = None) -> None:
        self._clock = clock
        self._file = file  # of a service account; empty: what the machine itself has
        self._credentials = credentials
        self._token = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    def stale(self) -> bool:
        return self._clock.now() >= self._until - EARLY_S

    async def ready(self) -> None:
        async with self._lock:
            if not self.stale():
                return
            try:
                await asyncio.to_thread(self._renew)
            except BadProvider:
                raise
            except Exception as error:  # google-auth raises what its transports raise
                log.warning("vertex.no_token", error=type(error).__name__)
                raise BadProvider("Google gave no token for the service account") from error

    def lines(self, origin: Origin, path: str, request: Request) -> Lines:
        return (("authorization", f"Bearer {self._token}"),)

    def _renew(self) -> None:
        credentials = self._credentials = self._credentials or _load(self._file)
        credentials.refresh(_ask)
        self._token = credentials.token
        expiry: datetime | None = credentials.expiry  # UTC, though it does not say so
        self._until = self._clock.now() + LIFE_S if expiry is None else expiry.replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What google-auth reads of an answer."""

    status: int
    headers: dict[str, str]
    data: bytes


def _ask(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None, **options: Any
) -> _Answer:  # fmt: skip
    """google-auth's transport, in a thread."""
    timeout_s = options.get("timeout") or PATIENCE_S
    request = urllib.request.Request(url, body, headers or {}, method=method)  # noqa: S310 - Google's own addresses
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return _Answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, dict(error.headers), error.read())


def _load(file: str) -> Any:
    try:
        import google.auth
        from google.oauth2 import service_account
    except ImportError as error:
        raise BadProvider("Vertex needs google-auth: install headgate with the extra `cloud`") from error
    if file:
        return service_account.Credentials.from_service_account_file(file, scopes=[SCOPE])  # pyright: ignore[reportUnknownMemberType] - untyped
    return google.auth.default(scopes=[SCOPE])[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped
