"""Background work: the table that is its truth, claims with a lease, durable work, and the process that does it."""
