"""Real, small implementations for tests: a fixed clock, a throw-away PostgreSQL, a house of services, a fault server."""
