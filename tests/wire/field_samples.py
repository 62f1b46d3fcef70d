"""A value or more for each top-level field of the client wires, as their clients would send it."""

from __future__ import annotations

from typing import Any

from headgate.call.call import Wire

MODELS: dict[Wire, str] = {"openai.chat": "gpt-5.6", "anthropic.messages": "claude-sonnet-4-6"}
_TOOL: dict[str, Any] = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
_ASKED: dict[str, Any] = {"role": "user", "content": "hello"}
_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}

# What is always there, so that a field has something to act on.
BASES: dict[Wire, dict[str, Any]] = {
    "openai.chat": {"model": "m", "messages": [_ASKED], "max_tokens": 64000, "tools": [_TOOL]},
    "anthropic.messages": {
        "model": "m",
        "messages": [_ASKED],
        "max_tokens": 64000,
        "tools": [{"name": "look", "input_schema": _SCHEMA}],
    },
}
SAMPLES: dict[Wire, dict[str, list[Any]]] = {
    "openai.chat": {
        "audio": [{"format": "wav", "voice": "alloy"}],
        "frequency_penalty": [0.5],
        "function_call": ["none", {"name": "look"}],
        "functions": [[{"name": "find", "parameters": _SCHEMA}]],
        "logit_bias": [{"5": -100}],
        "logprobs": [True],
        "max_completion_tokens": [7],
        "metadata": [{"a": "b"}],
        "modalities": [["text", "audio"]],
        "moderation": [{"model": "omni"}],
        "n": [2],
        "parallel_tool_calls": [False],
        "prediction": [{"type": "content", "content": "x"}],
        "presence_penalty": [0.5],
        "prompt_cache_key": ["k"],
        "prompt_cache_options": [{"mode": "implicit"}],
        "prompt_cache_retention": ["24h"],
        "reasoning_effort": ["none", "low", "high"],
        "response_format": [{"type": "json_schema", "json_schema": {"name": "a", "schema": _SCHEMA}}],
        "safety_identifier": ["u"],
        "seed": [1],
        "service_tier": ["auto", "default"],
        "stop": ["x", ["x", "y"]],
        "store": [True],
        "temperature": [0, 0.7],
        "tool_choice": ["required", "none", {"type": "function", "function": {"name": "look"}}],
        "top_logprobs": [2],
        "top_p": [0.9],
        "user": ["u"],
        "verbosity": ["low"],
        "web_search_options": [{}],
    },
    "anthropic.messages": {
        "cache_control": [{"type": "ephemeral"}],
        "container": ["c"],
        "diagnostics": [{"previous_message_id": "msg_1"}],
        "inference_geo": ["eu"],
        "metadata": [{"user_id": "u"}],
        "output_config": [{"effort": "low"}, {"format": {"type": "json_schema", "schema": _SCHEMA}}],
        "service_tier": ["auto", "standard_only"],
        "speed": ["fast"],
        "stop_sequences": [["x"]],
        "system": ["be brief", [{"type": "text", "text": "be brief"}]],
        "thinking": [{"type": "disabled"}],
        "tool_choice": [{"type": "any"}, {"type": "tool", "name": "look"}, {"type": "none"}],
        "user_profile_id": ["u"],
        "workspace_id": ["w"],
        "temperature": [0.5],
        "top_p": [0.9],
        "top_k": [5],
    },
}
