"""Settings of a tenant: what its admins decide while the server runs."""
