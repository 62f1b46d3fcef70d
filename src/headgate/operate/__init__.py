"""Operate: webhooks, jobs, retention, system. Holds rooms and no code of its own."""
