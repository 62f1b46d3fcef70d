"""Modules are what their folder says, named once, and documented."""

from __future__ import annotations

from collections import Counter

import pytest

from headgate.call.module import Module, Phase
from headgate.modules.order import ORDER

HOOKS = ("must_wait", "wait_request")


def test_the_folder_is_the_phase_and_the_file_is_the_name() -> None:
    for kind in ORDER:
        _, _, folder, file = kind.__module__.split(".")
        assert (Phase[folder.upper()], file) == (kind.spec.phase, kind.spec.name)


def test_modules_stand_in_the_order_of_their_phases() -> None:
    assert [kind.spec.phase for kind in ORDER] == sorted(kind.spec.phase for kind in ORDER)


def test_no_two_modules_share_a_name() -> None:
    names = Counter(name for kind in ORDER for name in (kind.spec.name, *kind.spec.aliases))
    assert max(names.values()) == 1


@pytest.mark.parametrize("kind", ORDER, ids=lambda kind: kind.spec.name)
def test_every_field_has_a_sentence_and_a_default(kind: type[Module]) -> None:
    assert kind.spec.summary.endswith(".")
    for name, field in kind.Config.model_fields.items():
        assert not field.is_required(), name
        assert name == "enabled" or field.description, name


@pytest.mark.parametrize("kind", ORDER, ids=lambda kind: kind.spec.name)
def test_a_module_that_waits_says_so(kind: type[Module]) -> None:
    overridden = [getattr(kind, hook) is not getattr(Module, hook) for hook in HOOKS]
    assert overridden == [kind.spec.waits] * 2
