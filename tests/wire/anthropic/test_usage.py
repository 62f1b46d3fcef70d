"""What the cache had its share of is part of the prompt for us, and stands beside it for Anthropic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.anthropic.usage import UsageReader, tokens_in, tokens_of, usage_fields
from headgate.wire.neutral import Tokens

RAW = (
    b'{"input_tokens":5,"cache_read_input_tokens":10,"cache_creation_input_tokens":7,"output_tokens":3,'
    b'"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":3},"output_tokens_details":{"thinking_tokens":2}}'
)
COUNTS = st.integers(0, 1000)


def test_every_class_is_read():
    assert tokens_of(RAW) == Tokens(22, 3, 10, 7, 3, 2, known=True, raw=RAW)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(1, 1000))
def test_classes_are_written_as_they_were_read(fresh: int, read: int, minutes: int, hour: int, output: int):
    tokens = Tokens(fresh + read + minutes + hour, output, read, minutes + hour, hour, known=True)
    told = tokens_in(usage_fields(tokens))
    assert (told.input, told.output, told.cache_read, told.cache_write, told.cache_write_1h) == (
        tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.cache_write_1h,
    )  # fmt: skip


def test_what_tells_nothing_is_not_known():
    for raw in (b"", b"null", b"{}", b"{", b'{"input_tokens":0,"output_tokens":0}'):
        assert not tokens_of(raw).known


def test_a_later_number_counts_and_a_missing_one_says_nothing():
    usage = UsageReader()
    usage.add({"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 2})
    usage.add({"output_tokens": 9, "input_tokens": None})
    assert (usage.tokens.input, usage.tokens.output) == (7, 9)
