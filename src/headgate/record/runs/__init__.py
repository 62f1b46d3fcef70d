"""Runs: every call that came in, its events, side effects, payloads and feedback."""
