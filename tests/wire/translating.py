"""A server that does nothing but translate: a client's SDK on one side, the answers of a vendor's format on the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from headgate.call.call import Call, Wire
from headgate.call.caller import open_caller
from headgate.kernel import json
from headgate.kernel.errors import GatewayError, envelope_for
from headgate.wire.spec import find
from headgate.wire.translate import Translation, upstream_path
from tools.rig.vendors.__main__ import respond


def call_at(path: str, body: bytes) -> Call:
    """A call as intake makes it."""
    found = find(path)
    assert found is not None
    view = found.spec.parse(body)
    if found.model:
        view.model = found.model
    return Call(
        run_id="run_01JH2M8Y2C9W5T7Q3V6X8Z1A4B", wire=found.spec.wire, endpoint=found.spec.path, caller=open_caller(), headers={},
        body=body, view=view, received_us=1_700_000_000_000_000, t0=0.0,
    )  # fmt: skip


def cut(chunks: list[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in chunks of another size."""
    whole = b"".join(chunks)
    return (whole[at : at + size] for at in range(0, len(whole), size))


def answer(path: str, body: bytes, upstream: Wire) -> tuple[int, bytes, bytes, Call]:
    """Status, content type and body of what the client gets, by way of a vendor that speaks `upstream`."""
    try:
        call = call_at(path, body)
        found = find(path)
        assert found is not None
        if call.wire == upstream:
            native = (
                path if found.model == "" else upstream_path(upstream, found.model, stream=call.view.stream)
            )
            out = respond(native.partition("?")[0], found.spec.upstream_body(call), {})
            return out.status, out.kind.encode(), b"".join(out.chunks), call
        translation = Translation(call, found.spec, upstream, call.view.model)
    except GatewayError as error:
        return error.status, b"application/json", json.encode(envelope_for(path, error)), call
    out = respond(translation.path.partition("?")[0], translation.body, {})
    if out.status != 200:
        return out.status, b"application/json", translation.error(out.status, b"".join(out.chunks)), call
    if not call.view.stream:
        return 200, b"application/json", translation.reply(b"".join(out.chunks)), call
    stream = translation.stream()
    sent = b"".join([stream.feed(chunk) for chunk in cut(out.chunks, 7)]) + stream.finish()
    return 200, b"text/event-stream", sent, call


@contextmanager
def translating(upstream: Wire) -> Iterator[str]:
    """The address of such a server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, kind, sent, _ = answer(self.path.partition("?")[0], body, upstream)
            self.send_response(status)
            self.send_header("content-type", kind.decode())
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
