"""Where the fields of a responses request go, and what becomes of neutral fields on the way to a provider of this format."""

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

# What belongs to tools that OpenAI runs: their descriptions, calls and results travel as they are, to OpenAI only.
_OF_SERVER_TOOLS = (
    "ApplyPatchToolParam", "WebSearchPreviewToolParam", "ToolSearchToolParam", "NamespaceToolParam", "FunctionShellToolParam",
    "LocalShell", "ImageGeneration", "ProgrammaticToolCalling", "CodeInterpreter", "Mcp", "WebSearchToolParam",
    "ComputerUsePreviewToolParam", "ComputerToolParam", "FileSearchToolParam", "ToolChoiceShellParam",
    "ToolChoiceApplyPatchParam",
    "ToolChoiceSpecificProgrammaticToolCallingParam", "ToolChoiceMcpParam", "ToolChoiceTypesParam", "ProgramOutput", "Program",
    "ItemReference", "CompactionTrigger", "McpCall", "McpApprovalResponse", "McpApprovalRequest", "McpListTools",
    "ApplyPatchCallOutput", "ApplyPatchCall", "ShellCallOutput", "ShellCall", "LocalShellCallOutput", "LocalShellCall",
    "ResponseCodeInterpreterToolCallParam", "ImageGenerationCall", "ResponseCompactionItemParamParam",
    "ResponseConfigurationUpdateItemParamParam", "AdditionalTools", "ResponseToolSearchOutputItemParamParam", "ToolSearchCall",
    "ResponseFunctionWebSearchParam", "ComputerCallOutput", "ResponseComputerToolCallParam", "ResponseFileSearchToolCallParam",
)  # fmt: skip
_MARKED: Fields = {"type": PLACED, "prompt_cache_breakpoint": "Text.cache"}
_IMAGE: Fields = {
    "type": PLACED, "detail": "Image.detail", "file_id": "Blob.file_id", "image_url": "Image",
    "prompt_cache_breakpoint": "Image.cache",
}  # fmt: skip
_FILE: Fields = {
    "type": PLACED, "detail": PLACED, "file_data": "Document", "file_id": "Blob.file_id", "file_url": "Blob.url",
    "filename": "Document.title", "prompt_cache_breakpoint": "Document.cache",
}  # fmt: skip
# who called and in what name is told by the provider, not asked
_TOLD: Fields = {"id": PLACED, "caller": PLACED, "namespace": PLACED, "status": PLACED, "async": PLACED}
_FUNCTION: Fields = {
    "type": PLACED, "name": "tools", "description": "tools", "parameters": "tools" + WHOLE, "strict": "Tool.strict",
    "async": PLACED, "allowed_callers": PLACED, "defer_loading": PLACED, "output_schema": PLACED,
}  # fmt: skip
_CUSTOM: Fields = {
    "type": PLACED, "name": "Tool.custom", "description": "Tool.custom", "format": "Tool.custom" + WHOLE, "async": PLACED,
    "allowed_callers": PLACED, "defer_loading": PLACED,
}  # fmt: skip

