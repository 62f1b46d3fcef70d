"""Templates hold names and nothing else; what is put in is not read again, and the result is bounded."""

from __future__ import annotations

import pytest

from headgate.kernel.errors import BadRequest
from headgate.modules.templates import holes, render


def test_names_are_replaced_and_unknown_ones_stay() -> None:
    assert render("{{ a }}-{{b}}-{{c}}", {"a": "1", "b": "{{a}}"}, max_chars=100) == "1-{{a}}-{{c}}"


def test_the_holes_are_named_once_in_order() -> None:
    assert holes("{{b}} {{a}} {{b}} {{1x}} {{#if}}") == ["b", "a"]


@pytest.mark.parametrize("template", ["{{a}}" * 50, "x" * 101, "{{a}}" + "x" * 95])
def test_the_result_is_bounded_before_it_is_made(template: str) -> None:
    with pytest.raises(BadRequest):
        render(template, {"a": "y" * 10}, max_chars=100)
