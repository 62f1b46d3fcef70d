"""The modules in the order in which they run; within a call the phase decides first."""

from __future__ import annotations

from typing import Any

from headgate.call.module import Module
from headgate.modules.admit.agentguard import AgentGuard
from headgate.modules.admit.autotag import AutoTag
from headgate.modules.admit.costcap import CostCap
from headgate.modules.admit.costwarn import CostWarn
from headgate.modules.admit.idlekill import IdleKill
from headgate.modules.admit.ipfence import IpFence
from headgate.modules.admit.rateshield import RateShield
from headgate.modules.admit.responseheaders import ResponseHeaders
from headgate.modules.admit.tracelink import TraceLink
from headgate.modules.answer.cachelayer import CacheLayer
from headgate.modules.answer.chaosllm import ChaosLlm
from headgate.modules.answer.embedcache import EmbedCache
from headgate.modules.answer.mockllm import MockLlm
from headgate.modules.answer.modelrate import ModelRate
from headgate.modules.answer.multicall import Multicall
from headgate.modules.guard.guardrails import Guardrails
from headgate.modules.guard.policies import Policies
from headgate.modules.guard.promptguard import PromptGuard
from headgate.modules.guard.scopeguard import ScopeGuard
from headgate.modules.guard.secretscan import SecretScan
from headgate.modules.guard.toolshield import ToolShield
from headgate.modules.guard.toxicfilter import ToxicFilter
from headgate.modules.inspect.codefence import CodeFence
from headgate.modules.inspect.evalgate import EvalGate
from headgate.modules.inspect.mirrortest import MirrorTest
from headgate.modules.inspect.otelexport import OtelExport
from headgate.modules.inspect.outputcap import OutputCap
from headgate.modules.inspect.promptguard_answers import PromptGuardAnswers
from headgate.modules.inspect.secretscan_answers import SecretScanAnswers
from headgate.modules.inspect.validation import Validation
from headgate.modules.shape.abrouter import AbRouter
from headgate.modules.shape.contextpack import ContextPack
from headgate.modules.shape.failover import Failover
from headgate.modules.shape.modelalias import ModelAlias
from headgate.modules.shape.modelswitch import ModelSwitch
from headgate.modules.shape.personaswitch import PersonaSwitch
from headgate.modules.shape.promptchain import PromptChain
from headgate.modules.shape.promptpad import PromptPad
from headgate.modules.shape.promptslim import PromptSlim
from headgate.modules.shape.regionroute import RegionRoute
from headgate.modules.shape.tokentrim import TokenTrim

ORDER: tuple[type[Module[Any]], ...] = (
    # admit
    ResponseHeaders,
    TraceLink,
    AutoTag,
    IpFence,
    RateShield,
    AgentGuard,
    IdleKill,
    CostCap,
    CostWarn,
    # shape: what is asked, then of whom, for how much fits depends on it
    ModelAlias,
    PersonaSwitch,
    PromptPad,
    PromptChain,
    ContextPack,
    PromptSlim,
    ModelSwitch,
    AbRouter,
    RegionRoute,
    Failover,
    TokenTrim,
    # guard
    ScopeGuard,
    Guardrails,
    PromptGuard,
    ToxicFilter,
    ToolShield,
    SecretScan,
    Policies,
    # answer
    MockLlm,
    CacheLayer,
    EmbedCache,
    ChaosLlm,
    Multicall,
    ModelRate,
    # inspect: what asks again first, what puts personal data back last
    Validation,
    EvalGate,
    CodeFence,
    SecretScanAnswers,
    OutputCap,
    PromptGuardAnswers,
    MirrorTest,
    OtelExport,
)
