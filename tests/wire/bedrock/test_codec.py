"""Converse is a format of providers: its codec reads answers and writes requests, and no client speaks it."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.wire.bedrock.codec import ConverseCodec
from headgate.wire.spec import WIRES
from tests.wire.neutral_forms import ANSWERS, ASKED


@pytest.mark.parametrize("name", ["read_request", "write_reply", "stream_writer", "write_error"])
def test_no_client_speaks_it(name: str):
    given: dict[str, tuple[Any, ...]] = {"read_request": (b"{}",), "write_reply": (ANSWERS["text"], ASKED)}
    with pytest.raises(NotImplementedError):
        getattr(ConverseCodec(), name)(*given.get(name, (ASKED,)))
    assert all(spec.wire != "bedrock.converse" for spec in WIRES.values())
