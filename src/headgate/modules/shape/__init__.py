"""Modules that make a call canonical: aliases, defaults."""
