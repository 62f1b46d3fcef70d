"""Errors, ids, money, clock, JSON, pages and logging: what everything stands on. Imports nothing of ours."""
