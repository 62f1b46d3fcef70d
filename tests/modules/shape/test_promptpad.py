"""`X-Template` names a template; its names are filled in, its variants spread over the callers, its length is bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, sent, switch

TRANSLATE = {"name": "translate", "version": "3", "template": "Translate to {{language}}: {{input}}"}


@pytest.mark.parametrize("how", BOTH)
async def test_a_template_is_filled_in(running: Running, how: dict[str, Any]) -> None:
    await switch(running, "promptpad", templates=[TRANSLATE])
    headers = {"x-template": "translate@3", "x-template-vars": json.dumps({"language": "French"})}
    answer = await say(running, "good day {{language}}", headers=headers, **how)
    body = await sent(running, answer)
    assert body["messages"] == [{"role": "user", "content": "Translate to French: good day {{language}}"}]
    assert (await run_of(running, answer))["metadata"]["template"] == {
        "name": "translate",
        "version": "3",
        "variant": "",
    }
    assert (await sent(running, await say(running, "good day", **how)))["messages"][0][
        "content"
    ] == "good day"


async def test_a_template_can_be_the_system_text(running: Running) -> None:
    await switch(running, "promptpad", templates=[TRANSLATE | {"role": "system", "template": "Be {{mood}}."}])
    body = await sent(
        running,
        await say(running, headers={"x-template": "translate", "x-template-vars": '{"mood": "kind"}'}),
    )
    assert (
        body["messages"][0] == {"role": "system", "content": "Be kind."}
        and body["messages"][1]["content"] == "hello"
    )


async def test_variants_are_spread_over_users_and_kept(running: Running) -> None:
    variants = [{"name": "formal", "weight": 1, "override": "Sir: {{input}}"}]
    await switch(
        running, "promptpad", templates=[{"name": "t", "template": "Hey: {{input}}", "variants": variants}]
    )
    seen: dict[str, set[str]] = {}
    for user in [f"user {n}" for n in range(8)] * 2:
        body = await sent(running, await say(running, headers={"x-template": "t", "x-punk-subject": user}))
        seen.setdefault(user, set()).add(body["messages"][0]["content"][:3])
    assert all(len(texts) == 1 for texts in seen.values()) and set.union(*seen.values()) == {"Hey", "Sir"}


@pytest.mark.parametrize(("headers", "param"), [
    ({"x-template": "nonesuch"}, "X-Template"), ({"x-template": "translate"}, "X-Template-Vars"),
    ({"x-template": "translate", "x-template-vars": "[1]"}, "X-Template-Vars"),
    ({"x-template": "translate", "x-template-vars": '{"language": "' + "x" * 300 + '"}'}, "template"),
])  # fmt: skip
async def test_what_is_wrong_is_named(running: Running, headers: dict[str, str], param: str) -> None:
    await switch(running, "promptpad", templates=[TRANSLATE], max_chars=200)
    answer = await say(running, headers=headers)
    assert (answer.status, answer.json["error"]["param"]) == (400, param)
