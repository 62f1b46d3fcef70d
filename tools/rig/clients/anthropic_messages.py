"""The anthropic SDK: messages."""

from __future__ import annotations

import base64
from typing import Any

import anthropic

from tools.rig.clients import scene
from tools.rig.clients.scene import Client, Saw

FINISH = {"end_turn": "stop", "tool_use": "tools"}
TOOLS: Any = [{"name": scene.TOOL, "description": scene.TOOL_TEXT, "input_schema": scene.PARAMETERS}]


class _Messages:
    """The checks of the client, by the methods' names."""

    def __init__(self, url: str, key: str, model: str) -> None:
        self.sdk: Any = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
        self.model = model

    def ask(self, messages: Any, **more: Any) -> Any:
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        return self.sdk.messages.create(model=self.model, max_tokens=500, messages=messages, **more)

    def plain(self) -> Saw:
        reply = self.ask(scene.HELLO, system=scene.SYSTEM)
        return {"text": reply.content[0].text, "finish": _finish(reply), "usage": _usage(reply)}

    def stream(self) -> Saw:
        asked: Any = [{"role": "user", "content": scene.HELLO}]
        with self.sdk.messages.stream(
            model=self.model, max_tokens=500, system=scene.SYSTEM, messages=asked
        ) as events:
            pieces = list(events.text_stream)
            reply: Any = events.get_final_message()
        text = reply.content[0].text
        assert "".join(pieces) == text
        return {"text": text, "finish": _finish(reply), "usage": _usage(reply), "many": len(pieces) > 3}

    def tools(self) -> Saw:
        asked: Any = [{"role": "user", "content": scene.WEATHER}]
        reply = self.ask(asked, tools=TOOLS)
        calls = [block for block in reply.content if block.type == "tool_use"]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(calls, scene.RESULTS, strict=True)
        ]
        said = {
            "role": "assistant",
            "content": [block.model_dump(exclude_none=True) for block in reply.content],
        }
        then = self.ask([*asked, said, {"role": "user", "content": results}], tools=TOOLS)
        return {"calls": _calls(reply), "finish": _finish(reply), "then": then.content[0].text}

    def tool_stream(self) -> Saw:
        asked: Any = [{"role": "user", "content": scene.WEATHER}]
        with self.sdk.messages.stream(
            model=self.model, max_tokens=500, messages=asked, tools=TOOLS
        ) as events:
            reply = events.get_final_message()
        return {"calls": _calls(reply), "finish": _finish(reply)}

    def structured(self) -> Saw:
        form = {"format": {"type": "json_schema", "schema": scene.SCHEMA}}
        return {"json": scene.arguments(self.ask(scene.PERSON, output_config=form).content[0].text)}

    def image(self) -> Saw:
        source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(scene.PNG).decode()}
        blocks = [{"type": "text", "text": scene.LOOK}, {"type": "image", "source": source}]
        return {"text": self.ask([{"role": "user", "content": blocks}]).content[0].text}

    def errors(self) -> Saw:
        seen: Saw = {}
        kinds = ((scene.FAIL_429, anthropic.RateLimitError), (scene.FAIL_400, anthropic.BadRequestError))
        for text, kind in kinds:
            try:
                self.ask(text)
            except anthropic.APIStatusError as error:
                told = "asked to fail" in str(error.message)
                seen[text[-3:]] = (error.status_code, isinstance(error, kind) and told)
        return seen


def client(url: str, key: str, model: str) -> Client:
    """`url` has no `/v1`."""
    it = _Messages(url, key, model)
    checks = (it.plain, it.stream, it.tools, it.tool_stream, it.structured, it.image, it.errors)
    return Client("anthropic messages", dict(zip(scene.FEATURES, checks, strict=True)))


def _finish(reply: Any) -> str:
    return FINISH.get(reply.stop_reason, str(reply.stop_reason))


def _usage(reply: Any) -> tuple[int, int, int]:
    usage = reply.usage
    cached = usage.cache_read_input_tokens or 0
    return usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0), usage.output_tokens, cached


def _calls(reply: Any) -> tuple[Any, ...]:
    return tuple((block.name, block.input) for block in reply.content if block.type == "tool_use")
