"""Usage of all spellings as token classes that add up."""

from __future__ import annotations

import pytest

from headgate.call.frames import Usage
from headgate.wire.usage import read_usage


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ('{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}', Usage(9, 4, 0, 0, 0, True)),
        ('{"prompt_tokens":9,"total_tokens":9}', Usage(9, 0, 0, 0, 0, True)),
        (
            (
                '{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":80,"cache_write_tokens":10,'
                '"audio_tokens":3},"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":1}}'
            ),
            Usage(100, 50, 80, 10, 30, True, 0, 3, 1),
        ),
        (
            '{"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":5,"prompt_cache_miss_tokens":4}',
            Usage(9, 4, 5, 0, 0, True),
        ),
        (
            '{"prompt_tokens":9,"completion_tokens":4,"cache_read_input_tokens":5,"cache_creation_input_tokens":3}',
            Usage(9, 4, 5, 3, 0, True),
        ),
        # some count reasoning beside the completion; the total tells
        (
            '{"prompt_tokens":9,"completion_tokens":4,"total_tokens":33,"completion_tokens_details":{"reasoning_tokens":20}}',
            Usage(9, 24, 0, 0, 20, True),
        ),
        # classes never exceed what they are part of
        (
            '{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":50}}',
            Usage(9, 4, 9, 0, 0, True),
        ),
        (
            '{"prompt_tokens":9,"completion_tokens":4,"completion_tokens_details":{"reasoning_tokens":5}}',
            Usage(9, 4, 0, 0, 4, True),
        ),
        (
            '{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":-2}}',
            Usage(9, 4, 0, 0, 0, True),
        ),
        (
            '{"prompt_tokens":9.0,"completion_tokens":4,"prompt_tokens_details":null,"cost":"0.1"}',
            Usage(9, 4, 0, 0, 0, True),
        ),
        (
            '{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":"x"}}',
            Usage(9, 4, 0, 0, 0, True),
        ),
        ("{}", Usage()),
        ('{"prompt_tokens":null,"completion_tokens":4}', Usage()),
        ('{"prompt_tokens":"9","completion_tokens":4}', Usage()),
        ('{"prompt_tokens":-1,"completion_tokens":4}', Usage()),
        ('{"prompt_tokens":1e300,"completion_tokens":4}', Usage()),
        ("[]", Usage()),
        ("nonsense", Usage()),
    ],
)
def test_token_classes(raw: str, usage: Usage) -> None:
    assert read_usage(raw.encode()) == usage


def test_audio_and_the_tier_are_classes_of_their_own() -> None:
    raw = (
        b'{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"audio_tokens":40},'
        b'"completion_tokens_details":{"audio_tokens":30}}'
    )
    usage = read_usage(raw, "priority")
    assert (usage.audio_input_tokens, usage.audio_output_tokens, usage.tier) == (40, 30, "priority")
    for usual in (None, "default", "auto", "scale"):
        assert read_usage(raw, usual).tier == ""
