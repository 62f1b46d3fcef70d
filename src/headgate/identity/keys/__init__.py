"""API keys of every kind: made, listed, revoked; `hot.Door` lets callers in."""
