"""A value or more for each top-level field of the client wires, as their clients would send it."""

from __future__ import annotations

from typing import Any

from headgate.call.call import Wire

MODELS: dict[Wire, str] = {
    "openai.chat": "gpt-5.6",
    "anthropic.messages": "claude-sonnet-4-6",
    "openai.responses": "gpt-5.6",
    "google.generate": "gemini-2.5-flash",
    "bedrock.converse": "anthropic.claude-sonnet-4-5-v1:0",
}
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
    "openai.responses": {
        "model": "m",
        "input": [_ASKED],
        "max_output_tokens": 64000,
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": None}],
    },
    "google.generate": {"tools": [{"functionDeclarations": [{"name": "look"}]}], "max_output_tokens": 64000},
}
# Google's fields that stand beside the config of the generation
_BESIDE = frozenset({
    "system_instruction", "tools", "tool_config", "safety_settings", "cached_content", "labels", "service_tier", "store",
    "model_armor_config",
})  # fmt: skip


def body_of(wire: Wire, fields: dict[str, Any]) -> dict[str, Any]:
    """A request of these top-level fields, each where its format has it."""
    if wire != "google.generate":
        return fields
    beside = {name: value for name, value in fields.items() if name in _BESIDE}
    config = {name: value for name, value in fields.items() if name not in _BESIDE}
    return {
        "model": "m",
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        **beside,
        "generation_config": config,
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
    "openai.responses": {
        "access_programs": [{"cyber": "standard"}],
        "background": [True],
        "background_options": [{"completion_window": "soonest"}],
        "context_management": [[{"type": "compaction"}]],
        "conversation": ["conv_1"],
        "image": [{"context_compression": "auto"}],
        "instructions": ["be brief"],
        "max_tool_calls": [3],
        "metadata": [{"a": "b"}],
        "moderation": [{"model": "omni"}],
        "parallel_tool_calls": [False],
        "prompt": [{"id": "pmpt_1"}],
        "prompt_cache_key": ["k"],
        "prompt_cache_options": [{"mode": "implicit"}],
        "prompt_cache_retention": ["24h"],
        "reasoning": [{"effort": "low"}],
        "safety_identifier": ["u"],
        "service_tier": ["default"],
        "store": [True],
        "temperature": [0, 0.7],
        "text": [{"format": {"type": "json_schema", "name": "a", "schema": _SCHEMA}}],
        "tool_choice": ["required", {"type": "function", "name": "look"}],
        "top_logprobs": [2],
        "top_p": [0.9],
        "user": ["u"],
    },
    "google.generate": {
        "system_instruction": [{"parts": [{"text": "be brief"}]}],
        "temperature": [0, 0.7],
        "top_p": [0.9],
        "top_k": [5],
        "candidate_count": [2],
        "stop_sequences": [["x"]],
        "response_logprobs": [True],
        "logprobs": [2],
        "presence_penalty": [0.5],
        "frequency_penalty": [0.5],
        "seed": [1],
        "response_mime_type": ["application/json"],
        "routing_config": [{"manual_mode": {}}],
        "model_selection_config": [{"feature_selection_preference": "BALANCED"}],
        "safety_settings": [[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]],
        "tool_config": [{"function_calling_config": {"mode": "ANY"}}],
        "cached_content": ["cachedContents/1"],
        "response_modalities": [["TEXT", "AUDIO"]],
        "media_resolution": ["MEDIA_RESOLUTION_LOW"],
        "speech_config": [{"language_code": "de"}],
        "audio_timestamp": [True],
        "thinking_config": [{"thinking_level": "LOW"}],
        "image_config": [{"aspect_ratio": "1:1"}],
        "enable_enhanced_civic_answers": [True],
        "model_armor_config": [{"prompt_template_name": "p"}],
        "service_tier": ["standard"],
        "audio_transcription_config": [{"x": 1}],
        "continuation_token": ["t"],
        "automatic_continuation": [True],
        "generation_output_config": [{"x": 1}],
        "store": [True],
    },
}
