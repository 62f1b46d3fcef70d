"""Google's paths: found on the fast seam and over ASGI alike, with Google's errors and keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gateway.conftest import Running, serving
from tests.gateway.http import Answer

ASK: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
WAYS: dict[str, dict[str, str]] = {
    "seam": {},
    "asgi": {"origin": "http://127.0.0.1"},
}  # browsers' requests go to ASGI
PATHS = [
    "/v1beta/models/gemini-2.5-flash:{}",
    "/v1/models/gemini-2.5-flash:{}",
    "/v1beta/models/google%2Fgemini:{}",
]


async def ask(running: Running, path: str, way: str, body: Any = ASK, **headers: str) -> Answer:
    return await running.ask(body, path=path, headers=WAYS[way] | headers)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent?alt=sse", "countTokens"])
async def test_a_bad_request_is_told_as_google_tells_it(
    running: Running, path: str, verb: str, way: str
) -> None:
    answer = await ask(running, path.format(verb), way, {"contents": []})

    assert answer.status == 400
    error = answer.json["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["metadata"]["param"] == "contents"


@pytest.mark.parametrize("way", WAYS)
async def test_keys_in_the_header_or_the_address_open_the_door(tmp_path: Path, way: str) -> None:
    path = "/v1beta/models/m:generateContent"
    async with serving(tmp_path / "data", api_key="boot", cors_origins=("http://127.0.0.1",)) as running:
        refused = await ask(running, path, way, {"contents": []})
        wrong = await ask(running, f"{path}?key=other", way, {"contents": []})
        by_query = await ask(running, f"{path}?key=boot", way, {"contents": []})
        by_header = await ask(running, path, way, {"contents": []}, **{"x-goog-api-key": "boot"})

    assert refused.status == wrong.status == 401
    assert refused.json["error"]["status"] == "UNAUTHENTICATED"
    assert by_query.status == by_header.status == 400


async def test_other_verbs_and_methods_are_refused(running: Running) -> None:
    assert (await ask(running, "/v1beta/models/m:embedContent", "seam")).status == 404
    got = await running.get("/v1beta/models/m:generateContent")
    assert got.status == 405 and got.json["error"]["code"] == 405


async def test_a_model_that_can_be_none_is_refused(running: Running) -> None:
    answer = await ask(running, f"/v1beta/models/{'m' * 2000}:generateContent", "seam")
    assert answer.status == 400
    assert answer.json["error"]["details"][0]["metadata"]["param"] == "model"
