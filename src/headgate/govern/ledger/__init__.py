"""The ledger: an append-only, hash-chained list of what was decided, per tenant."""
