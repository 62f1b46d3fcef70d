"""The bench's upstream for machines without a C compiler: the same answers as upstream.c, only slower."""

from __future__ import annotations

import asyncio
import json
import sys

EVENTS = 20
PACE_S = 0.01
START = {"id": "chatcmpl-bench", "created": 1_700_000_000, "model": "gpt-4o-mini"}
USAGE = {"prompt_tokens": 61, "completion_tokens": 28, "total_tokens": 89}


def whole() -> bytes:
    text = "Water finds its way. A gate at the head of a channel decides how much of it goes where."
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = json.dumps(START | {"object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def events() -> list[bytes]:
    """The events of a stream, each as an HTTP chunk."""
    start = START | {"object": "chat.completion.chunk"}
    datas = [
        json.dumps(
            start | {"choices": [{"index": 0, "delta": {"content": f"drop {number} "}, "finish_reason": end}]}
        )
        for number, end in enumerate([None] * (EVENTS - 1) + ["stop"])
    ]
    datas += [json.dumps(start | {"choices": [], "usage": USAGE}), "[DONE]"]
    chunks = [f"data: {data}\n\n".encode() for data in datas]
    framed = [f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks]
    return [*framed[:-1], framed[-1] + b"0\r\n\r\n"]


WHOLE = whole()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PIECES = events()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"\ncontent-length:")[2].split(b"\r\n", 1)[0] or b"0")
            body = await reader.readexactly(length)
            if b'"stream":true' not in body and b'"stream": true' not in body:
                writer.write(WHOLE)
            elif b"paced" in body:
                writer.write(HEAD)
                for piece in PIECES:
                    writer.write(piece)
                    await asyncio.sleep(PACE_S)
            else:
                writer.write(HEAD + b"".join(PIECES))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def run(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
