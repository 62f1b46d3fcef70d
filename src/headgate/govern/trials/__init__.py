"""Trials: what a draft of a policy would have changed, before it changes anything."""
