"""Agents: whoever acts, with tags, and a trust that is earned and explained."""
