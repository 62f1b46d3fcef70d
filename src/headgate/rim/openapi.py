"""The OpenAPI document: what FastAPI derives from the routes, completed with errors, credentials and examples."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from headgate import __version__
from headgate.kernel import json
from headgate.kernel.errors import ANTHROPIC_PATH, is_google
from headgate.rim.router import PUBLIC

Document = dict[str, Any]

DESCRIPTION = (
    "Every route names the right it needs in `x-right`. Errors have one envelope for each family of paths; "
    "lists take `limit` and `offset` and carry `total` and `has_more`."
)
SCHEMES: Document = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "Any live key: `Authorization: Bearer pk_...`.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "adminKey": {"type": "apiKey", "in": "header", "name": "X-Admin-Key"},
    "azureKey": {"type": "apiKey", "in": "header", "name": "api-key"},
    "googleKey": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
}
ANY_KEY: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]

_TEXT = {"type": "string"}
_STATUS = {"type": "integer", "examples": [404]}
ERROR_SCHEMAS: Document = {
    "OpenAIError": {
        "type": "object", "required": ["error"],
        "description": "The error object of `/v1/*`. Ours has all fields; that of a provider passes on as it is.",
        "properties": {"error": {
            "type": "object", "required": ["message"],  # a provider's own error passes as it is
            "properties": {
                "message": _TEXT, "type": _TEXT, "param": {"type": ["string", "null"]}, "code": _TEXT, "status": _STATUS,
            },
        }},
    },
    "AnthropicError": {
        "type": "object", "required": ["type", "error"],
        "description": "The error object of `/v1/messages`. Ours has all fields; that of a provider passes on as it is.",
        "properties": {"type": _TEXT, "error": {
            "type": "object", "required": ["type", "message"],
            "properties": {"type": _TEXT, "message": _TEXT, "code": _TEXT, "param": _TEXT, "status": _STATUS},
        }},
    },
    "GoogleError": {
        "type": "object", "required": ["error"],
        "description": "The error object of `/v1beta/*`. Ours has `details`; that of a provider passes on as it is.",
        "properties": {"error": {
            "type": "object", "required": ["message"],
            "properties": {
                "code": _STATUS, "message": _TEXT, "status": _TEXT,
                "details": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            },
        }},
    },
    "PunkError": {
        "type": "object", "required": ["error", "code", "status"], "description": "The error body of `/api/v1/*`.",
        "properties": {
            "error": {"type": "string", "description": "A sentence."},
            "code": {"type": "string", "examples": ["punk_not_found"]},
            "status": _STATUS,
            "param": {"type": "string", "description": "The field that is wrong, when one is."},
        },
    },
    "PlainError": {
        "type": "object", "required": ["error"], "description": "The error body of `/api/*` and everything else.",
        "properties": {"error": {
            "type": "object", "required": ["code", "message", "status"],
            "properties": {"code": _TEXT, "message": _TEXT, "status": _STATUS, "param": _TEXT},
        }},
    },
}  # fmt: skip
WORDS = {
    "400": "The request is not valid; the body names the field.",
    "401": "No credential, or one that is unknown, expired or revoked.",
    "403": "The key may not do that, or a rule forbids it.",
    "404": "There is no such thing in this tenant.",
    "408": "The request body did not arrive in time.",
    "409": "Something has this name already, or is no longer in the state that this needs.",
    "413": "The request body is too large.",
    "429": "Too many requests, or a cap is reached; see `Retry-After`.",
    "500": "Something broke inside; the body says under which id the log has it.",
    "503": "The database or the record cannot be reached at the moment.",
}


class OpenApi:
    """Builds the document once, in a thread, when it is first asked for."""

    def __init__(self, app: FastAPI, *, root_path: str) -> None:
        self._app = app
        self._root_path = root_path
        self._built: asyncio.Future[bytes] | None = None

    async def document(self) -> bytes:
        """The document as JSON."""
        if self._built is None:
            self._built = asyncio.get_running_loop().run_in_executor(None, self._build)
        return await asyncio.shield(self._built)

    def _build(self) -> bytes:
        return json.encode(build_document(self._app, root_path=self._root_path))


def build_document(app: FastAPI, *, root_path: str = "") -> Document:
    """The whole document as a value."""
    document = get_openapi(
        title="Headgate", version=__version__, openapi_version="3.1.0", summary="A self-hosted LLM gateway.",
        description=DESCRIPTION, routes=app.router.routes, servers=[{"url": root_path or "/"}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(ERROR_SCHEMAS)
    components["securitySchemes"] = SCHEMES
    for path, operation in _operations(document):
        _complete(path, operation)
    return document


def family_schema(path: str) -> str:
    """Which error schema the answers at `path` follow."""
    if path.startswith("/api/v1/"):
        return "PunkError"
    if path.startswith(ANTHROPIC_PATH):
        return "AnthropicError"
    if is_google(path):
        return "GoogleError"
    return "OpenAIError" if path.startswith("/v1/") else "PlainError"


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for operation in cast(Document, item).values():
            yield path, operation


def _complete(path: str, operation: Document) -> None:
    public = operation["x-right"] == PUBLIC
    operation["security"] = [{}, *ANY_KEY] if public else ANY_KEY
    responses: Document = operation["responses"]
    responses.pop("422", None)
    statuses = ["400", "429", "500", "503"] if public else ["400", "401", "403", "429", "500", "503"]
    if "requestBody" in operation:
        statuses += [
            "404",
            "408",
            "409",
            "413",
        ]  # a body may name something that is not there, or is there already
    elif "{" in path or operation.get("parameters"):
        statuses += ["404", "409"]  # and so may a path or a query
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{family_schema(path)}"}}}
    for status in sorted(statuses):
        responses.setdefault(status, {"description": WORDS[status], "content": content})
