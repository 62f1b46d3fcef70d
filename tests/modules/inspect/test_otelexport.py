"""Where spans go is the operator's to say; a tenant may only switch it and say how many."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from headgate.modules.inspect.otelexport import Config
from tests.gateway.conftest import Running, serving


@pytest.mark.parametrize("config", [{"endpoint": "http://10.0.0.1/v1/traces"}, {"headers": {"a": "b"}}])
async def test_a_tenant_cannot_make_the_server_connect_elsewhere(
    running: Running, config: dict[str, Any]
) -> None:
    answer = await running.ask({"config": config}, path="/api/proxy/modules/otelexport", method="PUT")
    assert (answer.status, answer.json["error"]["param"]) == (400, f"config.{next(iter(config))}")


async def test_what_only_the_server_says_is_not_shown_to_tenants(tmp_path: Path) -> None:
    modules = {
        "otelexport": {
            "endpoint": "http://collector.inside:4318/v1/traces",
            "headers": {"authorization": "s3cr3t"},
        }
    }
    async with serving(tmp_path / "data", modules=modules) as gateway:
        for path in ("/api/proxy/modules", "/api/proxy/modules/otelexport"):
            body = (await gateway.get(path)).body
            assert b"s3cr3t" not in body and b"collector.inside" not in body


def test_without_the_extra_it_cannot_be_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ValidationError, match=r"headgate\[otel\]"):
        Config.model_validate({"enabled": True})
    assert not Config.model_validate({"enabled": False}).enabled
