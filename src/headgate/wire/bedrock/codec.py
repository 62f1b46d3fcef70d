"""The codec of Bedrock's Converse. Providers speak it; no client of ours does, so it reads no requests."""

from __future__ import annotations

from typing import NoReturn

from headgate.wire.bedrock.replies import ConverseReader, read_error, read_reply
from headgate.wire.bedrock.writing import write_request
from headgate.wire.codec import Fates, Reader
from headgate.wire.neutral import Failed, Maker, Reply, Request


class ConverseCodec:
    """`bedrock.converse`, from the neutral form to a provider and back."""

    maker: Maker = "bedrock"

    def read_request(self, body: bytes) -> NoReturn:
        raise NotImplementedError("no client speaks this wire")

    def write_request(self, request: Request, model: str, fates: Fates) -> bytes:
        return write_request(request, model, fates)

    def read_reply(self, body: bytes) -> Reply:
        return read_reply(body)

    def write_reply(self, reply: Reply, request: Request) -> NoReturn:
        raise NotImplementedError("no client speaks this wire")

    def stream_reader(self) -> Reader:
        return ConverseReader()

    def stream_writer(self, request: Request) -> NoReturn:
        raise NotImplementedError("no client speaks this wire")

    def read_error(self, status: int, body: bytes) -> Failed:
        return read_error(status, body)

    def write_error(self, failed: Failed) -> NoReturn:
        raise NotImplementedError("no client speaks this wire")
