"""Data URLs are bytes, everything else is an address."""

import pytest

from headgate.wire.media import blob_of_url, data_url, plain_text
from headgate.wire.neutral import Blob


@pytest.mark.parametrize(
    ("url", "blob"),
    [
        ("data:image/png;base64,AAAA", Blob("image/png", data="AAAA")),
        ("data:image/png;charset=x;base64,AAAA", Blob("image/png", data="AAAA")),
        ("data:,hi%20you", Blob("text/plain", data="aGkgeW91")),
        ("https://example.org/a.png", Blob(url="https://example.org/a.png")),
    ],
)
def test_url_is_read(url: str, blob: Blob):
    assert blob_of_url(url) == blob


def test_bytes_are_written_as_they_were_read():
    assert data_url(blob_of_url("data:image/png;base64,AAAA")) == "data:image/png;base64,AAAA"


def test_text_files_have_a_text():
    assert plain_text(Blob("text/plain", data="aGkgeW91")) == "hi you"
    assert plain_text(Blob("text/plain", text="hi")) == "hi"
    assert plain_text(Blob("application/pdf", data="aGkgeW91")) is None
    assert plain_text(Blob("text/plain", data="/w==")) is None
