"""Item 2: the anthropic and openai SDKs' own tests run against the gateway, and Anthropic's recorded streams come out equal."""

from __future__ import annotations

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from typing_extensions import override

from tools.accept.outcome import Findings
from tools.accept.part2.vendor_suites import Suite, run_suite
from tools.rig.processes import Gateway, clean_environment, free_port
from tools.rig.vendors.process import Vendors

CONFTEST = """
import os, pytest
from {package} import {client}, Async{client}, DefaultAioHttpClient

URL = os.environ["TEST_API_BASE_URL"]

def _split(param):
    return (param.get("strict", True), param.get("http_client")) if isinstance(param, dict) else (param, None)

@pytest.fixture(scope="session")
def client(request):
    strict, _ = _split(getattr(request, "param", True))
    with {client}(base_url=URL, api_key="My API Key", _strict_response_validation=strict) as made:
        yield made

@pytest.fixture(scope="session")
async def async_client(request):
    strict, kind = _split(getattr(request, "param", True))
    http_client = DefaultAioHttpClient() if kind == "aiohttp" else None
    options = {{"_strict_response_validation": strict, "http_client": http_client}}
    async with Async{client}(base_url=URL, api_key="My API Key", **options) as made:
        yield made
"""
ANTHROPIC = Suite(
    "anthropic",
    ("test_messages.py", "test_models.py", "beta/test_messages.py", "beta/test_models.py"),
    CONFTEST.format(package="anthropic", client="Anthropic"),
    needs=("respx", "inline-snapshot"),
)
STORED = "reading, ending and compacting stored responses is outside this part"
OPENAI = Suite(
    "openai",
    (
        "test_responses.py",
    ),  # input items and input tokens have paths of their own, which are outside this part too
    CONFTEST.format(package="openai", client="OpenAI"),
    left_out={
        f"test_responses.py::{kind}::test_{how}_{method}": STORED
        for kind in ("TestResponses", "TestAsyncResponses")
        for how in ("method", "raw_response", "streaming_response")
        for method in (
            *(
                f"retrieve{more}_{overload}"
                for more in ("", "_with_all_params")
                for overload in ("overload_1", "overload_2")
            ),
            "delete",
            "cancel",
            "compact",
            "compact_with_all_params",
        )
    },
)
# what the SDK tells of each recorded stream: the events of its helper and its final message, or its error
LISTENER = """
import json, sys, warnings
from anthropic import Anthropic
warnings.simplefilter("ignore")
url, names = sys.argv[1], sys.argv[2:]
client = Anthropic(base_url=url, api_key="key", max_retries=0)
told = {}
for name in names:
    for kind, messages in (("plain", client.messages), ("beta", client.beta.messages)):
        events = []
        try:
            with messages.stream(model="claude-" + name, max_tokens=9, messages=[{"role": "user", "content": "hi"}]) as stream:
                for event in stream:
                    events.append(event.to_dict())
                last = stream.get_final_message().to_dict()
        except Exception as error:
            last = f"{type(error).__name__}: {error}"
        told[name + " " + kind] = [events, last]
print(json.dumps(told, sort_keys=True, default=str))
"""


def run(found: Findings) -> None:
    with Gateway(found.folder / "mock") as gateway:
        run_suite(found, ANTHROPIC, gateway.url, "anthropic on the mock provider")
        run_suite(found, OPENAI, f"{gateway.url}/v1", "openai on the mock provider")
    with Vendors(found.folder / "vendors.log") as vendors:
        settings = {"ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": vendors.url}
        with Gateway(found.folder / "vendor", settings=settings) as gateway:
            run_suite(found, ANTHROPIC, gateway.url, "anthropic on its own format")
    recorded_streams(found)


def recorded_streams(found: Findings) -> None:
    """Each stream of the SDK's source archive, heard directly and through the gateway."""
    source, python = ANTHROPIC.unpacked(), ANTHROPIC.python()
    folder = source / "tests/lib/streaming/fixtures"
    streams = {
        path.stem.removesuffix("_response").replace("_", "-"): path.read_bytes()
        for path in folder.glob("*.txt")
    }
    with _Recorded(streams) as upstream:
        settings = {"ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": upstream.url}
        with Gateway(found.folder / "recorded", settings=settings) as gateway:
            direct = _listen(found.folder, python, upstream.url, sorted(streams))
            through = _listen(found.folder, python, gateway.url, sorted(streams))
    for name, told in direct.items():
        found.expect(
            through.get(name) == told, f"the recorded stream {name} is not the same through the gateway"
        )
    heard = sum(isinstance(last, dict) for _, last in direct.values())
    found.expect(heard > 0, "the SDK made no message of any recorded stream")
    found.figure(f"{len(streams)} recorded streams heard as {len(direct)}, {heard} with a message, all equal")


def _listen(folder: Path, python: Path, url: str, names: list[str]) -> dict[str, Any]:
    command = [str(python), "-c", LISTENER, url, *names]
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=True, timeout=300
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


class _Recorded:
    """An upstream that answers each model with the recorded stream of that name."""

    def __init__(self, streams: dict[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = streams[json.loads(self.rfile.read(length))["model"].removeprefix("claude-")]
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
