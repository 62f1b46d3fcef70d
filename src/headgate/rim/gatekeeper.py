"""The gatekeeper: what stands between the socket and the handlers. Who calls, from where, how much, how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp

from headgate.call.caller import Caller
from headgate.kernel.errors import BadRequest, GatewayError, MethodNotAllowed, NotFound, is_google
from headgate.kernel.ids import Ids
from headgate.kernel.logging import get_log
from headgate.rim.bodies import ClientGone, Receive, check_json, read_body, replay
from headgate.rim.cors import preflight_headers
from headgate.rim.errors import render, unforeseen
from headgate.rim.limits import ManagementLimit
from headgate.rim.origins import OriginRules
from headgate.rim.router import PUBLIC
from headgate.rim.routes import RouteTable
from headgate.rim.visit import Answer, Scope, Send, Visit, check_once, check_path, visit_of
from headgate.wire.passthrough import is_passed
from headgate.wire.spec import find

log = get_log("rim")

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
JSON_TYPE = (b"content-type", b"application/json")


class Doorkeeper(Protocol):
    """What the gatekeeper needs of `identity.keys.hot.Door`."""

    def admit(
        self, headers: Mapping[bytes, bytes], query: bytes = b"", peer: str = "", trusted: bool = False
    ) -> Caller: ...


class Gatekeeper:
    """ASGI middleware around the application. The request edge: what is raised further in ends here as an answer."""

    def __init__(self, app: ASGIApp, *, rules: GateRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = visit_of(scope, self._rules.ids)
        scope["headgate.path"], scope["headgate.request_id"] = visit.path, visit.request_id
        answer = Answer(send, visit, self._rules.origins)
        try:
            await self._pass(visit, scope, receive, answer)
        except ClientGone:
            log.info("request.abandoned", request=visit.request_id, path=visit.path)
        except GatewayError as error:
            await render(visit.path, error)(scope, receive, answer)
        except (
            Exception
        ) as error:  # the request edge: a bug is a 500 that says where to look, and a line in the log
            log.exception(
                "request.broke",
                request=visit.request_id,
                method=visit.method,
                path=visit.path,
                error=repr(error),
            )
            if answer.status:
                raise  # half an answer is out already: the server closes the connection
            await render(visit.path, unforeseen(visit.request_id))(scope, receive, answer)

    async def _pass(self, visit: Visit, scope: Scope, receive: Receive, answer: Answer) -> None:
        rules = self._rules
        check_once(scope)
        check_path(scope)
        methods = rules.table.methods(visit.path)
        if visit.method == "OPTIONS":
            await self._options(visit, methods, answer)
            return
        asked = "GET" if visit.method == "HEAD" else visit.method
        public = methods.get(asked) == PUBLIC
        client = self._admit(visit, scope, public=public)
        if not public or asked in WITH_BODY:
            await rules.limit.check(visit, client)
        if asked not in methods:
            raise _no_route(visit, methods)
        if b"\0" in unquote_to_bytes(scope["query_string"]) or "\0" in scope["path"]:
            raise BadRequest("The address holds a NUL character.")
        if asked in WITH_BODY:
            receive = await self._body(visit, scope, receive)
        # the server itself must go on seeing HEAD, or it waits for the body that Answer drops
        await self._app({**scope, "method": asked}, receive, answer)

    def _admit(self, visit: Visit, scope: Scope, *, public: bool) -> str:
        """Ask the door. A public route goes on without a caller when the door would have refused.
        Gives the client's address."""
        query: bytes = scope["query_string"] if is_google(visit.path) else b""
        try:
            visit.caller = self._rules.door().admit(visit.headers, query, visit.peer, visit.trusted)
        except GatewayError as refusal:
            if not public:
                raise
            visit.refusal = refusal
        proxies = self._rules.origins.proxies
        client = proxies.client(visit.headers, visit.peer)
        scope["headgate.caller"], scope["headgate.refusal"] = visit.caller, visit.refusal
        scope["headgate.host"] = proxies.host(visit.headers, visit.peer)
        scope["scheme"] = proxies.scheme(visit.headers, visit.peer, scope.get("scheme", "http"))
        if client != visit.peer:
            scope["client"] = (client, 0)
        return client

    async def _body(self, visit: Visit, scope: Scope, receive: Receive) -> Receive:
        """Read the body whole and look at it. It is JSON, whatever the content type says."""
        body = await read_body(receive, visit.headers, limit=self._rules.max_body_bytes)
        if is_passed(visit.path):  # it may be anything, and says itself what
            return replay(body, receive)
        if not visit.headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"content-type"] + [JSON_TYPE]
            if body and find(visit.path) is None:  # what is odd in those is the provider's to judge
                await check_json(body)
        return replay(body, receive)

    async def _options(self, visit: Visit, methods: Mapping[str, str], answer: Answer) -> None:
        if not methods:
            raise NotFound(f"There is nothing at {visit.path}.")
        allow = _allow(methods)
        headers = [
            (b"allow", allow.encode()),
            *preflight_headers(self._rules.origins, visit.headers, allow.encode()),
        ]
        await answer({"type": "http.response.start", "status": 204, "headers": headers})
        await answer({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the gatekeeper goes by; made once by `build_api`."""

    door: Callable[[], Doorkeeper]
    table: RouteTable
    origins: OriginRules
    limit: ManagementLimit
    ids: Ids
    max_body_bytes: int


def _no_route(visit: Visit, methods: Mapping[str, str]) -> GatewayError:
    if not methods:
        return NotFound(f"There is nothing at {visit.path}.")
    return MethodNotAllowed(f"{visit.path} does not take {visit.method}.", headers={"Allow": _allow(methods)})


def _allow(methods: Mapping[str, str]) -> str:
    names = {*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}
    return ", ".join(sorted(names))
