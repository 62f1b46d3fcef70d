"""The `/v1` twins over ASGI behave as the fast seam does: envelopes, run headers, streams, and clients that leave."""

from __future__ import annotations

import pytest

from headgate.kernel.errors import GatewayError
from tests.gateway.conftest import Running
from tests.gateway.http import Answer, chat

PATHS = {
    "/v1/chat/completions": chat(),
    "/v1/completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "hi"},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "hi"},
}


async def twin(running: Running, body: object, path: str = "/v1/chat/completions") -> Answer:
    """A same-origin browser request, which the seam hands on to ASGI."""
    host = f"127.0.0.1:{running.port}"
    return await running.ask(body, path=path, headers={"origin": f"http://{host}", "host": host})


@pytest.mark.parametrize("path", list(PATHS))
async def test_each_wire_answers_and_is_on_record(running: Running, path: str) -> None:
    answer = await twin(running, PATHS[path], path)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert (await running.run(answer.run_id))["endpoint"] == path


async def test_a_bad_body_has_the_envelope_of_the_wire_and_leaves_no_run(running: Running) -> None:
    answer = await twin(running, {"messages": []})

    assert (answer.status, answer.json["error"]["param"]) == (400, "model")
    assert GatewayError.kind != answer.json["error"]["type"] == "invalid_request_error"
    assert await running.runs() == []


async def test_a_stream_is_not_held_back_on_its_way(running: Running) -> None:
    answer = await twin(running, chat(stream=True))

    assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-cache")
    assert answer.body.endswith(b"data: [DONE]\n\n")


async def test_models_are_listed_in_the_shape_the_client_knows(running: Running) -> None:
    openai = (await running.get("/v1/models")).json
    other = (await running.get("/v1/models", **{"anthropic-version": "2023-06-01"})).json

    assert openai["object"] == "list"
    assert "object" not in other
    assert {row["id"] for row in openai["data"]} == {row["id"] for row in other["data"]}


async def test_a_model_with_slashes_in_its_name_is_one_model(running: Running) -> None:
    answer = await running.get("/v1/models/meta/llama-3")

    assert (answer.status, answer.json["id"]) == (200, "meta/llama-3")
