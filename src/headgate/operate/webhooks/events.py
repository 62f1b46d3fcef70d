"""The names of all events that can be subscribed to. `ALL_EVENTS` (`*`) in a subscription means every one."""

from __future__ import annotations

from collections.abc import Mapping
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
APPROVAL_DECIDED: Final = "approval.decided"
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
    APPROVAL_DECIDED, KEY_CREATED, KEY_REVOKED,
    UPGRADE_DROVER_CAP_REACHED, UPGRADE_FERAL_BYPASS_DETECTED, UPGRADE_PII_DETECTED, UPGRADE_ERROR_RATE_HIGH,
})  # fmt: skip
FAMILIES: Final = (
    "upgrade.drover_savings_",
    "upgrade.trace_milestone_",
)  # the reference writes them with a `*` at the end

MEANINGS: Final[Mapping[str, str]] = {
    WEBHOOK_TEST: "Somebody asked for a test delivery.",
    ALERT_FIRED: "The condition of an alert became true.",
    COST_THRESHOLD: "Spend passed a threshold that was set for it.",
    SPEND_CAP_EXCEEDED: "A call was refused because a spend cap is exhausted.",
    PROVIDER_HEALTH_CHANGED: "A provider became unhealthy, or healthy again.",
    GUARDRAIL_VIOLATION: "A guardrail rule matched a request or an answer.",
    TRUST_VIOLATION: "A trust policy was violated.",
    APPROVAL_REQUESTED: "An action waits for a person's approval.",
    ARTIFACT_ELIGIBLE: "An artifact has enough evidence to be promoted.",
    ARTIFACT_PROMOTED: "An artifact began to answer live calls.",
    ARTIFACT_QUARANTINED: "An artifact was taken out of service.",
    RUN_BLOCKED: "A call was refused by a policy or a rule.",
    DRIFT_DETECTED: "Answers of an artifact differ from those of the model.",
    APPROVAL_DECIDED: "An approval was granted or rejected.",
    KEY_CREATED: "A key was made.",
    KEY_REVOKED: "A key was revoked.",
    UPGRADE_DROVER_CAP_REACHED: "Never fires: nothing is gated here.",
    UPGRADE_FERAL_BYPASS_DETECTED: "Never fires: nothing is gated here.",
    UPGRADE_PII_DETECTED: "Never fires: nothing is gated here.",
    UPGRADE_ERROR_RATE_HIGH: "Never fires: nothing is gated here.",
    FAMILIES[0]: "Never fires: nothing is gated here.",
    FAMILIES[1]: "Never fires: nothing is gated here.",
}
"""A sentence for each event, for the reference page."""


def is_known(name: str) -> bool:
    """Is this an event that can be announced?"""
    return name in NAMES or name.startswith(FAMILIES)
