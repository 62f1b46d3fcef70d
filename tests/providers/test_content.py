"""Compressed content: decoded whatever the cuts, bounded, and never silently short."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.providers.content import ContentDecoder, ContentTooLarge
from headgate.providers.framing import Malformed


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[:7]) + gzip.compress(data[7:])


PACKERS: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"gzip", gzip.compress),
    (b"x-gzip", gzip.compress),
    (b"gzip", two_members),
    (b"deflate", zlib.compress),
    (b"deflate", raw_deflate),
]


@given(st.binary(max_size=5000), st.sampled_from(PACKERS), st.integers(1, 700))
def test_cuts_anywhere_change_nothing(
    data: bytes, packing: tuple[bytes, Callable[[bytes], bytes]], size: int
) -> None:
    encoding, pack = packing
    packed = pack(data)
    decoder = ContentDecoder(encoding, 10_000)
    assert b"".join(decoder.feed(packed[at : at + size]) for at in range(0, len(packed), size)) == data
    decoder.finish()


def test_output_is_bounded_whatever_the_ratio() -> None:
    bomb = gzip.compress(bytes(50_000_000), 9)
    decoder = ContentDecoder(b"gzip", 3_000_000)
    with pytest.raises(ContentTooLarge):
        decoder.feed(bomb)


def test_output_beyond_one_step_comes_whole() -> None:
    data = bytes(5_000_000)
    decoder = ContentDecoder(b"gzip", 5_000_000)
    assert decoder.feed(gzip.compress(data)) == data
    decoder.finish()


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip,gzip", b"compress"])
def test_codings_nobody_asked_for_are_refused(encoding: bytes) -> None:
    with pytest.raises(Malformed):
        ContentDecoder(encoding, 100)


@pytest.mark.parametrize(
    "packed",
    [
        b"not gzip at all",
        gzip.compress(b"x", mtime=0)[:-5] + b"wrong",
        gzip.compress(b"x", mtime=0) + b"tail",
    ],
)
def test_damage_is_refused(packed: bytes) -> None:
    decoder = ContentDecoder(b"gzip", 100)
    with pytest.raises(Malformed):
        decoder.feed(packed)
        decoder.finish()


def test_a_body_cut_off_is_refused_and_an_empty_one_is_empty() -> None:
    decoder = ContentDecoder(b"gzip", 100)
    decoder.feed(gzip.compress(b"hello")[:-3])
    with pytest.raises(Malformed):
        decoder.finish()
    ContentDecoder(b"gzip", 100).finish()
