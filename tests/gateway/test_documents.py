"""The documents of `/v1` hold an example for each body, and the headers of a run."""

from __future__ import annotations

import pytest

from headgate.gateway.documents import CHAT, COMPLETIONS, EMBEDDINGS, RUN_HEADERS, Document


@pytest.mark.parametrize("document", [CHAT, COMPLETIONS, EMBEDDINGS])
def test_each_body_has_an_example_that_holds_what_is_required(document: Document) -> None:
    body = document["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["required"]) <= set(body["examples"][0])
    assert document["responses"]["200"]["headers"] is RUN_HEADERS
