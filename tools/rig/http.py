"""One HTTP request at a time, over a connection of its own: what a curious person does with curl."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def run_id(self) -> str:
        return self.headers.get("x-punk-run-id", "")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def error(self) -> dict[str, Any]:
        """The error object, whichever envelope it came in."""
        try:
            body: dict[str, Any] = json.loads(self.body)
        except ValueError:
            return {}
        inner = body.get("error")
        return cast("dict[str, Any]", inner) if isinstance(inner, dict) else body


def ask(
    method: str,
    url: str,
    *,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
) -> Answer:
    """Raises OSError or http.client.HTTPException when there is no whole answer."""
    parts = urlsplit(url)
    assert parts.hostname in LOCAL, f"only this machine may be asked, not {parts.hostname}"
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json"} if data is not None else {}
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, path, body=data, headers=sent | dict(headers or {}))
        reply = connection.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()
