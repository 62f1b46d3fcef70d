"""Requests that are passed on: to the right place with the right key, on record, paid, guarded, limited, walled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.fault_server import FaultServer
from headgate.testing.faults import LAST_CHUNK, STREAM_HEAD, Script, answer, chunk
from tests.gateway.conftest import Running, serving

USAGE = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}
WHOLE = {"id": "x", "model": "gpt-4o-mini", "choices": [], "usage": USAGE}
RAW = "/v1/passthrough/openai/v1/anything/here"
KEYS = {"openai_api_key": "sk-server"}


@pytest.fixture
async def upstream() -> AsyncIterator[FaultServer]:
    async with FaultServer() as server:
        yield server


@pytest.fixture
async def gateway(tmp_path: Path, upstream: FaultServer) -> AsyncIterator[Running]:
    async with serving(tmp_path / "data", openai_base_url=f"{upstream.url}/v1", **KEYS) as running:
        yield running


def whole(body: Any = WHOLE, *headers: str) -> Script:
    return Script((answer(json.dumps(body).encode(), "200 OK", *headers),))


async def test_any_path_goes_out_with_the_servers_key_and_comes_back_as_it_was(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(whole(WHOLE, "x-request-id: up-1"))
    sent = b'{"model": "gpt-4o-mini",  "odd": [1,2]}'
    got = await gateway.ask(sent, path=f"{RAW}?a=b&key=mine", headers={"openai-beta": "x=1", "cookie": "c"})
    assert (got.status, got.json) == (200, WHOLE)
    seen = upstream.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/anything/here?a=b", sent)
    assert seen.headers["authorization"] == "Bearer sk-server"
    assert seen.headers["openai-beta"] == "x=1"
    assert "cookie" not in seen.headers
    run = await gateway.run(got.run_id)
    assert (run["status"], run["provider"], run["wire"]) == ("completed", "openai", "passthrough")
    assert run["costUsd"] == pytest.approx(0.00075)
    assert float(got.headers["x-headgate-cost"]) == pytest.approx(0.00075)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_every_method_is_passed_on(gateway: Running, upstream: FaultServer, method: str) -> None:
    upstream.queue(whole({"ok": True}))
    got = await gateway.ask(b"" if method in ("GET", "DELETE") else b"{}", path=RAW, method=method)
    assert (got.status, upstream.seen[0].method) == (200, method)


async def test_streams_pass_and_are_paid(gateway: Running, upstream: FaultServer) -> None:
    events = [
        b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n',
        b"data: " + json.dumps(WHOLE).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]
    upstream.queue(Script((STREAM_HEAD + b"".join(map(chunk, events)) + LAST_CHUNK,)))
    got = await gateway.ask(
        {"model": "gpt-4o-mini", "stream": True}, path="/v1/passthrough/openai/chat/completions"
    )
    assert got.body == b"".join(events)
    assert got.headers["content-type"].startswith("text/event-stream")
    assert (await gateway.run(got.run_id))["costUsd"] == pytest.approx(0.00075)


@pytest.mark.parametrize(
    "path",
    ["..%2F..%2Fapi/keys", "v1/%2e%2e/x", "v1/../x", "v1//x", "v1/a%2fb", "v1/%252e%252e/x", "v1/a\\b"],
)
@pytest.mark.pain(17)
async def test_paths_are_cleaned_before_anything_is_decided(
    gateway: Running, upstream: FaultServer, path: str
) -> None:
    """Pain 17: `..%2F` got past the checks of other gateways. Nothing of it reaches a provider or another route."""
    got = await gateway.ask({}, path=f"/v1/passthrough/openai/{path}")
    assert got.status == 400
    assert upstream.seen == []


async def test_refusals_of_providers_are_told_as_everywhere(gateway: Running, upstream: FaultServer) -> None:
    upstream.queue(
        Script((answer(b'{"error":{"message":"no","code":"bad"}}', "404 Not Found"),)),
        Script((answer(b'{"error":{"message":"key"}}', "401 Unauthorized"),)),
        Script((answer(b"", "302 Found", "location: http://169.254.169.254/"),)),
        Script((answer(b"oops", "500 Internal Server Error"),)),
        Script(("reset",)),
    )
    statuses = [(await gateway.ask({"model": "m"}, path=RAW)).status for _ in range(5)]
    assert statuses == [404, 502, 502, 502, 502]
    assert len(upstream.seen) == 5, "nothing is asked twice, and no redirect is followed"
    assert {run["status"] for run in await gateway.runs()} == {"failed"}


async def test_unknown_providers_are_named_with_those_there_are(gateway: Running) -> None:
    got = await gateway.ask({}, path="/v1/passthrough/nobody/v1/x")
    assert (got.status, got.json["error"]["code"], got.json["error"]["configured"]) == (
        400,
        "unknown_provider",
        ["openai"],
    )


async def test_the_mock_has_nothing_to_pass_on_to(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as running:
        got = await running.ask({"prompt": "x"}, path="/v1/images/generations")
        assert (got.status, "configure a provider" in got.json["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    "path", ["/v1/images/generations", "/v1/moderations", "/v1/rerank", "/v1/batches", "/v1/audio/speech"]
)
async def test_usual_paths_go_to_the_models_provider(
    gateway: Running, upstream: FaultServer, path: str
) -> None:
    upstream.queue(whole({"data": []}))
    got = await gateway.ask({"model": "openai/some-model", "input": "x"}, path=path)
    assert (got.status, upstream.seen[0].path) == (200, path)
    assert json.loads(upstream.seen[0].body)["model"] == "some-model"
    assert (await gateway.run(got.run_id))["endpoint"] == path
    assert got.headers["x-headgate-cost"] == "unknown", "no usage was told, so nobody knows"


async def test_forms_pass_byte_for_byte_but_for_the_model(gateway: Running, upstream: FaultServer) -> None:
    upstream.queue(whole({"text": "hello"}))
    audio = bytes(range(256)) * 40
    form = (
        b'--b1\r\nContent-Disposition: form-data; name="model"\r\n\r\nopenai/whisper-1\r\n'
        b'--b1\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
        + audio
        + b"\r\n--b1--\r\n"
    )
    got = await gateway.ask(
        form, path="/v1/audio/transcriptions", headers={"content-type": "multipart/form-data; boundary=b1"}
    )
    assert got.json == {"text": "hello"}
    assert upstream.seen[0].body == form.replace(b"openai/whisper-1", b"whisper-1")
    assert upstream.seen[0].headers["content-type"] == "multipart/form-data; boundary=b1"
    assert "not scanned" in got.headers["x-headgate-warnings"]
    run = await gateway.run(got.run_id)
    assert run["provider"] == "openai"


async def test_bytes_of_an_answer_are_streamed_and_not_kept(gateway: Running, upstream: FaultServer) -> None:
    audio = bytes(range(256)) * 4000
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n"
    pieces = [chunk(audio[at : at + 50_000]) for at in range(0, len(audio), 50_000)]
    upstream.queue(Script((head, *pieces, LAST_CHUNK)))
    got = await gateway.ask({"model": "tts-1", "input": "hi"}, path="/v1/audio/speech")
    assert (got.body, got.headers["content-type"]) == (audio, "audio/mpeg")
    run = await gateway.run(got.run_id)
    assert run["status"] == "completed"
    assert "the answer is not JSON and was not scanned" in got.headers["x-headgate-warnings"]
    assert audio[:64] not in (await gateway.get(f"/api/v1/runs/{got.run_id}")).body


async def test_an_answer_that_breaks_off_is_a_failed_run(gateway: Running, upstream: FaultServer) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 1000\r\n\r\n"
    upstream.queue(Script((head + b"abc", 0.05, "reset")))
    async with await gateway.client() as client:
        with pytest.raises(Exception):  # noqa: B017 - the connection ends in the middle
            await client.ask({"model": "tts-1", "input": "hi"}, path="/v1/audio/speech")
    runs = await gateway.runs()
    assert [run["status"] for run in runs] == ["failed"]


async def test_files_are_free_and_the_callers_own_key_opens_them(
    gateway: Running, upstream: FaultServer
) -> None:
    upstream.queue(whole({"data": []}), whole({"id": "file-1"}))
    assert (await gateway.get("/v1/files", **{"x-headgate-provider-key": "sk-callers"})).status == 200
    assert upstream.seen[0].headers["authorization"] == "Bearer sk-callers"
    got = await gateway.ask(b"", path="/v1/files/file-1", method="DELETE")
    assert (upstream.seen[1].method, upstream.seen[1].path) == ("DELETE", "/v1/files/file-1")
    assert got.headers["x-headgate-cost"] == "0"


async def test_another_tenant_does_not_reach_what_lies_in_the_servers_account(
    gateway: Running, upstream: FaultServer
) -> None:
    async with await gateway.client() as client:
        made = await client.ask({"name": "Other"}, path="/api/v1/projects")
    key = {"authorization": f"Bearer {made.json['data']['apiKey']}"}
    for path in ("/v1/files", "/v1/files/file-1/content", "/v1/batches", "/v1/passthrough/openai/v1/files"):
        assert (await gateway.get(path, **key)).status == 403
    assert upstream.seen == []
    upstream.queue(whole())
    assert (
        await gateway.ask({"model": "gpt-4o-mini", "input": "x"}, path="/v1/moderations", headers=key)
    ).status == 200


async def test_modules_guard_what_is_passed_on(tmp_path: Path, upstream: FaultServer) -> None:
    modules = {"secretscan": {"action": "block"}}
    async with serving(tmp_path / "data", openai_base_url=upstream.url, modules=modules, **KEYS) as running:
        body = {
            "model": "gpt-4o-mini",
            "prompt": "my key is AKIAIOSFODNN7EXAMPLQ and ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        }
        for path in (RAW, "/v1/images/generations"):
            got = await running.ask(body, path=path)
            assert got.status in (400, 403), got.body
        assert upstream.seen == []


async def test_calls_are_limited_as_all_are(tmp_path: Path, upstream: FaultServer) -> None:
    async with serving(
        tmp_path / "data", openai_base_url=upstream.url, chat_rate_limit_rpm=1, **KEYS
    ) as running:
        upstream.queue(whole())
        assert (await running.ask({"model": "gpt-4o-mini"}, path=RAW)).status == 200
        assert (await running.ask({"model": "gpt-4o-mini"}, path=RAW)).status == 429
        assert len(upstream.seen) == 1


async def test_a_cap_holds_for_what_is_passed_on(tmp_path: Path, upstream: FaultServer) -> None:
    """Money that is spent this way counts, and what nobody can price is refused under a cap."""
    caps = {"default": {"caps": {"daily": 0.001}}}
    async with serving(tmp_path / "data", openai_base_url=upstream.url, projects=caps, **KEYS) as running:
        upstream.queue(whole(), whole())
        body = {"model": "gpt-4o-mini", "max_tokens": 1000, "input": "x"}
        assert (await running.ask(body, path=RAW)).status == 200
        got = await running.ask(body, path=RAW)
        assert (got.status, got.json["error"]["type"]) == (429, "cap_exceeded")
        assert (await running.ask({"model": "no-such-model"}, path="/v1/images/generations")).status == 400
        assert len(upstream.seen) == 1


@pytest.mark.pain(12)
async def test_rules_hold_for_answers_that_pass_through_whole_and_streamed(
    gateway: Running, upstream: FaultServer
) -> None:
    """Pain 12: a guard that is silently skipped on some route."""
    rule = {"name": "no codes", "pattern": "code [0-9]+", "type": "pii", "action": "redact"}
    assert (await gateway.ask(rule, path="/api/guardrails")).status in (200, 201)
    said = {
        "id": "x",
        "choices": [{"message": {"role": "assistant", "content": "the code 4711 is out"}}],
        "usage": USAGE,
    }
    upstream.queue(whole(said))
    got = await gateway.ask({"model": "gpt-4o-mini"}, path="/v1/passthrough/openai/v1/chat/completions")
    assert b"4711" not in got.body
    pieces = [
        b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % each
        for each in (b"the co", b"de 47", b"11 is out")
    ]
    upstream.queue(Script((STREAM_HEAD + b"".join(map(chunk, [*pieces, b"data: [DONE]\n\n"])) + LAST_CHUNK,)))
    got = await gateway.ask(
        {"model": "gpt-4o-mini", "stream": True}, path="/v1/passthrough/openai/v1/chat/completions"
    )
    assert b"47" not in got.body
    assert b"is out" in got.body
