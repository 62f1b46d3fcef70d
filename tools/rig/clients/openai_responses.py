"""The openai SDK: responses."""

from __future__ import annotations

import base64
from typing import Any

import openai

from tools.rig.clients import scene
from tools.rig.clients.scene import Client, Saw

TOOLS: Any = [
    {
        "type": "function", "name": scene.TOOL, "description": scene.TOOL_TEXT, "parameters": scene.PARAMETERS, "strict": True,
    }
]  # fmt: skip


class _Responses:
    """The checks of the client, by the methods' names."""

    def __init__(self, url: str, key: str, model: str) -> None:
        self.sdk: Any = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
        self.model = model

    def ask(self, given: Any, **more: Any) -> Any:
        return self.sdk.responses.create(model=self.model, input=given, **more)

    def plain(self) -> Saw:
        reply = self.ask(scene.HELLO, instructions=scene.SYSTEM)
        return {"text": reply.output_text, "finish": _finish(reply), "usage": _usage(reply)}

    def stream(self) -> Saw:
        with self.sdk.responses.stream(
            model=self.model, input=scene.HELLO, instructions=scene.SYSTEM
        ) as events:
            pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
            reply = events.get_final_response()
        assert "".join(pieces) == reply.output_text
        seen = {"text": reply.output_text, "finish": _finish(reply), "usage": _usage(reply)}
        return seen | {"many": len(pieces) > 3}

    def tools(self) -> Saw:
        asked: Any = [{"role": "user", "content": scene.WEATHER}]
        reply = self.ask(asked, tools=TOOLS)
        calls = [item for item in reply.output if item.type == "function_call"]
        results: Any = [
            {"type": "function_call_output", "call_id": call.call_id, "output": result}
            for call, result in zip(calls, scene.RESULTS, strict=True)
        ]
        given = [*asked, *(item.model_dump(exclude_none=True) for item in reply.output), *results]
        then = self.ask(given, tools=TOOLS)
        return {"calls": _calls(reply), "finish": _finish(reply), "then": then.output_text}

    def tool_stream(self) -> Saw:
        with self.sdk.responses.stream(model=self.model, input=scene.WEATHER, tools=TOOLS) as events:
            for _ in events:
                pass
            reply = events.get_final_response()
        return {"calls": _calls(reply), "finish": _finish(reply)}

    def structured(self) -> Saw:
        form: Any = {
            "format": {"type": "json_schema", "name": "person", "schema": scene.SCHEMA, "strict": True}
        }
        return {"json": scene.arguments(self.ask(scene.PERSON, text=form).output_text)}

    def image(self) -> Saw:
        url = f"data:image/png;base64,{base64.b64encode(scene.PNG).decode()}"
        parts = [{"type": "input_text", "text": scene.LOOK}, {"type": "input_image", "image_url": url}]
        return {"text": self.ask([{"role": "user", "content": parts}]).output_text}

    def errors(self) -> Saw:
        seen: Saw = {}
        for text, kind in ((scene.FAIL_429, openai.RateLimitError), (scene.FAIL_400, openai.BadRequestError)):
            try:
                self.ask(text)
            except openai.APIStatusError as error:
                told = "asked to fail" in str(error.message)
                seen[text[-3:]] = (error.status_code, isinstance(error, kind) and told)
        return seen


def client(url: str, key: str, model: str) -> Client:
    """`url` ends in `/v1`."""
    it = _Responses(url, key, model)
    checks = (it.plain, it.stream, it.tools, it.tool_stream, it.structured, it.image, it.errors)
    return Client("openai responses", dict(zip(scene.FEATURES, checks, strict=True)))


def _finish(reply: Any) -> str:
    if any(item.type == "function_call" for item in reply.output):
        return "tools"
    return "stop" if reply.status == "completed" else str(reply.status)


def _usage(reply: Any) -> tuple[int, int, int]:
    usage = reply.usage
    return usage.input_tokens, usage.output_tokens, usage.input_tokens_details.cached_tokens


def _calls(reply: Any) -> tuple[Any, ...]:
    return tuple(
        (item.name, scene.arguments(item.arguments)) for item in reply.output if item.type == "function_call"
    )
