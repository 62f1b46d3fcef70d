"""Where the fields of a messages request go, and what becomes of neutral fields on the way to Anthropic's models."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.wire.destiny import (
    DROPPED,
    OPAQUE,
    PLACED,
    WHOLE,
    Destiny,
    Fields,
    changed,
    dropped,
    refused,
    sent,
)

_MESSAGE: Fields = {"content": "messages", "role": PLACED}
_NO_PARALLEL: Fields = {"type": "tool_choice", "disable_parallel_tool_use": "parallel_tools"}
_FILE: Fields = {"file_id": "Blob.file_id", "type": PLACED}
_URL: Fields = {"url": "Blob.url", "type": PLACED}

READ: Mapping[str, Fields | str] = {
    "MessageCreateParamsNonStreaming": {
        "max_tokens": "max_tokens", "messages": "messages", "model": "model", "cache_control": "cache", "container": DROPPED,
        "diagnostics": DROPPED, "inference_geo": DROPPED, "metadata": "user", "output_config": "output",
        "service_tier": "service_tier", "speed": DROPPED, "stop_sequences": "stop", "system": "messages",
        "thinking": "thinking.mode", "tool_choice": "tool_choice", "tools": "tools", "user_profile_id": DROPPED,
        "workspace_id": DROPPED, "stream": "stream",
        # not in the SDK any more, but taken by older models
        "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
    },
    "UserMessageParam": _MESSAGE,
    "AssistantMessageParam": _MESSAGE,
    "SystemMessageParam": _MESSAGE,
    "CacheControlEphemeralParam": {"type": PLACED, "ttl": "Text.cache"},
    "MetadataParam": {"user_id": "user"},
    "OutputConfigParam": {"effort": "thinking.effort", "format": "output"},
    "JSONOutputFormatParam": {"schema": "output", "type": PLACED},
    "TextBlockParam": {"text": "Text", "type": PLACED, "cache_control": "Text.cache", "citations": "Text.citations" + WHOLE},
    "ThinkingConfigEnabledParam": {
        "budget_tokens": "thinking.budget_tokens", "type": "thinking.mode", "display": "thinking.show",
    },
    "ThinkingConfigDisabledParam": {"type": "thinking.mode"},
    "ThinkingConfigBetweenToolsParam": {"type": DROPPED},
    "ThinkingConfigAdaptiveParam": {"type": "thinking.mode", "display": "thinking.show"},
    "ToolChoiceAutoParam": _NO_PARALLEL,
    "ToolChoiceAnyParam": _NO_PARALLEL,
    "ToolChoiceToolParam": {**_NO_PARALLEL, "name": "tool_choice"},
    "ToolChoiceNoneParam": {"type": "tool_choice"},
    "ToolParam": {
        "input_schema": "tools" + WHOLE, "name": "tools", "allowed_callers": DROPPED, "cache_control": "Tool.cache",
        "defer_loading": DROPPED, "description": "tools", "eager_input_streaming": PLACED, "input_examples": DROPPED,
        "strict": "Tool.strict", "type": PLACED,
    },
    "ImageBlockParam": {"source": "Image", "type": PLACED, "cache_control": "Image.cache", "transformations": DROPPED},
    "DocumentBlockParam": {
        "source": "Document", "type": PLACED, "cache_control": "Document.cache", "citations": "Document.citations",
        "context": "Document.context", "title": "Document.title",
    },
    "CitationsConfigParam": {"enabled": "Document.citations"},
    "SearchResultBlockParam": OPAQUE,
    "ContentBlockSourceParam": OPAQUE,
    "Base64ImageSourceParam": {"data": "Image", "media_type": "Image", "type": PLACED},
    "URLImageSourceParam": _URL,
    "FileImageSourceParam": _FILE,
    "Base64PDFSourceParam": {"data": "Document", "media_type": "Document", "type": PLACED},
    "PlainTextSourceParam": {"data": "Document", "media_type": "Document", "type": PLACED},
    "URLPDFSourceParam": _URL,
    "FileDocumentSourceParam": _FILE,
    "ThinkingBlockParam": {"signature": "Thinking", "thinking": "Thinking", "type": PLACED},
    "RedactedThinkingBlockParam": {"data": "Thinking", "type": PLACED},
    "ToolUseBlockParam": {
        "id": "ToolCall", "input": "ToolCall", "name": "ToolCall", "type": PLACED, "cache_control": "ToolCall.cache",
        "caller": PLACED + WHOLE, "toolset_name": DROPPED,
    },
    "ToolResultBlockParam": {
        "tool_use_id": "ToolResult", "type": PLACED, "cache_control": "ToolResult.cache", "content": "ToolResult",
        "is_error": "ToolResult.is_error", "toolset_name": DROPPED,
    },
}  # fmt: skip

# Blocks and tools of Anthropic's own servers, by the beginning of their type's name: they run nowhere else.
SERVER_TYPES = (
    "ServerToolUse", "WebSearch", "WebFetch", "CodeExecution", "BashCodeExecution", "TextEditorCodeExecution", "ToolSearch",
    "ContainerUpload", "ToolReference", "BrowserState", "BrowserToolset", "ComputerToolset", "MemoryTool", "ToolBash",
    "ToolTextEditor",
)  # fmt: skip

_JSON_IN_WORDS = changed("asked for in the system prompt, which does not guarantee it")

WRITE: Mapping[str, Destiny] = {
    "model": sent(),
    "messages": sent(
        "system texts as `system`; later ones in place where the model takes them, else moved and told"
    ),
    "Message.name": dropped(),
    "stream": sent(),
    "include_usage": sent("always told here"),
    "max_tokens": sent("required here: the model's limit, up to 32000, when not given, which is told"),
    "temperature": sent("above 1 lowered, and dropped for models that refuse it, which is told"),
    "top_p": sent("dropped for models that refuse it, which is told"),
    "top_k": sent("dropped for models that refuse it, which is told"),
    "stop": sent("`stop_sequences`"),
    "tools": sent(),
    "Tool.strict": sent("from 4.5 on; dropped for older models"),
    "Tool.custom": changed(
        "offered as a function with one text, a grammar in words; its calls come back as calls of the tool"
    ),
    "Tool.cache": sent(),
    "tool_choice": sent(),
    "ToolChoice.allowed": changed("the tools that are not allowed are left out"),
    "parallel_tools": sent("`disable_parallel_tool_use`"),
    "output": sent("`output_config.format` from 4.5 on; older models are asked in words, which is told"),
    "OutputFormat.json": _JSON_IN_WORDS,
    "OutputFormat.name": sent("only the schema says something to the model"),
    "OutputFormat.strict": sent("schemas always hold here"),
    "thinking.mode": sent(),
    "thinking.effort": sent("`output_config.effort` from 4.6 on; a budget for older models, which is told"),
    "thinking.budget_tokens": sent("an effort for models that take no budget, which is told"),
    "thinking.show": sent("`display`"),
    "verbosity": dropped(),
    "choices": refused("there is one answer to a request; 1 is taken"),
    "seed": dropped(),
    "presence_penalty": dropped(),
    "frequency_penalty": dropped(),
    "logprobs": dropped(),
    "top_logprobs": dropped(),
    "user": sent("`metadata.user_id`"),
    "metadata": dropped("only the end user's id has a place there"),
    "service_tier": sent("auto and default; others are dropped"),
    "cache": sent("`cache_control`"),
    "store": dropped("true only; nothing is kept anyway"),
    "modalities": refused("audio only; text is taken"),
    "Text": sent(),
    "Text.cache": sent("`cache_control`; lives other than 5m and 1h as 1h, which is told"),
    "Text.citations": dropped("of other makers"),
    "Image": sent(),
    "Image.detail": dropped("but for auto"),
    "Image.cache": sent("`cache_control`"),
    "Blob.file_id": refused("a file id is known only to the service that gave it"),
    "Blob.url": sent(),
    "Audio": refused("no sound is taken"),
    "Video": refused("no film is taken"),
    "Document": sent("PDF and text; other types are refused"),
    "Document.title": sent(),
    "Document.context": sent(),
    "Document.citations": sent(),
    "Document.cache": sent("`cache_control`"),
    "Thinking": sent("with Anthropic's signature; without it dropped, since it would be refused"),
    "ToolCall": sent(),
    "ToolCall.signature": sent("Google's own, which says nothing here"),
    "ToolCall.cache": sent("`cache_control`"),
    "ToolResult": sent(),
    "ToolResult.is_error": sent(),
    "ToolResult.cache": sent("`cache_control`"),
    "Refusal": sent("as text"),
    "extra.shared": dropped(),
    "extra.refused": refused("what one provider keeps is not known to another"),
    "Opaque": refused("it runs only at its own provider; in an answer sent back it is dropped"),
}
