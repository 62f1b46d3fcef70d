"""The `/v1` routes as ASGI: the twins of the fast seam for everything it does not cover, and the models list."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from fastapi import Request as HttpRequest
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.gateway.documents import CHAT, COMPLETIONS, EMBEDDINGS, MODEL, MODELS
from headgate.gateway.documents_anthropic import COUNT_TOKENS, MESSAGES
from headgate.gateway.documents_explain import EXPLAIN
from headgate.gateway.documents_google import COUNT, GENERATE, STREAM_GENERATE
from headgate.gateway.documents_responses import RESPONSES
from headgate.gateway.intake import Request
from headgate.gateway.passthrough.serving import Passed
from headgate.gateway.pump import Pump
from headgate.gateway.replies import bare_error, run_headers
from headgate.gateway.serve import Gateway
from headgate.kernel import json
from headgate.kernel.errors import GatewayError, NotFound, is_google
from headgate.rim.bodies import ClientGone
from headgate.rim.context import caller_of
from headgate.rim.router import Router
from headgate.wire.openai_models import model_body, models_body
from headgate.wire.passthrough import RAW

router = Router("gateway")


@router.post("/v1/chat/completions", right="calls:write", docs=CHAT)
async def chat_completions(request: HttpRequest) -> Response:
    """OpenAI chat completions, plain and streaming. Unknown fields reach the provider unchanged."""
    return await answer(request, "/v1/chat/completions")


@router.post("/v1/completions", right="calls:write", docs=COMPLETIONS)
async def completions(request: HttpRequest) -> Response:
    """OpenAI text completions, plain and streaming."""
    return await answer(request, "/v1/completions")


@router.post("/v1/messages", right="calls:write", docs=MESSAGES)
async def messages(request: HttpRequest) -> Response:
    """Anthropic messages, plain and streaming. For a provider of another format the request is translated."""
    return await answer(request, "/v1/messages")


@router.post("/v1/messages/count_tokens", right="calls:write", docs=COUNT_TOKENS)
async def count_tokens(request: HttpRequest) -> Response:
    """How many tokens a message would take. Estimated when the model's provider does not count in this format."""
    return await answer(request, "/v1/messages/count_tokens")


@router.post("/v1/responses", right="calls:write", docs=RESPONSES)
async def responses(request: HttpRequest) -> Response:
    """OpenAI responses, plain and streaming. For a provider of another format the request is translated."""
    return await answer(request, "/v1/responses")


@router.post(
    "/v1beta/models/{model:path}:generateContent", right="calls:write", docs=GENERATE,
    aliases=("/v1/models/{model:path}:generateContent",),
)  # fmt: skip
async def generate_content(request: HttpRequest, model: str) -> Response:
    """Google's generateContent. For a provider of another format the request is translated."""
    return await answer(request, f"/v1beta/models/{model}:generateContent")


@router.post(
    "/v1beta/models/{model:path}:streamGenerateContent", right="calls:write", docs=STREAM_GENERATE,
    aliases=("/v1/models/{model:path}:streamGenerateContent",),
)  # fmt: skip
async def stream_generate_content(request: HttpRequest, model: str) -> Response:
    """Google's streamGenerateContent: events with `alt=sse`, else one JSON array."""
    return await answer(request, f"/v1beta/models/{model}:streamGenerateContent")


@router.post(
    "/v1beta/models/{model:path}:countTokens", right="calls:write", docs=COUNT,
    aliases=("/v1/models/{model:path}:countTokens",),
)  # fmt: skip
async def count_content_tokens(request: HttpRequest, model: str) -> Response:
    """Google's countTokens. Estimated when the model's provider does not count in this format."""
    return await answer(request, f"/v1beta/models/{model}:countTokens")


@router.post("/v1/embeddings", right="calls:write", docs=EMBEDDINGS)
async def embeddings(request: HttpRequest) -> Response:
    """OpenAI embeddings: one input or a batch, as floats or base64."""
    return await answer(request, "/v1/embeddings")


