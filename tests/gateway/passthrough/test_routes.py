"""The routes of requests that are passed on: every usual path is there, and each needs the right to call."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from headgate.gateway.passthrough.routes import router
from headgate.rim.routes import facts_of
from headgate.testing.fault_server import FaultServer
from headgate.wire.passthrough import is_passed
from tests.gateway.conftest import serving
from tests.gateway.passthrough.test_serving import whole

USUAL = {
    ("POST", "/v1/images/generations"), ("POST", "/v1/images/edits"), ("POST", "/v1/images/variations"),
    ("POST", "/v1/audio/speech"), ("POST", "/v1/audio/transcriptions"), ("POST", "/v1/audio/translations"),
    ("POST", "/v1/moderations"), ("POST", "/v1/rerank"), ("GET", "/v1/files"), ("POST", "/v1/files"),
    ("GET", "/v1/files/{file_id}"), ("DELETE", "/v1/files/{file_id}"), ("GET", "/v1/files/{file_id}/content"),
    ("GET", "/v1/batches"), ("POST", "/v1/batches"), ("GET", "/v1/batches/{batch_id}"),
    ("POST", "/v1/batches/{batch_id}/cancel"),
}  # fmt: skip


def test_every_usual_path_is_there() -> None:
    facts = [fact for route in router.api.routes if isinstance(route, APIRoute) for fact in facts_of(route)]
    raw = {(each.method, each.path) for each in facts if each.path.startswith("/v1/passthrough/")}
    assert {(each.method, each.path) for each in facts} - raw == USUAL
    assert {method for method, _ in raw} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert {each.right for each in facts} == {"calls:write"}
    assert all(is_passed(each.path) for each in facts)


@pytest.mark.pain(12)
async def test_nobody_gets_through_without_a_key(tmp_path: Path) -> None:
    """Pain 12: a route that forgot to ask who is calling."""
    async with FaultServer() as upstream, serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="sk-server", api_key="boot"
    ) as running:  # fmt: skip
        paths = [
            (method, path.replace("{file_id}", "f").replace("{batch_id}", "b")) for method, path in USUAL
        ]
        for method, path in [
            *paths,
            ("GET", "/v1/passthrough/openai/v1/x"),
            ("PUT", "/v1/passthrough/openai/v1/x"),
        ]:
            assert (await running.ask(b"", path=path, method=method)).status == 401, path
        assert upstream.seen == []
        upstream.queue(whole())
        allowed = await running.ask(
            b"", path="/v1/files", method="GET", headers={"authorization": "Bearer boot"}
        )
        assert allowed.status == 200


async def test_the_root_path_is_not_sent_on(tmp_path: Path) -> None:
    async with FaultServer() as upstream, serving(
        tmp_path / "data", openai_base_url=upstream.url, openai_api_key="k", root_path="/llm"
    ) as running:  # fmt: skip
        upstream.queue(whole())
        got = await running.ask({"model": "m"}, path="/v1/passthrough/openai/v1/x")
        assert (got.status, upstream.seen[0].path) == (200, "/v1/x")
