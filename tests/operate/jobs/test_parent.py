"""The watch over the parent: it fails at once on a pipe that is none."""

from __future__ import annotations

import asyncio
import os

import pytest

from headgate.operate.jobs.parent import watch_parent


@pytest.mark.asyncio
async def test_a_descriptor_that_is_not_open_fails_the_start() -> None:
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(OSError):
        watch_parent(read, asyncio.get_running_loop(), lambda: None)
