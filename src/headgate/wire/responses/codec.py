"""The codec of OpenAI responses."""

from __future__ import annotations

from headgate.wire.chat.replies import read_error, write_error
from headgate.wire.codec import Fates, Reader, Writer
from headgate.wire.neutral import Failed, Maker, Reply, Request
from headgate.wire.responses.reading import read_request
from headgate.wire.responses.replies import read_reply, write_reply
from headgate.wire.responses.streams import ResponseReader, ResponseWriter
from headgate.wire.responses.writing import write_request


class ResponsesCodec:
    """`openai.responses` in both directions. Errors are those of chat completions."""

    maker: Maker = "openai"

    def read_request(self, body: bytes) -> Request:
        return read_request(body)

    def write_request(self, request: Request, model: str, fates: Fates) -> bytes:
        return write_request(request, model, fates)

    def read_reply(self, body: bytes) -> Reply:
        return read_reply(body)

    def write_reply(self, reply: Reply, request: Request) -> bytes:
        return write_reply(reply, request)

    def stream_reader(self) -> Reader:
        return ResponseReader()

    def stream_writer(self, request: Request) -> Writer:
        return ResponseWriter(request)

    def read_error(self, status: int, body: bytes) -> Failed:
        return read_error(status, body)

    def write_error(self, failed: Failed) -> bytes:
        return write_error(failed)
