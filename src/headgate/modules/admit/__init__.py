"""Modules that decide whether a call may come in: limits per caller."""
