"""The openai SDK: chat completions."""

from __future__ import annotations

import base64
from typing import Any

import openai

from tools.rig.clients import scene
from tools.rig.clients.scene import Client, Saw

FINISH = {"stop": "stop", "tool_calls": "tools"}
TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": scene.TOOL, "description": scene.TOOL_TEXT, "parameters": scene.PARAMETERS},
    }
]
HELLO: Any = [{"role": "system", "content": scene.SYSTEM}, {"role": "user", "content": scene.HELLO}]


class _Chat:
    """The checks of the client, by the methods' names."""

    def __init__(self, url: str, key: str, model: str) -> None:
        self.sdk: Any = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
        self.chat = self.sdk.chat.completions
        self.model = model

    def ask(self, messages: Any, **more: Any) -> Any:
        return self.chat.create(model=self.model, messages=messages, **more)

    def plain(self) -> Saw:
        reply = self.ask(HELLO)
        return {"text": reply.choices[0].message.content, **_ended(reply.choices[0]), "usage": _usage(reply)}

    def stream(self) -> Saw:
        options = {"include_usage": True}
        with self.chat.stream(model=self.model, messages=HELLO, stream_options=options) as events:
            pieces = [event.delta for event in events if event.type == "content.delta"]
            reply = events.get_final_completion()
        text = reply.choices[0].message.content
        assert "".join(pieces) == text
        return {"text": text, **_ended(reply.choices[0]), "usage": _usage(reply), "many": len(pieces) > 3}

    def tools(self) -> Saw:
        asked: Any = [{"role": "user", "content": scene.WEATHER}]
        reply = self.ask(asked, tools=TOOLS)
        message = reply.choices[0].message
        results: Any = [
            {"role": "tool", "tool_call_id": call.id, "content": result}
            for call, result in zip(message.tool_calls, scene.RESULTS, strict=True)
        ]
        then = self.ask([*asked, message.model_dump(exclude_none=True), *results], tools=TOOLS)
        return {"calls": _calls(message), **_ended(reply.choices[0]), "then": then.choices[0].message.content}

    def tool_stream(self) -> Saw:
        asked: Any = [{"role": "user", "content": scene.WEATHER}]
        with self.chat.stream(model=self.model, messages=asked, tools=TOOLS) as events:
            reply = events.get_final_completion()
        return {"calls": _calls(reply.choices[0].message), **_ended(reply.choices[0])}

    def structured(self) -> Saw:
        form = {
            "type": "json_schema",
            "json_schema": {"name": "person", "schema": scene.SCHEMA, "strict": True},
        }
        reply = self.ask([{"role": "user", "content": scene.PERSON}], response_format=form)
        return {"json": scene.arguments(reply.choices[0].message.content)}

    def image(self) -> Saw:
        url = f"data:image/png;base64,{base64.b64encode(scene.PNG).decode()}"
        parts = [{"type": "text", "text": scene.LOOK}, {"type": "image_url", "image_url": {"url": url}}]
        reply = self.ask([{"role": "user", "content": parts}])
        return {"text": reply.choices[0].message.content}

    def errors(self) -> Saw:
        seen: Saw = {}
        for text, kind in ((scene.FAIL_429, openai.RateLimitError), (scene.FAIL_400, openai.BadRequestError)):
            try:
                self.ask([{"role": "user", "content": text}])
            except openai.APIStatusError as error:
                told = "asked to fail" in str(error.message)
                seen[text[-3:]] = (error.status_code, isinstance(error, kind) and told)
        return seen


def client(url: str, key: str, model: str) -> Client:
    """`url` ends in `/v1`."""
    it = _Chat(url, key, model)
    checks = (it.plain, it.stream, it.tools, it.tool_stream, it.structured, it.image, it.errors)
    return Client("openai chat", dict(zip(scene.FEATURES, checks, strict=True)))


def _ended(choice: Any) -> Saw:
    return {"finish": FINISH.get(choice.finish_reason, choice.finish_reason)}


def _usage(reply: Any) -> tuple[int, int, int]:
    usage = reply.usage
    return usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details.cached_tokens


def _calls(message: Any) -> tuple[Any, ...]:
    return tuple(
        (call.function.name, scene.arguments(call.function.arguments)) for call in message.tool_calls
    )
