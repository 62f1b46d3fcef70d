"""Providers: who is configured and how each is doing, those that a tenant adds, where models go, and what they cost."""
