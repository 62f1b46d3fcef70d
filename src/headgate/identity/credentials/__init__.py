"""Credentials of other services, encrypted: named by `cred:<id>` wherever a secret is needed, and never shown again."""
