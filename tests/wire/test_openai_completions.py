"""Text completions: prompts of every kind, the cache form."""

from __future__ import annotations

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.openai_completions import cache_form, parse
from headgate.wire.shape import StreamView


@pytest.mark.parametrize("prompt", [b'"x"', b'["x","y"]', b"[1,2]", b"[[1],[2]]", b"null", b"[]"])
def test_prompts(prompt: bytes) -> None:
    assert isinstance(parse(b'{"model":"m","prompt":' + prompt + b"}"), StreamView)


def test_a_prompt_may_be_absent() -> None:
    assert parse(b'{"model":"m"}').model == "m"


@pytest.mark.parametrize("prompt", [b"1", b"{}", b"true"])
def test_other_prompts_are_refused(prompt: bytes) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(b'{"model":"m","prompt":' + prompt + b"}")
    assert refusal.value.param == "prompt"


def test_the_cache_form() -> None:
    assert (
        cache_form(b'{"model":"m","prompt":"x","user":"u","echo":true,"stream":true}')
        == b'{"echo":true,"prompt":"x"}'
    )
