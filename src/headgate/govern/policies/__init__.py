"""Policies: which agent may do what, with or without somebody's approval."""
