"""The codec of Google's `generateContent`."""

from __future__ import annotations

from headgate.wire.codec import Fates, Reader, Writer
from headgate.wire.google.events import GenerateReader, GenerateWriter
from headgate.wire.google.reading import read_request
from headgate.wire.google.replies import read_error, read_reply, write_error, write_reply
from headgate.wire.google.writing import write_request
from headgate.wire.neutral import Failed, Maker, Reply, Request


class GoogleCodec:
    """`google.generate` in both directions. The model and whether the answer streams stand in the path."""

    maker: Maker = "google"

    def read_request(self, body: bytes) -> Request:
        return read_request(body)

    def write_request(self, request: Request, model: str, fates: Fates) -> bytes:
        return write_request(request, model, fates)

    def read_reply(self, body: bytes) -> Reply:
        return read_reply(body)

    def write_reply(self, reply: Reply, request: Request) -> bytes:
        return write_reply(reply, request)

    def stream_reader(self) -> Reader:
        return GenerateReader()

    def stream_writer(self, request: Request) -> Writer:
        return GenerateWriter(request)

    def read_error(self, status: int, body: bytes) -> Failed:
        return read_error(status, body)

    def write_error(self, failed: Failed) -> bytes:
        return write_error(failed)
