"""What happens to fields is told once, and a refusal names the field."""

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.codec import Fates


def test_each_loss_is_told_once():
    fates = Fates()
    fates.drop("logit_bias")
    fates.drop("logit_bias")
    fates.change("temperature", "lowered to 1")
    assert fates.warnings == [
        "logit_bias was dropped: the provider's format has no place for it",
        "temperature: lowered to 1",
    ]


def test_refusal_names_the_field():
    with pytest.raises(BadRequest) as told:
        Fates().refuse("n", "it gives one answer only")
    assert told.value.param == "n"
