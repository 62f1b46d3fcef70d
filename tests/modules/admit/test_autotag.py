"""Tags of the caller and tags that rules find stand on the run; what is no tag is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from headgate.kernel.errors import BadRequest
from headgate.modules.admit.autotag import Config, parse_tags
from tests.gateway.conftest import Running
from tests.modules.live import BOTH, run_of, say, switch

RULES = [
    {
        "tag": "topic",
        "patterns": [
            {"match": "refund", "value": "billing"},
            {"match": r"\bbug-\d+", "value": "bugs", "type": "regex"},
        ],
    }
]


def test_a_header_of_tags_is_read() -> None:
    assert parse_tags(b"team=core, env=prod.eu ,flag=") == {"team": "core", "env": "prod.eu", "flag": ""}


@pytest.mark.parametrize(
    "header",
    [
        b"te am=x",
        b"x=<b>",
        b"k" * 51 + b"=1",
        b"k=" + b"v" * 101,
        ",".join(f"k{n}=1" for n in range(11)).encode(),
    ],
)
def test_what_is_no_tag_is_refused(header: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_tags(header)


def test_a_rule_needs_a_pattern_that_re2_knows() -> None:
    with pytest.raises(ValidationError, match="RE2"):
        Config.model_validate(
            {"rules": [{"tag": "a", "patterns": [{"match": "(", "value": "x", "type": "regex"}]}]}
        )


@pytest.mark.parametrize("how", BOTH)
async def test_tags_stand_on_the_run(running: Running, how: dict[str, Any]) -> None:
    answer = await say(running, headers={"x-stockyard-tags": "team=core"}, **how)
    assert (await run_of(running, answer))["metadata"]["tags"] == {"team": "core"}
    await switch(running, "autotag", rules=RULES)
    answer = await say(running, "Where is my REFUND?", headers={"x-stockyard-tags": "team=core"}, **how)
    assert (await run_of(running, answer))["metadata"]["tags"] == {"team": "core", "topic": "billing"}
    answer = await say(running, "see bug-17", **how)
    assert (await run_of(running, answer))["metadata"]["tags"] == {"topic": "bugs"}
    answer = await say(running, "a refund", headers={"x-stockyard-tags": "topic=mine"}, **how)
    assert (await run_of(running, answer))["metadata"]["tags"] == {"topic": "mine"}, (
        "the caller's own tag wins"
    )


async def test_a_bad_header_is_400(running: Running) -> None:
    answer = await say(running, headers={"x-stockyard-tags": "a b=1"})
    assert (answer.status, answer.json["error"]["param"]) == (400, "X-Stockyard-Tags")
