"""Heads and chunked bodies: what is accepted, what is refused, and that cuts anywhere change nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.providers.framing import (
    CHUNKED,
    LENGTH,
    NO_BODY,
    UNTIL_CLOSE,
    ChunkedBody,
    Malformed,
    parse_head,
    split_headers,
)


def head(*lines: str, status: str = "HTTP/1.1 200 OK", head_request: bool = False):
    raw = "".join(f"{line}\r\n" for line in (status, *lines)).encode("latin-1")
    return parse_head(raw, head_request=head_request)


@pytest.mark.parametrize(
    ("lines", "framing", "length"),
    [
        (["Content-Length: 12"], LENGTH, 12),
        (["content-length:12  ", "Content-Length:\t12"], LENGTH, 12),
        (["Transfer-Encoding: Chunked"], CHUNKED, 0),
        ([], UNTIL_CLOSE, 0),
        (["x-content-length: 5"], UNTIL_CLOSE, 0),
        (["x: content-length: 5"], UNTIL_CLOSE, 0),
    ],
)
def test_the_end_of_a_body_is_found(lines: list[str], framing: int, length: int) -> None:
    found = head(*lines)
    assert (found.framing, found.length) == (framing, length)


@pytest.mark.parametrize(
    "lines",
    [
        ["content-length: 5", "content-length: 6"],
        ["content-length: 5, 6"],
        ["content-length: +5"],
        ["content-length: 0x5"],
        ["content-length: -1"],
        ["content-length:"],
        ["content-length: 5", "transfer-encoding: chunked"],
        ["transfer-encoding: chunked", "content-length: 5"],
        ["transfer-encoding: gzip, chunked"],
        ["transfer-encoding: chunked", "transfer-encoding: chunked"],
        ["transfer-encoding : chunked"],
        [" folded: line"],
        ["no colon"],
        [": no name"],
        ["x: bare\nline feed"],
        ["x: bare\rreturn"],
        ["x: nul\0"],
        ["näme: x"],
    ],
)
def test_heads_that_could_mean_two_things_are_refused(lines: list[str]) -> None:
    with pytest.raises(Malformed):
        head(*lines)


@pytest.mark.parametrize(
    "status",
    ["HTTP/1.1 99 X", "HTTP/1.1 20 X", "HTTP/1.1 2000 X", "HTTP/2 200", "HTTP/1.2 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK",
     "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 200\tOK", ""],
)  # fmt: skip
def test_bad_status_lines_are_refused(status: str) -> None:
    with pytest.raises(Malformed):
        head("content-length: 1", status=status)


def test_a_chunked_body_from_an_old_server_is_refused() -> None:
    with pytest.raises(Malformed):
        head("transfer-encoding: chunked", status="HTTP/1.0 200 OK")


@pytest.mark.parametrize(
    ("lines", "status", "keep"),
    [
        (["content-length: 1"], "HTTP/1.1 200", True),
        (["content-length: 1", "connection: keep-alive"], "HTTP/1.1 200 OK", True),
        (["content-length: 1", "Connection: X, Close"], "HTTP/1.1 200 OK", False),
        (["content-length: 1"], "HTTP/1.0 200 OK", False),
        ([], "HTTP/1.1 200 OK", False),
    ],
)
def test_whether_a_connection_may_be_kept(lines: list[str], status: str, keep: bool) -> None:
    assert head(*lines, status=status).keep is keep


@pytest.mark.parametrize(
    ("status", "head_request"), [("204", False), ("304", False), ("103", False), ("200", True)]
)
def test_answers_without_a_body_have_none_whatever_they_say(status: str, head_request: bool) -> None:
    found = head("content-length: 12", status=f"HTTP/1.1 {status} X", head_request=head_request)
    assert (found.framing, found.keep) == (NO_BODY, True)


def test_codings_and_keep_alive_times_are_read() -> None:
    found = head("content-encoding: GZIP", "keep-alive: max=5, timeout=7", "content-length: 1")
    assert (found.encoding, found.keep_s) == (b"gzip", 7.0)
    assert head("content-encoding: identity").encoding == b""
    assert head("content-encoding: gzip", "content-encoding: br").encoding == b"gzip,br"


def test_headers_are_split_with_lower_case_names() -> None:
    raw = b"HTTP/1.1 200 OK\r\nX-A: One : two \r\nx-b:\r\nX-A: again\r\n"
    assert split_headers(raw) == [(b"x-a", b"One : two"), (b"x-b", b""), (b"x-a", b"again")]


def cut_at(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if b > a]


def take_apart(pieces: list[bytes]) -> tuple[bytes, bool, bool]:
    """Content, whether the end was seen, whether something was wrong."""
    body, content = ChunkedBody(), b""
    for piece in pieces:
        content += body.feed(piece)
        if body.broken is not None:
            return content, body.done, True
    return content, body.done, False


chunks = st.lists(st.binary(min_size=1, max_size=300), max_size=12)
cuts = st.lists(st.integers(0, 100_000), max_size=40)
extensions = st.sampled_from([b"", b";a=b", b" ; name", b";"])
trailers = st.sampled_from([b"", b"x-end: 1\r\n", b"a: b\r\nc: d\r\n"])


def encoded(contents: list[bytes], extension: bytes, trailer: bytes) -> bytes:
    body = b"".join(b"%x%b\r\n%b\r\n" % (len(content), extension, content) for content in contents)
    return body + b"0\r\n" + trailer + b"\r\n"


@given(chunks, cuts, extensions, trailers)
def test_cuts_anywhere_in_a_chunked_body_change_nothing(
    contents: list[bytes], where: list[int], extension: bytes, trailer: bytes
) -> None:
    data = encoded(contents, extension, trailer)
    expected = (b"".join(contents), True, False)
    assert take_apart(cut_at(data, where)) == expected
    assert take_apart([data[at : at + 1] for at in range(len(data))]) == expected


@given(chunks, cuts, st.binary(min_size=1, max_size=30), st.integers(0, 10_000))
def test_cuts_change_nothing_about_a_damaged_body_either(
    contents: list[bytes], where: list[int], noise: bytes, position: int
) -> None:
    data = encoded(contents, b"", b"")
    at = position % (len(data) + 1)
    damaged = data[:at] + noise + data[at:]
    whole = take_apart([damaged])
    pieces = take_apart(cut_at(damaged, where))
    if whole[2] == pieces[2]:
        assert pieces == whole
    else:  # one of them knows sooner that the rest cannot become right
        assert not (whole[1] or pieces[1])


@pytest.mark.parametrize(
    "data",
    [b"zz\r\n",
     b"0x5\r\nhello\r\n", b"+5\r\nhello\r\n", b"-5\r\n", b"5_0\r\n", b"\r\n", b"5\nhello\r\n", b"5\r\nhelloXX0\r\n\r\n",
     b"5\r\nhello\n0\r\n\r\n", b"1234567890123456\r\n", b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"5" + b" " * 5000,
     b"0\r\n" + b"x: y\r\n" * 4000],
)  # fmt: skip
def test_broken_chunked_bodies_are_refused(data: bytes) -> None:
    assert take_apart([data])[2]