@router.post("/v1/explain", right="calls:write", docs=EXPLAIN)
async def explain(request: HttpRequest) -> Response:
    """What would happen to this call: what each module says, who would be asked in which order, at what cost, under which
    caps. Nobody is called, no limit is used, nothing is put on record."""
    headers = dict(request.headers.raw)
    peer = request.client.host if request.client else ""
    trusted = bool(request.scope.get("headgate.trusted"))
    endpoint = request.query_params.get("endpoint", "")
    made = Request("/v1/explain", headers, await request.body(), b"", peer, trusted)
    return _json(await gateway_of(request).explain(made, endpoint))


@router.get("/v1/models", right="models:read", docs=MODELS)
async def list_models(request: HttpRequest) -> Response:
    """The models that can be asked for: the provider's and the aliases. Anthropic's shape when `anthropic-version` is sent."""
    models = await gateway_of(request).models.all(caller_of(request))
    return _json(models_body(models, anthropic="anthropic-version" in request.headers))


@router.get("/v1/models/{model:path}", right="models:read", docs=MODEL)
async def get_model(request: HttpRequest, model: str) -> Response:
    """One model. 404 when neither the provider nor an alias has it."""
    found = await gateway_of(request).models.one(caller_of(request), model)
    if found is None:
        raise NotFound(f"The model {model!r} does not exist.", param="model")
    return _json(model_body(found, anthropic="anthropic-version" in request.headers))


def gateway_of(request: HttpRequest) -> Gateway:
    return cast(Gateway, request.app.state.gateway)


def _json(body: Any) -> Response:
    return Response(json.encode(body), media_type="application/json")


async def answer(request: HttpRequest, path: str) -> Response:
    """One call through `serve`, over ASGI."""
    gateway = gateway_of(request)
    headers = dict(request.headers.raw)
    peer = request.client.host if request.client else ""
    trusted = bool(request.scope.get("headgate.trusted"))
    try:
        query: bytes = request.scope["query_string"] if is_google(path) else b""
        call = gateway.open(Request(path, headers, await request.body(), query, peer, trusted))
    except GatewayError as error:
        return _response(bare_error(path, error))
    outcome = gateway.begin(call)
    reply = outcome if isinstance(outcome, Reply) else await _finish(request, gateway, call, outcome)
    return _response(reply, gateway, call)


async def answer_passed(request: HttpRequest, passed: Passed) -> Response:
    """One request that goes on as it came, over ASGI."""
    gateway = gateway_of(request)
    path = f"/{passed.path}" if not passed.provider else f"{RAW}/{passed.provider}/{passed.path}"
    headers = dict(request.headers.raw)
    peer = request.client.host if request.client else ""
    trusted = bool(request.scope.get("headgate.trusted"))
    try:
        call = gateway.open_passed(Request(path, headers, passed.body, b"", peer, trusted), passed)
    except GatewayError as error:
        return _response(bare_error(path, error))
    outcome = gateway.begin(call)
    reply = outcome if isinstance(outcome, Reply) else await _finish(request, gateway, call, outcome)
    return _response(reply, gateway, call)


async def _finish(request: HttpRequest, gateway: Gateway, call: Call, at: int) -> Reply:
    """`finish`, cancelled when the client leaves first. Raises ClientGone then."""
    work = asyncio.ensure_future(gateway.finish(call, at))  # noqa: TID251 - awaited below, in every case
    gone = asyncio.ensure_future(_gone(request))  # noqa: TID251 - cancelled below, in every case
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            gateway.leave(call, work.cancel)
            await asyncio.wait({work})
            if work.cancelled():
                raise ClientGone
        return await work
    finally:
        gone.cancel()
        if not work.done():
            work.cancel()


async def _gone(request: HttpRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Stream(StreamingResponse):
    """A stream whose client may leave at any time, before its first byte too."""

    def __init__(self, pump: Pump, status: int, headers: dict[str, str], media_type: str) -> None:
        super().__init__(pump, status, headers, media_type)
        self._pump = pump

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pump.leave()


def _response(reply: Reply, gateway: Gateway | None = None, call: Call | None = None) -> Response:
    headers = dict(run_headers(reply))
    media_type = reply.content_type.decode()
    if reply.chunks is None or gateway is None or call is None:
        return Response(reply.body, reply.status, headers, media_type)
    headers |= {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return _Stream(Pump(call, reply, gateway.tasks, gateway.leave), reply.status, headers, media_type)
