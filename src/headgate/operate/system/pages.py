"""The landing page and the docs page: plain HTML made here, style and script from our own files, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from starlette.responses import Response

STATIC_TYPES = {
    "page.css": "text/css; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
}
_COMMON_CSP = "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_CSP = f"default-src 'none'; style-src 'self'; {_COMMON_CSP}"
DOCS_CSP = f"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; {_COMMON_CSP}"


class HtmlPage(Response):
    """An HTML page of ours."""

    media_type = "text/html; charset=utf-8"


class TextFile(Response):
    """A style sheet, a script, or the metrics."""

    media_type = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Landing:
    """What the landing page says. `runs` None: whoever looks may not see them."""

    version: str
    provider: str
    protected: bool
    base_url: str
    runs: Sequence[Mapping[str, Any]] | None


def static_file(name: str) -> bytes | None:
    """One of our own files; None when there is no such file."""
    if name not in STATIC_TYPES:
        return None
    return files("headgate.operate.system").joinpath("static", name).read_bytes()


def html_page(body: str, *, csp: str) -> HtmlPage:
    """`body` with the headers that keep it to itself."""
    headers = {"content-security-policy": csp, "referrer-policy": "no-referrer", "cache-control": "no-store"}
    return HtmlPage(body, headers=headers)


def landing_page(landing: Landing) -> str:
    """The whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headgate</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="static/page.css">
</head>
<body>
<header>
<h1>Headgate</h1>
<p class="facts"><span class="good">running</span> <span>version {escape(landing.version)}</span>
<span>provider {escape(landing.provider)}</span> <span>{"protected" if landing.protected else "open"} mode</span></p>
</header>
<main>
{_mode(landing)}
{_provider(landing)}
{_first_call(landing)}
{_runs(landing.runs)}
</main>
<nav><a href="api/docs">API docs</a> <a href="api/openapi.json">OpenAPI</a> <a href="api/status">Status</a>
<a href="metrics">Metrics</a> <a href="health">Health</a></nav>
</body>
</html>
"""


def docs_page() -> str:
    """The frame of the API docs; its script fills it from the OpenAPI document."""
    return """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headgate API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../static/page.css">
<link rel="stylesheet" href="../static/docs.css">
</head>
<body>
<header>
<h1>Headgate API</h1>
<p class="facts"><span id="version"></span> <a href="openapi.json">OpenAPI document</a> <a href="../">Server</a></p>
<form id="tools">
<label>Find <input id="find" type="search" placeholder="path, word or right" autocomplete="off"></label>
<label>Key <input id="key" type="password" placeholder="only needed in protected mode" autocomplete="off"></label>
<button>Load</button>
</form>
<p id="message" role="status"></p>
</header>
<main id="routes"><noscript><p>This page needs its script to read the OpenAPI document, which is plain JSON.</p></noscript></main>
<script src="../static/docs.js"></script>
</body>
</html>
"""


def _mode(landing: Landing) -> str:
    if landing.protected:
        return '<p class="note">Every call needs a key: <code>Authorization: Bearer &lt;key&gt;</code>.</p>'
    return (
        '<p class="warn"><strong>Open mode.</strong> Whoever reaches this port is admin, without a key. '
        "Set <code>PUNK_API_KEY</code> to protect it.</p>"
    )


def _provider(landing: Landing) -> str:
    if landing.provider != "mock":
        return ""
    return (
        '<p class="note">No provider key is set: a built-in mock answers, the same to the same question. '
        "Set <code>OPENAI_API_KEY</code> to reach real models.</p>"
    )


def _first_call(landing: Landing) -> str:
    url = landing.base_url
    key = "$HEADGATE_KEY" if landing.protected else ""
    header = f' \\\n  -H "Authorization: Bearer {key}"' if key else ""
    curl = (
        f"curl {url}/v1/chat/completions{header} \\\n"
        '  -H "Content-Type: application/json" \\\n'
        """  -d '{"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}'"""
    )
    api_key = 'os.environ["HEADGATE_KEY"]' if key else '"none-needed"'
    sdk = (
        f"{'import os' + chr(10) if key else ''}from openai import OpenAI\n\n"
        f'client = OpenAI(base_url="{url}/v1", api_key={api_key})\n'
        'answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}])\n'
        "print(answer.choices[0].message.content)"
    )
    return (
        f'<h2>A first call</h2>\n<pre class="copy">{escape(curl)}</pre>\n<p>or with the OpenAI SDK for Python</p>\n'
        f'<pre class="copy">{escape(sdk)}</pre>'
    )


def _runs(runs: Sequence[Mapping[str, Any]] | None) -> str:
    if runs is None:
        return ""
    if not runs:
        return "<h2>Last runs</h2>\n<p>There are none yet.</p>"
    lines = "\n".join(_run(run) for run in runs)
    head = "<tr><th>when</th><th>run</th><th>model</th><th>route</th><th>status</th><th>cost, $</th></tr>"
    return f"<h2>Last runs</h2>\n<table>\n<thead>{head}</thead>\n<tbody>\n{lines}\n</tbody>\n</table>"


def _run(run: Mapping[str, Any]) -> str:
    name = escape(run["id"])
    cost = "unknown" if run["costUsd"] is None else f"{run['costUsd']:.6f}"
    cells = [run["createdAt"], run["model"], run["route"], run["status"], cost]
    when, *others = (f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr>{when}<td><a href="api/v1/runs/{name}">{name}</a></td>{"".join(others)}</tr>'
