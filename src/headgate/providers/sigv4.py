"""AWS Signature Version 4, for requests with a body in memory."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote

from headgate.kernel.clock import Clock
from headgate.providers.styles import Lines, Request
from headgate.providers.upstream import Origin

ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"


class Signer:
    """Signs requests to one service in one region. A secret is `access key:secret key[:session token]`."""

    def __init__(self, clock: Clock, region: str, service: str = "bedrock") -> None:
        self._clock = clock
        self._region = region
        self._service = service
        self._keys: dict[tuple[str, str], bytes] = {}  # day and secret -> derived key

    def stale(self) -> bool:
        return False

    async def ready(self) -> None:
        return None

    def lines(self, origin: Origin, path: str, request: Request) -> Lines:
        """`authorization` and what it is made of."""
        access, secret, token = (*request.secret.split(":", 2), "", "")[:3]
        moment = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        day = moment[:8]
        signed = {"host": origin.authority, "x-amz-date": moment}
        if request.content_type and request.method != "GET":
            signed["content-type"] = request.content_type
        if token:
            signed["x-amz-security-token"] = token
        names = ";".join(sorted(signed))
        where, _, query = path.partition("?")
        canonical = "\n".join(
            (
                request.method,
                quote(where, safe="/" + _UNRESERVED),
                canonical_query(query),
                *(f"{name}:{' '.join(signed[name].split())}" for name in sorted(signed)),
                "",
                names,
                hashlib.sha256(request.body).hexdigest(),
            )
        )
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        signature = hmac.digest(self._key(day, secret), text.encode(), "sha256").hex()
        lines = [("x-amz-date", moment)]
        if token:
            lines.append(("x-amz-security-token", token))
        lines.append(
            ("authorization", f"{ALGORITHM} Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}")
        )  # fmt: skip
        return tuple(lines)

    def _key(self, day: str, secret: str) -> bytes:
        key = self._keys.get((day, secret))
        if key is None:
            key = hmac.digest(f"AWS4{secret}".encode(), day.encode(), "sha256")
            for part in (self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys = {at: old for at, old in self._keys.items() if at[0] == day} | {(day, secret): key}
        return key


def canonical_query(query: str) -> str:
    """The parameters in order of name and value, each already encoded."""
    pairs = [tuple(part.partition("=")[::2]) for part in query.split("&") if part]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
