"""Which format is spoken at a path."""

from __future__ import annotations

import pytest

from headgate.wire.spec import WIRES, find


@pytest.mark.parametrize("path", sorted(WIRES))
def test_every_path_has_its_own_format(path: str) -> None:
    if "{" in path:
        return
    found = find(path)
    assert found is not None
    assert (found.spec.path, found.model) == (path, "")


@pytest.mark.parametrize("prefix", ["/v1beta/models/", "/v1/models/"])
@pytest.mark.parametrize("model", ["gemini-2.0-flash", "openai:gpt-4o", "a/b"])
def test_the_model_stands_in_paths_of_google(prefix: str, model: str) -> None:
    found = find(f"{prefix}{model}:streamGenerateContent")
    assert found is not None
    assert (found.spec.wire, found.model) == ("google.generate", model)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1beta/models/", "/v1beta/models/x:unheardOf", "/v1beta/models/:generateContent"]
)
def test_other_paths_have_none(path: str) -> None:
    assert find(path) is None
