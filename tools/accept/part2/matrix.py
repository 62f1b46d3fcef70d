"""Item 1: every client format against every upstream format, judged by the official SDKs; the table goes into the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.accept.outcome import Findings
from tools.rig.clients import (
    ai_sdk,
    anthropic_messages,
    bedrock_converse,
    google_generate,
    openai_chat,
    openai_responses,
    scene,
)
from tools.rig.clients.scene import Client, Saw
from tools.rig.processes import ROOT, Gateway
from tools.rig.vendors.process import Vendors

PAGE = ROOT / "docs" / "wires.md"
NO_GAPS = frozenset({"plain", "stream", "tools", "tool stream", "errors"})
# every gap that is allowed, with its reason: (client, upstream, feature)
GAPS: dict[tuple[str, str, str], str] = {}

Make = Callable[[str, str, str], Client]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A vendor's format as the gateway's provider: its name there, and a model of it."""

    name: str
    model: str

    @property
    def colon(self) -> str:
        """The other way to name the provider: Google's part of the AI SDK takes a slash for another kind of path."""
        return self.model.replace("/", ":", 1)


UPSTREAMS = (
    Upstream("openai", "openai/gpt-4o-mini"),
    Upstream("anthropic", "anthropic/claude-sonnet-4-5"),
    Upstream("gemini", "gemini/gemini-2.5-flash"),
    Upstream("bedrock", "bedrock/anthropic.claude-sonnet-4-5-v1:0"),
)
CLIENTS: Mapping[str, tuple[Make, str]] = {
    "openai chat": (openai_chat.client, "/v1"),
    "openai responses": (openai_responses.client, "/v1"),
    "anthropic messages": (anthropic_messages.client, ""),
    "google generate": (google_generate.client, ""),
}


def settings(vendors: str) -> dict[str, str]:
    """The gateway's environment: every vendor is at the address of `vendors`."""
    return {
        "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{vendors}/v1",
        "ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": vendors,
        "GEMINI_API_KEY": "g-test", "GEMINI_BASE_URL": vendors,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        "BEDROCK_BASE_URL": vendors,
    }  # fmt: skip


def run(found: Findings) -> None:
    with Vendors(found.folder / "vendors.log") as vendors:
        home = ai_sdk.installed(found.folder)
        _judge_vendors(found, vendors.url)
        with Gateway(found.folder / "data", settings=settings(vendors.url)) as gateway:
            table: dict[tuple[str, str], dict[str, bool]] = {}
            for upstream in UPSTREAMS:
                for name, (make, path) in CLIENTS.items():
                    client = make(gateway.url + path, "any", upstream.model)
                    seen = {feature: scene.run(check) for feature, check in client.checks.items()}
                    table[name, upstream.name] = _judge(found, name, upstream.name, seen)
                for kind in ai_sdk.KINDS:
                    seen = ai_sdk.see(home, kind, gateway.url, "any", upstream.colon)
                    name = f"AI SDK, {kind}"
                    table[name, upstream.name] = _judge(found, name, upstream.name, seen)
    cells = [holds for row in table.values() for holds in row.values()]
    found.figure(f"{sum(cells)} of {len(cells)} cells of the matrix hold; gaps allowed: {len(GAPS)}")
    page = render(table)
    found.expect(
        PAGE.exists() and PAGE.read_text(encoding="utf-8") == page,
        f"{PAGE.relative_to(ROOT)} is not what was measured; a new one is in its place now",
    )
    PAGE.write_text(page, encoding="utf-8")


def _judge_vendors(found: Findings, url: str) -> None:
    """Each upstream first satisfies its own vendor's SDK, without the gateway."""
    made = [make(url + path, "k", _native(name)) for name, (make, path) in CLIENTS.items()]
    made.append(bedrock_converse.client(url, "k", "anthropic.claude-sonnet-4-5-v1:0"))
    expected = scene.expected()
    for client in made:
        for feature, check in client.checks.items():
            seen = scene.run(check)
            found.expect(seen == expected[feature], f"the upstream itself, {client.name}, {feature}: {seen}")


def _native(name: str) -> str:
    return {"anthropic messages": "claude-sonnet-4-5", "google generate": "gemini-2.5-flash"}.get(
        name, "gpt-4o-mini"
    )


def _judge(found: Findings, client: str, upstream: str, seen: Mapping[str, Saw]) -> dict[str, bool]:
    row: dict[str, bool] = {}
    for feature, expected in scene.expected().items():
        row[feature] = seen.get(feature) == expected
        gap = GAPS.get((client, upstream, feature))
        if gap is None or feature in NO_GAPS:
            found.expect(row[feature], f"{client} -> {upstream}, {feature}: {seen.get(feature)}")
    return row


def render(table: Mapping[tuple[str, str], Mapping[str, bool]]) -> str:
    """The page of the docs."""
    lines = [
        "# Client formats and upstream formats",
        "",
        "Any client format works with any upstream format. This table is measured with the vendors' own SDKs by",
        "`make accept 2 ITEM=1`: each cell is a client asking a model of that upstream through the gateway.",
        "",
        "| client | upstream | " + " | ".join(scene.FEATURES) + " |",
        "|---|---|" + "---|" * len(scene.FEATURES),
    ]
    for (client, upstream), row in table.items():
        cells = ["yes" if row[feature] else "**no**" for feature in scene.FEATURES]
        lines.append(f"| {client} | {upstream} | " + " | ".join(cells) + " |")
    lines += ["", "## Gaps", ""]
    lines += [
        f"- {client} to {upstream}, {feature}: {why}" for (client, upstream, feature), why in GAPS.items()
    ] or ["None."]
    return "\n".join([*lines, ""])