READ: Mapping[str, Fields | str] = {
    "ResponseCreateParamsNonStreaming": {
        "access_programs": DROPPED, "background": "extra.refused", "background_options": DROPPED, "context_management": DROPPED,
        "conversation": "extra.refused" + WHOLE, "image": DROPPED, "include": PLACED, "input": "messages",
        "instructions": "messages",
        "max_output_tokens": "max_tokens", "max_tool_calls": DROPPED, "metadata": "metadata", "model": "model",
        "moderation": "extra.shared" + WHOLE, "parallel_tool_calls": "parallel_tools", "previous_response_id": "messages",
        "prompt": "extra.refused" + WHOLE, "prompt_cache_key": "extra.shared", "prompt_cache_options": "extra.shared" + WHOLE,
        "prompt_cache_retention": "extra.shared", "reasoning": "thinking.effort", "safety_identifier": "user",
        "service_tier": "service_tier", "store": "store", "stream_options": PLACED, "temperature": "temperature",
        "text": "output", "tool_choice": "tool_choice", "tools": "tools", "top_logprobs": "top_logprobs", "top_p": "top_p",
        "truncation": PLACED, "user": "user", "stream": "stream",
    },
    **dict.fromkeys(_OF_SERVER_TOOLS, OPAQUE),
    "EasyInputMessageParam": {"content": "messages", "role": PLACED, "phase": PLACED, "type": PLACED},
    "Message": {"content": "messages", "role": PLACED, "status": PLACED, "type": PLACED},
    "ResponseOutputMessageParam": {
        "id": PLACED, "content": "messages", "role": PLACED, "status": PLACED, "type": PLACED, "phase": PLACED,
    },
    "ResponseInputTextParam": {**_MARKED, "text": "Text"},
    "ResponseInputTextContentParam": {**_MARKED, "text": "Text"},
    "ResponseInputImageParam": _IMAGE,
    "ResponseInputImageContentParam": _IMAGE,
    "ResponseInputFileParam": _FILE,
    "ResponseInputFileContentParam": _FILE,
    "PromptCacheBreakpoint": {"mode": PLACED, "ttl": "Text.cache"},
    "ResponseOutputTextParam": {
        "annotations": "Text.citations" + WHOLE, "text": "Text", "type": PLACED, "logprobs": PLACED + WHOLE,
    },
    "ResponseOutputRefusalParam": {"refusal": "Refusal", "type": PLACED},
    "ResponseReasoningItemParam": {
        "id": "Thinking", "summary": "Thinking" + WHOLE, "type": PLACED, "content": "Thinking" + WHOLE,
        "encrypted_content": "Thinking", "status": PLACED,
    },
    "ResponseFunctionToolCallParam": {
        **_TOLD, "arguments": "ToolCall", "call_id": "ToolCall", "name": "ToolCall", "type": PLACED,
    },
    "ResponseCustomToolCallParam": {**_TOLD, "input": "ToolCall", "call_id": "ToolCall", "name": "ToolCall", "type": PLACED},
    "FunctionCallOutput": {**_TOLD, "output": "ToolResult", "call_id": "ToolResult", "name": "ToolResult", "type": PLACED},
    "ResponseCustomToolCallOutputParam": {**_TOLD, "output": "ToolResult", "call_id": "ToolResult", "type": PLACED},
    "CallerProgram": {"caller_id": PLACED, "type": PLACED},
    "CallerDirect": {"type": PLACED},
    "FunctionCallOutputCallerProgram": {"caller_id": PLACED, "type": PLACED},
    "FunctionCallOutputCallerDirect": {"type": PLACED},
    "FunctionToolParam": _FUNCTION,
    "CustomToolParam": _CUSTOM,
    "ToolChoiceFunctionParam": {"name": "tool_choice", "type": PLACED},
    "ToolChoiceCustomParam": {"name": "tool_choice", "type": PLACED},
    "ToolChoiceAllowedParam": {"mode": "tool_choice", "tools": "ToolChoice.allowed" + WHOLE, "type": PLACED},
    "ResponseTextConfigParam": {"format": "output", "verbosity": "verbosity"},
    "ResponseFormatText": {"type": "output"},
    "ResponseFormatJSONObject": {"type": "OutputFormat.json"},
    "ResponseFormatTextJSONSchemaConfigParam": {
        "name": "OutputFormat.name", "schema": "output" + WHOLE, "type": PLACED, "description": "OutputFormat.name",
        "strict": "OutputFormat.strict",
    },
    "Reasoning": {
        "context": DROPPED, "effort": "thinking.effort", "generate_summary": "thinking.show", "mode": DROPPED,
        "summary": "thinking.show",
    },
    "StreamOptions": {"include_obfuscation": PLACED},
}  # fmt: skip

_MARKS = dropped("prompts are cached without marks")

WRITE: Mapping[str, Destiny] = {
    "model": sent(),
    "messages": sent("`instructions` and `input`"),
    "Message.name": dropped(),
    "stream": sent(),
    "include_usage": sent("it is always told"),
    "max_tokens": sent("`max_output_tokens`"),
    "temperature": sent(),
    "top_p": sent(),
    "top_k": dropped(),
    "stop": dropped(),
    "tools": sent(),
    "Tool.strict": sent("false when it is not told, as elsewhere"),
    "Tool.custom": sent(),
    "Tool.cache": _MARKS,
    "tool_choice": sent(),
    "ToolChoice.allowed": sent(),
    "parallel_tools": sent(),
    "output": sent("`text.format`"),
    "OutputFormat.json": sent(),
    "OutputFormat.name": sent(),
    "OutputFormat.strict": sent(),
    "thinking.mode": sent("off as effort none, on as medium"),
    "thinking.effort": sent("`reasoning.effort`"),
    "thinking.budget_tokens": changed("the nearest effort"),
    "thinking.show": sent("`reasoning.summary`"),
    "verbosity": sent("`text.verbosity`"),
    "choices": refused("it gives one answer to a request"),
    "seed": dropped(),
    "presence_penalty": dropped(),
    "frequency_penalty": dropped(),
    "logprobs": sent("`include`"),
    "top_logprobs": sent(),
    "user": sent("`safety_identifier`"),
    "metadata": sent(),
    "service_tier": sent(),
    "cache": _MARKS,
    "store": sent("false when it is not told"),
    "modalities": refused("it does not speak"),
    "extra.shared": sent("to a provider of the same maker"),
    "extra.refused": refused("what one provider keeps is not known to another"),
    "Text": sent(),
    "Text.cache": _MARKS,
    "Text.citations": sent("OpenAI's own; others are left out"),
    "Image": sent(),
    "Image.detail": sent(),
    "Image.cache": _MARKS,
    "Blob.file_id": refused("a file id is known only to the service that gave it"),
    "Blob.url": sent(),
    "Audio": refused("it does not take sound or film"),
    "Video": refused("it does not take sound or film"),
    "Document": sent("text files as text"),
    "Document.title": sent(),
    "Document.context": dropped(),
    "Document.citations": dropped(),
    "Document.cache": _MARKS,
    "Thinking": dropped("unless OpenAI sealed it: it means something only to its maker"),
    "ToolCall": sent(),
    "ToolCall.signature": dropped("it means something only to its maker"),
    "ToolCall.cache": _MARKS,
    "ToolResult": sent(),
    "ToolResult.is_error": changed("told in the text of the result"),
    "ToolResult.cache": _MARKS,
    "Refusal": sent(),
    "Opaque": refused("it runs only at its own provider; in an answer sent back it is dropped"),
}
