"""What a model takes follows from its name, wherever it is served."""

import pytest

from headgate.wire.anthropic.models import (
    NEWEST,
    output_limit,
    takes_output_format,
    takes_sampling,
    takes_system_turns,
    thinks_adaptively,
    version_of,
)


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("claude-2.1", (2, 0)),
        ("claude-instant-1.2", (2, 0)),
        ("claude-3-opus-20240229", (3, 0)),
        ("claude-3-5-sonnet-latest", (3, 5)),
        ("claude-3-7-sonnet-20250219", (3, 7)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-opus-4-1-20250805", (4, 1)),
        ("claude-sonnet-4-5", (4, 5)),
        ("claude-haiku-4-5-20251001", (4, 5)),
        ("claude-opus-4-8", (4, 8)),
        ("claude-opus-5", (5, 0)),
        ("claude-sonnet-5-5", (5, 5)),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", (4, 5)),
        ("anthropic/claude-opus-4.6", (4, 6)),
        ("claude-mythos-preview", NEWEST),
        ("gpt-4o", None),
        ("kimi-k2", None),
    ],
)
def test_version_is_in_the_name(model: str, version: tuple[int, int] | None):
    assert version_of(model) == version


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("claude-opus-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-sonnet-5", False),
        ("claude-mythos-preview", False),
        ("kimi-k2", True),
    ],
)
def test_sampling_ends_with_4_7(model: str, takes: bool):
    assert takes_sampling(model) is takes


def test_each_generation_takes_what_it_takes():
    assert (
        thinks_adaptively("claude-opus-4-5"),
        thinks_adaptively("claude-opus-4-6"),
        thinks_adaptively("kimi"),
    ) == (False, True, False)
    assert (takes_output_format("claude-sonnet-4"), takes_output_format("claude-sonnet-4-5")) == (False, True)
    assert (
        takes_system_turns("claude-opus-4-7"),
        takes_system_turns("claude-opus-4-8"),
        takes_system_turns("kimi"),
    ) == (False, True, False)


@pytest.mark.parametrize(
    ("model", "limit"),
    [("claude-3-opus", 4096), ("claude-3-5-haiku", 8192), ("claude-opus-4", 32000), ("kimi", 8192)],
)
def test_no_more_than_the_model_can_is_asked_for(model: str, limit: int):
    assert output_limit(model) == limit
