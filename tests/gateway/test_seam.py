"""The fast seam on the wire: what it skips of uvicorn it must do itself, and what it does not cover must reach ASGI."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from headgate.gateway.seam import WRITE_S, SeamProtocol
from tests.gateway.conftest import Running
from tests.gateway.http import Client, chat, request


async def test_a_call_is_answered_with_its_run_headers(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat())

    assert answer.status == 200
    assert answer.json["object"] == "chat.completion"
    assert answer.headers["x-punk-route"] == "live"
    assert answer.run_id.startswith("run_")
    assert {
        "x-headgate-cost",
        "x-headgate-saved",
        "x-headgate-model",
        "x-headgate-provider",
        "x-headgate-latency-ms",
    } <= set(answer.headers)


async def test_many_calls_share_one_connection(running: Running) -> None:
    async with await running.client() as client:
        ids = {(await client.ask(chat(f"number {n}"))).run_id for n in range(20)}

    assert len(ids) == 20


async def test_pipelined_requests_are_answered_in_order(running: Running) -> None:
    texts = ["one", "two", "three"]
    async with await running.client() as client:
        client.send(b"".join(request(chat(text), headers={"x-punk-app": text}) for text in texts))
        answers = [await client.read() for _ in texts]

    apps = [(await running.run(answer.run_id))["app"] for answer in answers]
    assert apps == texts


async def test_a_management_request_may_follow_a_call_on_the_same_connection(running: Running) -> None:
    async with await running.client() as client:
        await client.ask(chat())
        health = await client.ask(b"", path="/health", method="GET")
        again = await client.ask(chat())

    assert (health.status, health.json["ok"], again.status) == (200, True, 200)


async def test_expect_100_continue_is_answered_before_the_body_comes(running: Running) -> None:
    whole = request(chat(), headers={"expect": "100-continue"})
    head, body = whole.split(b"\r\n\r\n", 1)
    async with await running.client() as client:
        client.send(head + b"\r\n\r\n")
        status, _ = await client.head()
        client.send(body)
        answer = await client.read()

    assert (status, answer.status) == (100, 200)


async def test_a_chunked_request_body_is_read(running: Running) -> None:
    body = json.dumps(chat()).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n"
    async with await running.client() as client:
        client.send(head + b"%x\r\n%b\r\n" % (10, body[:10]))
        await asyncio.sleep(0.01)
        client.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 10, body[10:]))
        answer = await client.read()

    assert answer.status == 200


@pytest.mark.parametrize("cut", [1, 20, 60, 150, -5])
async def test_where_the_bytes_of_a_request_are_cut_changes_nothing(running: Running, cut: int) -> None:
    whole = request(chat())
    async with await running.client() as client:
        client.send(whole[:cut])
        await asyncio.sleep(0.01)
        client.send(whole[cut:])
        answer = await client.read()

    assert answer.status == 200


async def test_connection_close_is_honoured(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(), headers={"connection": "close"})
        rest = await asyncio.wait_for(client.reader.read(), 5)

    assert (answer.status, answer.headers["connection"], rest) == (200, "close", b"")


async def test_http_1_0_goes_to_asgi_and_is_answered(running: Running) -> None:
    body = json.dumps(chat()).encode()
    async with await running.client() as client:
        client.send(
            b"POST /v1/chat/completions HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        raw = await asyncio.wait_for(client.reader.read(), 10)

    assert raw.startswith(b"HTTP/1.1 200")
    assert b'"chat.completion"' in raw


async def test_a_body_over_the_limit_is_refused_in_the_wires_envelope(running: Running) -> None:
    async with await running.client() as client:
        client.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n"
            % (running.max_body + 1)
        )
        piece = b" " * 65536
        for _ in range(running.max_body // len(piece) + 1):
            client.send(piece)
        answer = await client.read()

    assert (answer.status, answer.json["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_wrong_method_is_405_with_allow(running: Running, method: str) -> None:
    async with await running.client() as client:
        answer = await client.ask(b"", method=method)

    assert answer.status == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/",
        "/v1/chat/completionsx",
        "//v1/chat/completions",
        "/v1/chat/../chat/completions",
    ],
)
async def test_only_the_exact_path_is_the_route(running: Running, path: str) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(), path=path)

    assert answer.status == (400 if ".." in path else 404)


async def test_a_query_string_does_not_hide_the_route(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(), path="/v1/chat/completions?x=1")

    assert answer.status == 200


async def test_a_foreign_origin_is_refused_in_open_mode(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(), headers={"origin": "http://evil.example"})

    assert answer.status == 403


async def test_a_foreign_host_is_refused_in_open_mode(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(), headers={"host": "evil.example"})

    assert answer.status == 403


async def test_garbage_instead_of_http_is_a_400_and_a_closed_connection(running: Running) -> None:
    async with await running.client() as client:
        client.send(b"\x16\x03\x01 not http at all\r\n\r\n")
        raw = await asyncio.wait_for(client.reader.read(), 5)

    assert raw.startswith(b"HTTP/1.1 400")


async def test_a_stream_ends_with_done_and_its_last_chunk(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(stream=True))

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (await running.run(answer.run_id))["status"] == "completed"


async def test_a_header_of_ours_cannot_be_forged_through_the_model_name(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(chat(model="gpt\r\nx-evil: 1"))

    assert "x-evil" not in answer.headers


async def test_without_a_body_the_error_names_the_trouble(running: Running) -> None:
    async with await running.client() as client:
        answer = await client.ask(b"")

    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"


async def test_two_clients_at_once_do_not_see_each_other(running: Running) -> None:
    async def one(name: str) -> tuple[str, str]:
        async with await Client.connect(running.port) as client:
            answer = await client.ask(chat(f"say {name}"), headers={"x-punk-app": name})
        return name, (await running.run(answer.run_id))["app"]

    pairs = await asyncio.gather(*(one(f"app-{n}") for n in range(30)))

    assert all(name == app for name, app in pairs)


@pytest.mark.parametrize("line", [b"x-filler: %b\r\n" % (b"f" * 1000), b"f" * 1000])
async def test_a_head_without_end_is_refused_and_cut_off(running: Running, line: bytes) -> None:
    """As many lines, or as one line that never ends."""
    async with await running.client() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-first: ")
        for _ in range(100):
            client.send(line)
        status, _ = await client.head()

    assert status == 431


@pytest.mark.parametrize("hosts", [("evil.example", "127.0.0.1"), ("127.0.0.1", "evil.example")])
async def test_a_host_said_twice_is_refused_whichever_comes_last(
    running: Running, hosts: tuple[str, str]
) -> None:
    whole = request(chat(), headers={"host": hosts[0]}).replace(
        b"\r\n", b"\r\nhost: %b\r\n" % hosts[1].encode(), 1
    )
    async with await running.client() as client:
        client.send(whole)
        answer = await client.read()

    assert answer.status in (400, 403)


def big_embedding() -> bytes:
    return request(
        {"model": "text-embedding-3-large", "input": ["one", "two", "three"]}, path="/v1/embeddings"
    )


async def test_pipelined_repeats_wait_for_a_client_that_does_not_read(running: Running) -> None:
    """Nothing piles up in memory, and all answers come once it reads."""
    async with await running.client() as client:
        client.send(big_embedding())
        one = len((await client.read()).body)
        client.send(big_embedding() * 200)
        await asyncio.sleep(0.3)
        (connection,) = running.server.seam.connections
        held = connection.transport.get_write_buffer_size()
        answers = [await client.read() for _ in range(200)]

    assert held < 4 * one
    assert {answer.status for answer in answers} == {200}


async def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(running: Running) -> None:
    async with await running.client() as client:
        client.writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        client.send(request({"model": "text-embedding-3-large", "input": ["x"] * 200}, path="/v1/embeddings"))
        connection = await waiting_connection(running)
        now = asyncio.get_running_loop().time()
        connection.look(now)
        connection.look(now + WRITE_S / 2)
        held_in_between = connection in running.server.seam.connections
        connection.look(now + WRITE_S + 1)
        await asyncio.sleep(0.05)

    assert held_in_between
    assert connection not in running.server.seam.connections


async def waiting_connection(running: Running) -> SeamProtocol:
    async with asyncio.timeout(5):
        while True:
            for connection in running.server.seam.connections:
                if connection.transport.get_write_buffer_size():
                    return connection
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", ["/health", "/v1/models"])
async def test_head_is_answered_like_get_without_a_body_and_keeps_the_connection(
    running: Running, path: str
) -> None:
    async with await running.client() as client:
        client.send(request(b"", path=path, method="HEAD"))
        status, headers = await client.head()
        after = await client.ask(b"", path="/health", method="GET")

    assert (status, after.status) == (200, 200)
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/chat/completions?over=asgi"])
@pytest.mark.parametrize("cut", [0, 90, -30])
async def test_an_offer_to_speak_http_2_is_ignored_and_the_body_is_read(
    running: Running, path: str, cut: int
) -> None:
    """Java's HTTP client makes this offer with every first request."""
    offer = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEAAEAAAAIAAAAB"}
    whole = request(chat(), path=path, headers=offer)
    async with await running.client() as client:
        client.send(whole[:cut])
        await asyncio.sleep(0.01)
        client.send(whole[cut:] + request(chat("after")))
        answers = [await client.read(), await client.read()]

    assert [answer.status for answer in answers] == [200, 200]
    assert "hello" in answers[0].json["choices"][0]["message"]["content"]


async def test_an_offer_behind_another_request_loses_no_byte(running: Running) -> None:
    offer = {"connection": "Upgrade", "upgrade": "websocket"}
    async with await running.client() as client:
        client.send(request(chat("first")) + request(chat("second"), headers=offer) + request(chat("third")))
        answers = [await client.read() for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/chat/completions?over=asgi"])
@pytest.mark.parametrize(
    "odd",
    [b'"x":' + b"[" * 200 + b"]" * 200, b'"seed":99999999999999999999999', b'"user":"a\\u0000b"'],
    ids=["deep", "long", "nul"],
)
async def test_the_seam_and_its_twin_take_the_same_bodies(running: Running, path: str, odd: bytes) -> None:
    """What is odd but JSON is the provider's to judge."""
    answer = await running.ask(json.dumps(chat()).encode()[:-1] + b"," + odd + b"}", path=path)

    assert answer.status == 200


async def test_calls_of_anthropics_betas_are_on_the_seam(running: Running) -> None:
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    async with await running.client() as client:
        answer = await client.ask(asked, path="/v1/messages?beta=true")

    assert (answer.status, answer.json["type"]) == (400, "error")
    assert answer.json["error"]["param"] == "max_tokens"
