"""The modules in the order in which they run; within a call the phase decides first."""

from __future__ import annotations

from typing import Any

from headgate.call.module import Module
from headgate.modules.admit.rateshield import RateShield
from headgate.modules.answer.cachelayer import CacheLayer
from headgate.modules.guard.secretscan import SecretScan
from headgate.modules.inspect.secretscan_answers import SecretScanAnswers
from headgate.modules.shape.modelalias import ModelAlias

ORDER: tuple[type[Module[Any]], ...] = (RateShield, ModelAlias, SecretScan, CacheLayer, SecretScanAnswers)
