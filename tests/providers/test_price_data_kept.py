"""The exported price data is kept between two starts, for this version of the library only."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headgate.call.frames import Usage
from headgate.kernel.clock import SystemClock
from headgate.providers.prices import PriceBook


async def test_a_second_start_reads_what_the_first_one_kept(tmp_path: Path) -> None:
    first = PriceBook({}, SystemClock(), tmp_path / "prices")
    await first.resolve("gpt-4o-mini")
    (kept,) = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
    written = kept.stat().st_mtime_ns

    second = PriceBook({}, SystemClock(), tmp_path / "prices")
    await second.resolve("gpt-4o-mini")

    usage = Usage(1000, 100)
    assert (
        second.cost("openai", "gpt-4o-mini", usage)
        == first.cost("openai", "gpt-4o-mini", usage)
        == 210_000_000
    )
    assert kept.stat().st_mtime_ns == written


async def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    await PriceBook({}, SystemClock(), tmp_path / "prices").warm()
    (kept,) = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
    kept.write_bytes(b"\x93\xc1")
    book = PriceBook({}, SystemClock(), tmp_path / "prices")

    await book.resolve("gpt-4o")

    assert book.cost("openai", "gpt-4o", Usage(1000, 0)) == 2_500_000_000
