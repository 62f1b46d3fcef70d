"""Checks, the acceptance harness and other equipment of this checkout. Never shipped."""
