"""Prices: exact, the same as genai-prices says, the operator's word first, unknown is None."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price

from headgate.call.frames import Usage
from headgate.kernel.money import from_usd
from headgate.providers.price_data import PriceData, export, read
from headgate.providers.price_rows import PriceRow, Rate
from headgate.providers.prices import BadPrice, PriceBook, cost_of, current
from headgate.testing.clock import FixedClock


@pytest.fixture(scope="module")
def data() -> PriceData:
    return read(export())


async def test_the_book_loads_by_itself_and_does_not_import_the_price_library(clock: FixedClock) -> None:
    code = (
        "import asyncio, sys\n"
        "from headgate.providers.prices import PriceBook\n"
        "from headgate.kernel.clock import SystemClock\n"
        "from headgate.call.frames import Usage\n"
        "async def main():\n"
        "    book = PriceBook({}, SystemClock())\n"
        "    await asyncio.gather(*[book.resolve(m) for m in ('gpt-4o', 'gpt-4o-mini', 'no-such-model')])\n"
        "    print(book.cost('openai', 'gpt-4o-mini', Usage(1000, 100)), book.cost('x', 'no-such-model', Usage(1, 1)))\n"
        "    print('genai_prices' in sys.modules)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().split() == [str(1000 * 150_000 + 100 * 600_000), "None", "False"]


@pytest.mark.parametrize(
    "model",
    ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini", "o1", "gpt-5", "gpt-4.1-nano", "claude-sonnet-4-5-20250929", "gemini-2.5-pro",
     "text-embedding-3-small"],
)  # fmt: skip
@pytest.mark.parametrize("size", [0, 1, 1000, 199_999, 200_000, 200_001, 1_000_000])
def test_the_cost_is_what_genai_prices_calculates(model: str, size: int, data: PriceData) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    has_output = not model.startswith("text-embedding")
    writes = size // 5 if model.startswith("claude") else 0
    reads = size // 3 if has_output else 0
    usage = Usage(size, 777 if has_output else 0, reads, writes)
    theirs = TheirUsage(
        input_tokens=size,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=reads,
        cache_write_tokens=writes,
    )
    provider = None if has_output else "openai"
    expected = calc_price(theirs, model, provider_id=provider, genai_request_timestamp=now).total_price
    assert cost_of(current(data.find(model), now.timestamp()), usage) == from_usd(expected)


def test_every_class_of_tokens_has_its_price() -> None:
    row = PriceRow(Rate(10), Rate(100), cached=Rate(1), cache_write=Rate(13), reasoning=Rate(50), request=7)
    usage = Usage(1000, 50, cached_tokens=400, cache_write_tokens=100, reasoning_tokens=20)
    assert cost_of(row, usage) == 7 + 500 * 10 + 400 * 1 + 100 * 13 + 20 * 50 + 30 * 100
    plain = PriceRow(Rate(10), Rate(100))
    assert cost_of(plain, usage) == 1000 * 10 + 50 * 100


def test_output_without_a_price_is_unknown_but_no_output_is_not() -> None:
    assert cost_of(PriceRow(Rate(10)), Usage(5, 0)) == 50
    assert cost_of(PriceRow(Rate(10)), Usage(5, 1)) is None


def test_usage_that_contradicts_itself_never_gives_money_back() -> None:
    row = PriceRow(Rate(10), Rate(100), cached=Rate(1), cache_write=Rate(13))
    assert cost_of(row, Usage(10, -5, cached_tokens=50, cache_write_tokens=-3)) == 10 * 1


async def test_the_operators_price_wins_and_prefixes_do_not_matter(clock: FixedClock) -> None:
    book = PriceBook({"openai:my-model": {"input": 1, "output": "2.5", "cached_input": 0.1}}, clock)
    for name in ("my-model", "openai:my-model"):
        await book.resolve(name)
        assert book.knows(name)
        assert (
            book.cost("openai", name, Usage(10, 2, cached_tokens=4)) == 6 * 10**6 + 4 * 10**5 + 2 * 2_500_000
        )


async def test_free_is_a_price(clock: FixedClock) -> None:
    book = PriceBook({"local": {"input": 0, "output": 0}}, clock)
    assert book.cost("openai", "local", Usage(10, 10)) == 0


@pytest.mark.parametrize(
    "given",
    [{"input": 1}, {"input": 1, "output": 1, "typo": 1}, {"input": "cheap", "output": 1}, {"input": -1, "output": 1},
     {"input": "nan", "output": 1}, {"input": True, "output": 1}, 5],
)  # fmt: skip
def test_prices_that_cannot_be_used_are_refused_at_the_start(given: object, clock: FixedClock) -> None:
    with pytest.raises(BadPrice, match="'m'"):
        PriceBook({"m": given}, clock)


async def test_the_memory_of_names_is_bounded(clock: FixedClock, data: PriceData) -> None:
    book = PriceBook({}, clock)
    book._data = data
    for number in range(4200):
        await book.resolve(f"made-up-{number}")
    assert len(book._rows) == 4096
    assert not book.knows("made-up-0")
