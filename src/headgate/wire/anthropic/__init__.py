"""Anthropic messages: the client wire, and the same to and from the neutral form."""
