"""Where the fields of a generateContent request go, and what becomes of neutral fields on the way to Google's models.

The types are those of Google's SDK, whose names are in snake case.
"""

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

_SERVER_TOOLS = (
    "retrieval", "computer_use", "file_search", "google_search", "google_maps", "code_execution", "enterprise_web_search",
    "google_search_retrieval", "parallel_ai_search", "url_context", "mcp_servers", "exa_ai_search",
)  # fmt: skip
# how a medium is looked at, which other makers' models do in their own way
_LOOKS = (
    "media_resolution", "video_metadata", "media_processing", "speech_metadata", "document_metadata", "spreadsheet_metadata",
    "audio_metadata", "audio_transcription", "part_metadata",
)  # fmt: skip
_BLOB: Fields = {"data": "Image", "display_name": "Document.title", "mime_type": "Image"}
_FILE: Fields = {"file_uri": "Blob.url", "mime_type": "Image", "display_name": "Document.title"}

READ: Mapping[str, Fields | str] = {
    "GenerateContentConfigDict": {
        # of the SDK itself, not of the request
        "http_options": PLACED + WHOLE, "should_return_http_response": PLACED, "automatic_function_calling": PLACED + WHOLE,
        "system_instruction": "messages", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
        "candidate_count": "choices", "max_output_tokens": "max_tokens", "stop_sequences": "stop",
        "response_logprobs": "logprobs",
        "logprobs": "top_logprobs", "presence_penalty": "presence_penalty", "frequency_penalty": "frequency_penalty",
        "seed": "seed", "response_mime_type": "OutputFormat.json", "response_schema": "output" + WHOLE,
        "response_json_schema": "output" + WHOLE, "routing_config": DROPPED, "model_selection_config": DROPPED,
        "safety_settings": DROPPED, "tools": "tools", "tool_config": "tool_choice", "labels": PLACED,
        "cached_content": "extra.refused",
        "response_modalities": "modalities", "media_resolution": DROPPED, "speech_config": DROPPED, "audio_timestamp": DROPPED,
        "thinking_config": "thinking.effort", "image_config": DROPPED, "enable_enhanced_civic_answers": DROPPED,
        "model_armor_config": DROPPED, "service_tier": "service_tier", "audio_transcription_config": DROPPED,
        "continuation_token": DROPPED, "automatic_continuation": DROPPED, "generation_output_config": DROPPED, "store": "store",
    },
    "ContentDict": {"parts": "messages", "role": PLACED},
    "PartDict": {
        "text": "Text", "thought": "Thinking", "thought_signature": "Thinking", "inline_data": "Image", "file_data": "Image",
        "function_call": "ToolCall", "function_response": "ToolResult", "executable_code": "Opaque",
        "code_execution_result": "Opaque",
        "tool_call": "Opaque" + WHOLE, "tool_response": "Opaque" + WHOLE, **dict.fromkeys(_LOOKS, PLACED + WHOLE),
    },
    "ExecutableCodeDict": OPAQUE,
    "CodeExecutionResultDict": OPAQUE,
    "FileDict": OPAQUE,
    "BlobDict": _BLOB,
    "FileDataDict": _FILE,
    "FunctionResponseBlobDict": _BLOB,
    "FunctionResponseFileDataDict": _FILE,
    "FunctionResponsePartDict": {"inline_data": "ToolResult", "file_data": "ToolResult", **dict.fromkeys(_LOOKS, PLACED + WHOLE)},
    "FunctionCallDict": {"id": "ToolCall", "args": "ToolCall" + WHOLE, "name": "ToolCall", "partial_args": PLACED + WHOLE,
                         "will_continue": PLACED},
    "FunctionResponseDict": {
        "id": "ToolResult", "name": "ToolResult", "response": "ToolResult" + WHOLE, "parts": "ToolResult",
        "will_continue": PLACED, "scheduling": PLACED,
    },
    "ThinkingConfigDict": {
        "include_thoughts": "thinking.show", "thinking_budget": "thinking.budget_tokens", "thinking_level": "thinking.effort",
    },
    "ToolDict": {"function_declarations": "tools", **dict.fromkeys(_SERVER_TOOLS, "Opaque" + WHOLE)},
    "FunctionDeclarationDict": {
        "description": "tools", "name": "tools", "parameters": "tools" + WHOLE, "parameters_json_schema": "tools" + WHOLE,
        "response": PLACED + WHOLE, "response_json_schema": PLACED + WHOLE, "behavior": DROPPED,
    },
    "ToolConfigDict": {
        "function_calling_config": "tool_choice", "retrieval_config": DROPPED, "include_server_side_tool_invocations": DROPPED,
    },
    "FunctionCallingConfigDict": {
        "mode": "tool_choice", "allowed_function_names": "ToolChoice.allowed", "stream_function_call_arguments": DROPPED,
    },
}  # fmt: skip

