"""Upstreams: the provider rows, the pooled HTTP client that asks them, the mock provider, and prices."""
