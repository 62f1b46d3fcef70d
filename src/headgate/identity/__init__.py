"""Who is calling: accounts and keys."""
