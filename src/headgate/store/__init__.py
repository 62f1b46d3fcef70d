"""Databases, dialects, the spool and the fast store: everything that keeps bytes."""
