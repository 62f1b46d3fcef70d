"""Which tools a request brings results of: what came back from them had influence on the answer."""

from __future__ import annotations

from headgate.call.call import Call
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import ToolCall, ToolResult
from headgate.wire.spec import WIRES

MAYBE_RESULTS = (b"tool", b"function")  # every wire's results hold one of these words


def tools_of_results(call: Call) -> set[str]:
    """The names of the tools whose results stand in the request; "" for a result of a tool that is not named.
    Raises GatewayError or ValueError when the request cannot be read."""
    codec = CODECS.get(call.wire)
    if codec is None or not any(word in call.body for word in MAYBE_RESULTS):
        return set()
    whole = WIRES[call.endpoint].whole_body
    request = codec.read_request(call.body if whole is None else whole(call))
    parts = [part for message in request.messages for part in message.parts]
    names = {part.id: part.name for part in parts if isinstance(part, ToolCall)}
    return {part.name or names.get(part.call_id, "") for part in parts if isinstance(part, ToolResult)}
