"""Who decided what: policies, approvals, guardrails, the ledger."""
