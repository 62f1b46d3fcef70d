"""Part 2: the proxy."""
