"""The recorder of the house."""

from __future__ import annotations

import pytest

from headgate.record.runs.hot import Recorder
from headgate.testing.house import House


@pytest.fixture
def recorder(house: House) -> Recorder:
    return house.recorder
