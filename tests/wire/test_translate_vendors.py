"""Every client format against every provider's format, by the vendors' own SDKs; chunks end anywhere."""

from __future__ import annotations

import pytest

from headgate.call.call import Wire
from tests.wire.translating import translating
from tools.rig.clients import anthropic_messages, google_generate, openai_chat, openai_responses, scene

CLIENTS = {
    "openai.chat": (openai_chat.client, "/v1"),
    "openai.responses": (openai_responses.client, "/v1"),
    "anthropic.messages": (anthropic_messages.client, ""),
    "google.generate": (google_generate.client, ""),
}
UPSTREAMS: dict[Wire, str] = {
    "openai.chat": "gpt-4o-mini",
    "openai.responses": "gpt-4o-mini",
    "anthropic.messages": "claude-sonnet-4-5",
    "google.generate": "gemini-2.5-flash",
    "bedrock.converse": "anthropic.claude-sonnet-4-5-v1:0",
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of old models, by an SDK
@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_sdk_sees_what_its_own_vendor_would_say(client: str, upstream: Wire):
    make, base = CLIENTS[client]
    with translating(upstream) as url:
        checks = make(url + base, "k", UPSTREAMS[upstream]).checks
        seen = {feature: scene.run(check) for feature, check in checks.items()}
    assert seen == scene.expected()
