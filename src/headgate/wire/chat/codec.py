"""The codec of OpenAI chat completions."""

from __future__ import annotations

from headgate.wire.chat.reading import read_request
from headgate.wire.chat.replies import read_error, read_reply, write_error, write_reply
from headgate.wire.chat.streams import ChatReader, ChatWriter
from headgate.wire.chat.writing import write_request
from headgate.wire.codec import Fates, Reader, Writer
from headgate.wire.neutral import Failed, Maker, Reply, Request


class ChatCodec:
    """`openai.chat` in both directions."""

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
        return ChatReader()

    def stream_writer(self, request: Request) -> Writer:
        return ChatWriter(request)

    def read_error(self, status: int, body: bytes) -> Failed:
        return read_error(status, body)

    def write_error(self, failed: Failed) -> bytes:
        return write_error(failed)
