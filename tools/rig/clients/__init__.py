"""The official SDKs as users of a server: each does the same seven things, and says what it saw in the same words."""
