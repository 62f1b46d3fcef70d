"""Retention: what is older or larger than the operator wants to keep is removed, and that it was is on record."""
