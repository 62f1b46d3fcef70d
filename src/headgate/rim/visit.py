"""One HTTP request at the rim: what the gatekeeper reads of it, and the `send` through which its answer leaves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from headgate.call.caller import Caller
from headgate.kernel.errors import BadRequest, GatewayError
from headgate.kernel.ids import Ids
from headgate.rim.bodies import Message
from headgate.rim.cors import RawHeaders, cors_headers
from headgate.rim.origins import OriginRules

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_SINGLE = frozenset({b"host", b"authorization", b"content-length", b"origin", b"x-headgate-as"})


@dataclass(slots=True)
class Visit:
    """One request. `path` has no root path; `peer` is the other end of the connection, not who a proxy speaks for."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    request_id: str
    peer: str
    trusted: bool
    caller: Caller | None = None
    refusal: GatewayError | None = None
    extra: RawHeaders = field(default_factory=RawHeaders)  # headers that the answer will carry


def visit_of(scope: Scope, ids: Ids) -> Visit:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    given = headers.get(b"x-request-id", b"")
    request_id = given.decode() if _ID.fullmatch(given) else ids.new("req")
    client = scope.get("client")
    return Visit(
        scope["method"],
        _path(scope),
        headers,
        request_id,
        client[0] if client else "",
        bool(scope.get("headgate.trusted")),
    )


def check_once(scope: Scope) -> None:
    """Refuse a request that says twice what must be said once: proxies and servers could read it differently."""
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in _SINGLE:
            if name in seen:
                raise BadRequest(f"The header {name.decode()} is there twice.", param=name.decode())
            seen.add(name)


def check_path(scope: Scope) -> None:
    """Refuse a path that could be read as another one: dots as parts, however often escaped, and backslashes. It is judged
    here, before the door, in the one form that all later steps see."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    if b"." not in path and b"%" not in path and b"\\" not in path:
        return
    for _ in range(3):
        if b"\\" in path or any(part in (b".", b"..") for part in path.split(b"/")):
            raise BadRequest("The path must not hold dots as parts, or backslashes.", param="path")
        if b"%" not in path:
            return
        path = unquote_to_bytes(path)


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if root and (path == root or path.startswith(f"{root}/")) else path


class Answer:
    """The `send` of one visit: adds the headers every answer carries, and drops the body of a HEAD request."""

    def __init__(self, send: Send, visit: Visit, rules: OriginRules) -> None:
        self._send = send
        self._visit = visit
        self._rules = rules
        self._bodiless = visit.method == "HEAD"
        self.status = 0  # 0: not started

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._common(message)]
        elif self._bodiless and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _common(self, message: Message) -> RawHeaders:
        headers: RawHeaders = [
            (b"x-request-id", self._visit.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        headers += self._visit.extra
        headers += cors_headers(self._rules, self._visit.headers)
        names = {name for name, _ in message.get("headers", ())}
        if b"cache-control" not in names and self._visit.path.startswith("/api/"):
            headers.append((b"cache-control", b"no-store"))
        return [(name, value) for name, value in headers if name not in names or name == b"vary"]
