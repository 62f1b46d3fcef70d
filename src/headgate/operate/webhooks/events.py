"""The names of all events that can be subscribed to. `ALL_EVENTS` (`*`) in a subscription means every one."""

from __future__ import annotations

from typing import Final

ALL_EVENTS: Final = "*"

WEBHOOK_TEST: Final = "webhook.test"
ALERT_FIRED: Final = "alert.fired"
COST_THRESHOLD: Final = "cost.threshold"
SPEND_CAP_EXCEEDED: Final = "spend.cap_exceeded"
PROVIDER_HEALTH_CHANGED: Final = "provider.health_changed"
GUARDRAIL_VIOLATION: Final = "guardrail.violation"
TRUST_VIOLATION: Final = "trust.violation"

APPROVAL_REQUESTED: Final = "approval.requested"
ARTIFACT_ELIGIBLE: Final = "artifact.eligible"
ARTIFACT_PROMOTED: Final = "artifact.promoted"
ARTIFACT_QUARANTINED: Final = "artifact.quarantined"
RUN_BLOCKED: Final = "run.blocked"
DRIFT_DETECTED: Final = "drift.detected"

# Our own: they are in no reference.
KEY_CREATED: Final = "key.created"
KEY_REVOKED: Final = "key.revoked"

# Can be subscribed to, as the reference says, and never fire: nothing is gated here.
UPGRADE_DROVER_CAP_REACHED: Final = "upgrade.drover_cap_reached"
UPGRADE_FERAL_BYPASS_DETECTED: Final = "upgrade.feral_bypass_detected"
UPGRADE_PII_DETECTED: Final = "upgrade.pii_detected"
UPGRADE_ERROR_RATE_HIGH: Final = "upgrade.error_rate_high"

NAMES: Final = frozenset({
    WEBHOOK_TEST, ALERT_FIRED, COST_THRESHOLD, SPEND_CAP_EXCEEDED, PROVIDER_HEALTH_CHANGED, GUARDRAIL_VIOLATION, TRUST_VIOLATION,
    APPROVAL_REQUESTED, ARTIFACT_ELIGIBLE, ARTIFACT_PROMOTED, ARTIFACT_QUARANTINED, RUN_BLOCKED, DRIFT_DETECTED,
    KEY_CREATED, KEY_REVOKED,
    UPGRADE_DROVER_CAP_REACHED, UPGRADE_FERAL_BYPASS_DETECTED, UPGRADE_PII_DETECTED, UPGRADE_ERROR_RATE_HIGH,
})  # fmt: skip
FAMILIES: Final = (
    "upgrade.drover_savings_",
    "upgrade.trace_milestone_",
)  # the reference writes them with a `*` at the end


def is_known(name: str) -> bool:
    """Is this an event that can be announced?"""
    return name in NAMES or name.startswith(FAMILIES)