_MARKS = dropped("prompts are cached without marks")

WRITE: Mapping[str, Destiny] = {
    "model": sent("in the path"),
    "messages": sent(
        "`systemInstruction` and `contents`; later system messages move to the front, which is told"
    ),
    "Message.name": dropped(),
    "stream": sent("in the path"),
    "include_usage": sent("it is always told"),
    "max_tokens": sent(),
    "temperature": sent(),
    "top_p": sent(),
    "top_k": sent(),
    "stop": sent(),
    "tools": sent(),
    "Tool.strict": dropped("this provider does not promise to hold itself to schemas"),
    "Tool.custom": changed(
        "offered as a function with one text, a grammar in words; its calls come back as calls of the tool"
    ),
    "Tool.cache": _MARKS,
    "tool_choice": sent(),
    "ToolChoice.allowed": sent(),
    "parallel_tools": dropped("this provider decides itself how many calls it makes at once"),
    "output": sent("`responseJsonSchema`"),
    "OutputFormat.json": sent("`responseMimeType`"),
    "OutputFormat.name": sent("not needed there"),
    "OutputFormat.strict": sent("always so there"),
    "thinking.mode": sent(),
    "thinking.effort": sent("as a budget of tokens to models before Gemini 3, as a level to later ones"),
    "thinking.budget_tokens": sent("a level for Gemini 3 and later, which is told"),
    "thinking.show": sent("`includeThoughts`"),
    "verbosity": dropped(),
    "choices": sent("`candidateCount`"),
    "seed": sent(),
    "presence_penalty": sent(),
    "frequency_penalty": sent(),
    "logprobs": sent(),
    "top_logprobs": sent(),
    "user": dropped(),
    "metadata": dropped(),
    "service_tier": dropped("but for flex and priority: the usual one goes without saying"),
    "cache": _MARKS,
    "store": dropped(),
    "modalities": refused("it does not speak in answers to this format"),
    "extra.shared": dropped(),
    "extra.refused": refused("what one provider keeps is not known to another"),
    "Text": sent(),
    "Text.cache": _MARKS,
    "Text.citations": dropped(),
    "Image": sent(),
    "Image.detail": dropped(),
    "Image.cache": _MARKS,
    "Blob.file_id": refused("a file id is known only to the service that gave it"),
    "Blob.url": sent(),
    "Audio": sent(),
    "Video": sent(),
    "Document": sent("text files as text"),
    "Document.title": sent("before the text of text files"),
    "Document.context": dropped(),
    "Document.citations": dropped(),
    "Document.cache": _MARKS,
    "Thinking": dropped("unless Google signed it: it means something only to its maker"),
    "ToolCall": sent(),
    "ToolCall.signature": sent(),
    "ToolCall.cache": _MARKS,
    "ToolResult": sent(),
    "ToolResult.is_error": sent("the result is an `error`"),
    "ToolResult.cache": _MARKS,
    "Refusal": sent("as text"),
    "Opaque": refused("it runs only at its own provider; in an answer sent back it is dropped"),
}
