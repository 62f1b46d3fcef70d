"""The google-genai SDK: generateContent."""

from __future__ import annotations

from typing import Any

from google import genai
from google.genai import errors as genai_errors
from google.genai import types

from tools.rig.clients import scene
from tools.rig.clients.scene import Client, Saw


class _Generate:
    """The checks of the client, by the methods' names."""

    def __init__(self, url: str, key: str, model: str) -> None:
        self.options = types.HttpOptions(base_url=url, retry_options=types.HttpRetryOptions(attempts=1))
        self.sdk: Any = genai.Client(api_key=key, vertexai=False, http_options=self.options)
        self.declared = types.FunctionDeclaration(
            name=scene.TOOL, description=scene.TOOL_TEXT, parameters_json_schema=scene.PARAMETERS
        )
        self.with_tools = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=[self.declared])],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        self.with_system = types.GenerateContentConfig(system_instruction=scene.SYSTEM)
        self.model = model

    def ask(self, contents: Any, config: Any = None) -> Any:
        return self.sdk.models.generate_content(model=self.model, contents=contents, config=config)

    def plain(self) -> Saw:
        reply = self.ask(scene.HELLO, self.with_system)
        return {"text": reply.text, "finish": _finish(reply), "usage": _usage(reply)}

    def stream(self) -> Saw:
        chunks = list(
            self.sdk.models.generate_content_stream(
                model=self.model, contents=scene.HELLO, config=self.with_system
            )
        )
        pieces = [chunk.text for chunk in chunks if chunk.text]
        last = next(chunk for chunk in reversed(chunks) if chunk.candidates)
        told = next(chunk for chunk in reversed(chunks) if chunk.usage_metadata)
        return {
            "text": "".join(pieces),
            "finish": _finish(last),
            "usage": _usage(told),
            "many": len(pieces) > 3,
        }

    def tools(self) -> Saw:
        asked = types.Content(role="user", parts=[types.Part.from_text(text=scene.WEATHER)])
        reply = self.ask([asked], self.with_tools)
        results = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"result": result}
                )
            )
            for call, result in zip(reply.function_calls, scene.RESULTS, strict=True)
        ]
        then = self.ask(
            [asked, reply.candidates[0].content, types.Content(role="user", parts=results)], self.with_tools
        )
        return {"calls": _calls([reply]), "finish": _finish(reply), "then": then.text}

    def tool_stream(self) -> Saw:
        chunks = list(
            self.sdk.models.generate_content_stream(
                model=self.model, contents=scene.WEATHER, config=self.with_tools
            )
        )
        return {"calls": _calls(chunks), "finish": "tools" if _calls(chunks) else "stop"}

    def structured(self) -> Saw:
        config = types.GenerateContentConfig(
            response_mime_type="application/json", response_json_schema=scene.SCHEMA
        )
        return {"json": scene.arguments(self.ask(scene.PERSON, config).text)}

    def image(self) -> Saw:
        return {
            "text": self.ask([scene.LOOK, types.Part.from_bytes(data=scene.PNG, mime_type="image/png")]).text
        }

    def errors(self) -> Saw:
        seen: Saw = {}
        for text, status in ((scene.FAIL_429, "RESOURCE_EXHAUSTED"), (scene.FAIL_400, "INVALID_ARGUMENT")):
            try:
                self.ask(text)
            except genai_errors.APIError as error:
                told = "asked to fail" in str(error.message)
                is_client = isinstance(error, genai_errors.ClientError)
                seen[text[-3:]] = (error.code, is_client and error.status == status and told)
        return seen


def client(url: str, key: str, model: str) -> Client:
    """`url` has no version in it."""
    it = _Generate(url, key, model)
    checks = (it.plain, it.stream, it.tools, it.tool_stream, it.structured, it.image, it.errors)
    return Client("google generate", dict(zip(scene.FEATURES, checks, strict=True)))


def _finish(reply: Any) -> str:
    if reply.function_calls:
        return "tools"
    finish = reply.candidates[0].finish_reason
    return "stop" if finish == types.FinishReason.STOP else str(finish)


def _usage(reply: Any) -> tuple[int, int, int]:
    usage = reply.usage_metadata
    return usage.prompt_token_count, usage.candidates_token_count, usage.cached_content_token_count or 0


def _calls(replies: list[Any]) -> tuple[Any, ...]:
    return tuple((call.name, call.args) for reply in replies for call in reply.function_calls or ())
