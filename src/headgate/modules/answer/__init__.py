"""Modules that may answer a call without a model."""
