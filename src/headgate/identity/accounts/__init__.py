"""Tenants (projects), users and who belongs where."""
