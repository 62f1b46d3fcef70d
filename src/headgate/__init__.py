"""Headgate: a self-hosted LLM gateway that learns from its traffic."""

__version__ = "0.1.0"
