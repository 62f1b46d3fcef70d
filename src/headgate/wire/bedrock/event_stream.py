"""The AWS event stream encoding: binary messages with headers and two checksums, out of chunks that end anywhere.

A message is: its length and that of its headers (4 bytes each), CRC32 of these, headers, payload, CRC32 of all before.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass

from headgate.kernel.errors import ProviderError

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_OVERHEAD = _PRELUDE.size + _CRC.size
_TRUE, _FALSE, _BYTES, _STRING = 0, 1, 6, 7
_SIZES = {2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # byte, short, integer, long, timestamp, uuid


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Of the headers only texts are kept: nothing else is read."""

    headers: dict[str, str]
    payload: bytes

    @property
    def kind(self) -> str:
        """`event`, `exception` or `error`."""
        return self.headers.get(":message-type", "event")

    @property
    def name(self) -> str:
        """The type of the event or of the exception."""
        return (
            self.headers.get(":event-type")
            or self.headers.get(":exception-type")
            or self.headers.get(":error-code", "")
        )


class Frames:
    """Cuts a byte stream into messages; what is not whole waits, bounded. Raises ProviderError for bytes that are none."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that `chunk` completes."""
        self._rest += chunk
        messages: list[Message] = []
        at = 0
        while (end := _end_of_message(self._rest, at)) is not None:
            messages.append(_read(bytes(self._rest[at:end])))
            at = end
        del self._rest[:at]
        return messages

    @property
    def is_between_messages(self) -> bool:
        """Nothing of an unfinished message waits here."""
        return not self._rest


def _end_of_message(data: bytearray, at: int) -> int | None:
    """Where the message at `at` ends; None when it is not whole yet. Its length is believed only with its checksum."""
    if len(data) - at < _PRELUDE.size:
        return None
    total, headers, checksum = _PRELUDE.unpack_from(data, at)
    if binascii.crc32(data[at : at + 8]) != checksum:
        raise _broken("the checksum of its lengths is wrong")
    if total > MAX_MESSAGE_BYTES or total < _OVERHEAD or headers > total - _OVERHEAD:
        raise _broken("its lengths cannot be right")
    return at + total if len(data) - at >= total else None


def _read(message: bytes) -> Message:
    total, header_size, _ = _PRELUDE.unpack_from(message)
    if binascii.crc32(message[:-4]) != _CRC.unpack_from(message, total - 4)[0]:
        raise _broken("its checksum is wrong")
    split = _PRELUDE.size + header_size
    try:
        headers = _read_headers(message[_PRELUDE.size : split])
    except (IndexError, KeyError, struct.error, ValueError) as error:
        raise _broken("its headers cannot be read") from error
    return Message(headers, message[split:-4])


def _read_headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    while at < len(data):
        size = data[at]
        name = data[at + 1 : at + 1 + size].decode()
        kind = data[at + 1 + size]
        at += 2 + size
        if kind in (_BYTES, _STRING):
            (length,) = struct.unpack_from("!H", data, at)
            value = data[at + 2 : at + 2 + length]
            if len(value) != length:
                raise ValueError("a value is cut off")
            if kind == _STRING:
                headers[name] = value.decode()
            at += 2 + length
        elif kind not in (_TRUE, _FALSE):
            at += _SIZES[kind]
    return headers


def _broken(why: str) -> ProviderError:
    return ProviderError(f"The provider sent a broken message in its stream: {why}.", reason="protocol")
