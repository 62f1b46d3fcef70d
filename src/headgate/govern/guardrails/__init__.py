"""Rules on content: what must not go out to a provider and must not come back to a client."""
