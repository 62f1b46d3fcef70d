"""botocore: Bedrock's converse, to judge the upstream of that name (the gateway has no such client format)."""

from __future__ import annotations

from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs] - it has none
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs] - it has none

from tools.rig.clients import scene
from tools.rig.clients.scene import Client, Saw


def client(url: str, key: str, model: str) -> Client:
    """Streams are parsed by botocore's own event stream parser."""
    session: Any = botocore.session.get_session()  # pyright: ignore[reportUnknownMemberType] - untyped
    session.set_credentials("AKIDEXAMPLE", key)
    config = Config(retries={"max_attempts": 1, "mode": "standard"})
    sdk = session.create_client("bedrock-runtime", region_name="us-east-1", endpoint_url=url, config=config)
    asked: Any = [{"role": "user", "content": [{"text": scene.HELLO}]}]
    system = [{"text": scene.SYSTEM}]

    def plain() -> Saw:
        reply = sdk.converse(modelId=model, messages=asked, system=system)
        text = reply["output"]["message"]["content"][0]["text"]
        return {"text": text, "finish": _finish(reply["stopReason"]), "usage": _usage(reply["usage"])}

    def stream() -> Saw:
        events = list(sdk.converse_stream(modelId=model, messages=asked, system=system)["stream"])
        pieces = [
            event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event
        ]
        stop = next(event["messageStop"]["stopReason"] for event in events if "messageStop" in event)
        usage = next(event["metadata"]["usage"] for event in events if "metadata" in event)
        return {
            "text": "".join(pieces),
            "finish": _finish(stop),
            "usage": _usage(usage),
            "many": len(pieces) > 3,
        }

    return Client("bedrock converse", {"plain": plain, "stream": stream})


def _finish(reason: str) -> str:
    return {"end_turn": "stop", "tool_use": "tools"}.get(reason, reason)


def _usage(usage: Any) -> tuple[int, int, int]:
    return (
        usage["inputTokens"] + usage["cacheReadInputTokens"],
        usage["outputTokens"],
        usage["cacheReadInputTokens"],
    )
