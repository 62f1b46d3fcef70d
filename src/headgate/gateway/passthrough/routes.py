"""`/v1/passthrough/{provider}/{path}`, and images, audio, moderations, rerank, files and batches at their usual paths."""

from __future__ import annotations

# ruff: noqa: ARG001 - path parameters are named for the document; the path itself is read as it came
from typing import Any

from fastapi import Request as HttpRequest
from fastapi import Response

from headgate.gateway.passthrough.documents import BYTES, FORM, JSON, NO_BODY
from headgate.gateway.passthrough.paths import clean, clean_query
from headgate.gateway.passthrough.serving import Passed
from headgate.gateway.routes import answer_passed
from headgate.rim.router import Router
from headgate.wire.passthrough import RAW

router = Router("passthrough")
RAW_PATH = RAW + "/{provider}/{path:path}"


@router.get(RAW_PATH, right="calls:write", docs=NO_BODY)
async def passthrough_get(request: HttpRequest, provider: str, path: str) -> Response:
    """Ask a provider for any path of its API. The path is relative to the provider's address; its own key opens it."""
    return await _raw(request, provider)


@router.post(RAW_PATH, right="calls:write", docs=BYTES)
async def passthrough_post(request: HttpRequest, provider: str, path: str) -> Response:
    """Send anything to any path of a provider's API. JSON is looked at by the guards; other bodies are marked as not scanned."""
    return await _raw(request, provider)


@router.put(RAW_PATH, right="calls:write", docs=BYTES)
async def passthrough_put(request: HttpRequest, provider: str, path: str) -> Response:
    """The same with PUT."""
    return await _raw(request, provider)


@router.patch(RAW_PATH, right="calls:write", docs=BYTES)
async def passthrough_patch(request: HttpRequest, provider: str, path: str) -> Response:
    """The same with PATCH."""
    return await _raw(request, provider)


@router.delete(RAW_PATH, right="calls:write", docs=NO_BODY)
async def passthrough_delete(request: HttpRequest, provider: str, path: str) -> Response:
    """The same with DELETE."""
    return await _raw(request, provider)


@router.post("/v1/images/generations", right="calls:write", docs=JSON)
async def generate_images(request: HttpRequest) -> Response:
    """Make images. The request goes to an OpenAI-compatible provider as it came."""
    return await _usual(request)


@router.post("/v1/images/edits", right="calls:write", docs=FORM)
async def edit_images(request: HttpRequest) -> Response:
    """Change images, sent as a form."""
    return await _usual(request)


@router.post("/v1/images/variations", right="calls:write", docs=FORM)
async def vary_images(request: HttpRequest) -> Response:
    """Make variations of an image, sent as a form."""
    return await _usual(request)


@router.post("/v1/audio/speech", right="calls:write", docs=JSON)
async def speak(request: HttpRequest) -> Response:
    """Read a text aloud. The audio is streamed."""
    return await _usual(request)


@router.post("/v1/audio/transcriptions", right="calls:write", docs=FORM)
async def transcribe(request: HttpRequest) -> Response:
    """Write down what is said in an audio file, sent as a form."""
    return await _usual(request)


@router.post("/v1/audio/translations", right="calls:write", docs=FORM)
async def translate_audio(request: HttpRequest) -> Response:
    """Write down in English what is said in an audio file."""
    return await _usual(request)


@router.post("/v1/moderations", right="calls:write", docs=JSON)
async def moderate(request: HttpRequest) -> Response:
    """Ask a provider whether a text is harmful."""
    return await _usual(request)


@router.post("/v1/rerank", right="calls:write", docs=JSON)
async def rerank(request: HttpRequest) -> Response:
    """Put documents in the order in which they answer a question."""
    return await _usual(request)


@router.get("/v1/files", right="calls:write", docs=NO_BODY)
async def list_files(request: HttpRequest) -> Response:
    """The files in the provider's account. With the server's key only for the server's own tenant."""
    return await _usual(request, free=True)


@router.post("/v1/files", right="calls:write", docs=FORM)
async def upload_file(request: HttpRequest) -> Response:
    """Put a file into the provider's account."""
    return await _usual(request, free=True)


@router.get("/v1/files/{file_id}", right="calls:write", docs=NO_BODY)
async def get_file(request: HttpRequest, file_id: str) -> Response:
    """What the provider knows of a file."""
    return await _usual(request, free=True)


@router.get("/v1/files/{file_id}/content", right="calls:write", docs=NO_BODY)
async def get_file_content(request: HttpRequest, file_id: str) -> Response:
    """The file itself, streamed."""
    return await _usual(request, free=True)


@router.delete("/v1/files/{file_id}", right="calls:write", docs=NO_BODY)
async def delete_file(request: HttpRequest, file_id: str) -> Response:
    """Remove a file from the provider's account."""
    return await _usual(request, free=True)


@router.get("/v1/batches", right="calls:write", docs=NO_BODY)
async def list_batches(request: HttpRequest) -> Response:
    """The batches in the provider's account."""
    return await _usual(request, free=True)


@router.post("/v1/batches", right="calls:write", docs=JSON)
async def create_batch(request: HttpRequest) -> Response:
    """Start a batch. What it will cost nobody knows, so it is refused under a cap."""
    return await _usual(request)


@router.get("/v1/batches/{batch_id}", right="calls:write", docs=NO_BODY)
async def get_batch(request: HttpRequest, batch_id: str) -> Response:
    """How a batch is doing."""
    return await _usual(request, free=True)


@router.post("/v1/batches/{batch_id}/cancel", right="calls:write", docs=NO_BODY)
async def cancel_batch(request: HttpRequest, batch_id: str) -> Response:
    """Stop a batch."""
    return await _usual(request, free=True)


async def _raw(request: HttpRequest, provider: str) -> Response:
    raw = _raw_path(request).removeprefix(RAW.encode() + b"/")
    name, _, rest = raw.partition(b"/")
    path = clean(rest)  # before anything is decided by it
    clean(name)
    return await _pass(request, provider, path, free=False)


async def _usual(request: HttpRequest, *, free: bool = False) -> Response:
    return await _pass(request, "", clean(_raw_path(request)), free=free)


async def _pass(request: HttpRequest, provider: str, path: str, *, free: bool) -> Response:
    query = clean_query(request.scope["query_string"])
    content_type = request.headers.get("content-type", "").encode("latin-1")
    body = await request.body()
    passed = Passed(request.method, provider, path, query, body, content_type or b"application/json", free)
    return await answer_passed(request, passed)


def _raw_path(request: HttpRequest) -> bytes:
    """The path as it came, without the root path."""
    scope: Any = request.scope
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    root = scope.get("root_path", "").rstrip("/").encode()
    return raw.removeprefix(root) if root and raw.startswith(root + b"/") else raw
