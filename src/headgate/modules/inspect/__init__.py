"""Modules that look at an answer before it leaves."""
