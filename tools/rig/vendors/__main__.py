"""The upstream as a process: `python -m tools.rig.vendors --port N`. What it was asked is at `/_seen`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

import uvicorn

from tools.rig.vendors import anthropic, bedrock, google, openai
from tools.rig.vendors.scene import PROMPT_TOKENS, answer, fields

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
JSON, SSE, EVENTS = "application/json", "text/event-stream", "application/vnd.amazon.eventstream"


class Out:
    """One answer: JSON, or a stream of chunks, each sent on its own."""

    def __init__(
        self, status: int, body: Any = None, *, kind: str = JSON, chunks: Iterable[bytes] = ()
    ) -> None:
        self.status = status
        self.kind = kind
        self.chunks = [json.dumps(body).encode()] if body is not None else list(chunks)
        self.headers: dict[str, str] = {}


def chat(body: dict[str, Any]) -> Out:
    asked = openai.read_chat(body)
    if asked.status != 200:
        return Out(asked.status, openai.error(asked.status))
    said = answer(asked)
    if not asked.stream:
        return Out(200, openai.chat(asked, said))
    usage = bool(fields(body.get("stream_options")).get("include_usage"))
    return Out(200, kind=SSE, chunks=openai.chat_stream(asked, said, usage=usage))


def responses(body: dict[str, Any]) -> Out:
    asked = openai.read_responses(body)
    if asked.status != 200:
        return Out(asked.status, openai.error(asked.status))
    said = answer(asked)
    if not asked.stream:
        return Out(200, openai.responses(asked, said))
    return Out(200, kind=SSE, chunks=openai.responses_stream(asked, said))


def messages(body: dict[str, Any]) -> Out:
    asked = anthropic.read(body)
    if asked.status != 200:
        return Out(asked.status, anthropic.error(asked.status))
    said = answer(asked)
    if not asked.stream:
        return Out(200, anthropic.message(asked, said))
    return Out(200, kind=SSE, chunks=anthropic.stream(asked, said))


def generate(model: str, verb: str, body: dict[str, Any]) -> Out:
    if verb == "countTokens":
        return Out(200, {"totalTokens": PROMPT_TOKENS})
    asked = google.read(model, body, stream=verb == "streamGenerateContent")
    if asked.status != 200:
        return Out(asked.status, google.error(asked.status))
    said = answer(asked)
    if not asked.stream:
        return Out(200, google.content(asked, said))
    return Out(200, kind=SSE, chunks=google.stream(asked, said))


def converse(model: str, verb: str, body: dict[str, Any]) -> Out:
    asked = bedrock.read(model, body, stream=verb == "converse-stream")
    if asked.status != 200:
        out = Out(asked.status, bedrock.error(asked.status))
        out.headers["x-amzn-errortype"] = bedrock.kind_of(asked.status)
        return out
    said = answer(asked)
    if not asked.stream:
        return Out(200, bedrock.converse(said))
    return Out(200, kind=EVENTS, chunks=bedrock.stream(said))


def models(path: str, *, anthropic_shape: bool) -> Out:
    """The lists of models, each in its vendor's shape; any single one is there."""
    _, _, name = path.partition("/models")
    one = name.removeprefix("/")
    if anthropic_shape:
        rows = [
            {
                "type": "model",
                "id": each,
                "display_name": each,
                "created_at": "2025-09-29T00:00:00Z",
                "lifecycle": "active",
            }
            for each in ([one] if one else ["claude-sonnet-4-5", "claude-haiku-4-5"])
        ]
        whole = {"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]}
        return Out(200, rows[0] if one else whole)
    of_google = "/openai/" in path
    names = [one] if one else ["gemini-2.5-flash"] if of_google else ["gpt-4o-mini", "gpt-4o"]
    own = [{"id": each, "object": "model", "created": 1_700_000_000, "owned_by": "vendor"} for each in names]
    return Out(200, own[0] if one else {"object": "list", "data": own})


def respond(path: str, raw: bytes, headers: dict[str, str]) -> Out:
    """Whatever vendor's path it is."""
    if not raw and "/models" in path and ":" not in path.rsplit("/", 1)[-1]:
        return models(path, anthropic_shape="anthropic-version" in headers)
    body: dict[str, Any] = json.loads(raw) if raw else {}
    last = path.rsplit("/", 1)[-1]
    if path.endswith("/chat/completions"):
        return chat(body)
    if last == "responses":
        return responses(body)
    if path.endswith("/messages/count_tokens"):
        return Out(200, {"input_tokens": PROMPT_TOKENS})
    if last == "messages":
        return messages(body)
    if ":" in last and "/models/" in path:
        model, _, verb = last.partition(":")
        return generate(model, verb, body)
    if last in ("converse", "converse-stream"):
        return converse(unquote(path.split("/")[-2]), last, body)
    return Out(404, openai.error(404))


class App:
    """The ASGI application. Keeps the requests it has seen."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        path: str = scope["path"]
        if path == "/_seen":
            out = Out(200, self.seen)
        else:
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            self.seen.append({"path": path, "headers": headers, "body": raw.decode("utf-8", "replace")})
            out = respond(
                scope.get("raw_path", path.encode()).decode() if "converse" in path else path, raw, headers
            )
        await _send(out, send)


async def _send(out: Out, send: Send) -> None:
    headers = [(b"content-type", out.kind.encode())]
    headers += [(name.encode(), value.encode()) for name, value in out.headers.items()]
    await send({"type": "http.response.start", "status": out.status, "headers": headers})
    for chunk in out.chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    parser = argparse.ArgumentParser(description="An upstream that speaks as the vendors do.")
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(App(), host="127.0.0.1", port=parser.parse_args().port, log_level="warning")


if __name__ == "__main__":
    main()
