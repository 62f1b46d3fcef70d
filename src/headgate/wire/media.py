"""Where the bytes of images and files are: data URLs and plain ones."""

from __future__ import annotations

import base64
from urllib.parse import unquote_to_bytes

from headgate.wire.neutral import Blob

_BASE64 = ";base64"


def blob_of_url(url: str) -> Blob:
    """`data:image/png;base64,...` as bytes, anything else as an address."""
    if not url.startswith("data:"):
        return Blob(url=url)
    head, _, data = url[5:].partition(",")
    if head.endswith(_BASE64):
        return Blob(head.removesuffix(_BASE64).partition(";")[0], data=data)
    return Blob(
        head.partition(";")[0] or "text/plain", data=base64.b64encode(unquote_to_bytes(data)).decode()
    )


def data_url(source: Blob) -> str:
    """The bytes of `source` as a data URL."""
    return f"data:{source.media_type or 'application/octet-stream'}{_BASE64},{source.data}"


def plain_text(source: Blob) -> str | None:
    """The text of a text file given as bytes; None when it is not one."""
    if source.text:
        return source.text
    if not source.data or not source.media_type.startswith("text/"):
        return None
    try:
        return base64.b64decode(source.data).decode()
    except ValueError:
        return None
