"""Approvals: an action waits for people, and then happens once, exactly as it was asked for."""
