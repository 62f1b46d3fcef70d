"""Switching and configuring the modules of a tenant: rows with versions, undo, and the chain that really runs."""
