"""Modules that decide whether a call may be made at all: secrets, policies."""
