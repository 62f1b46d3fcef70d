"""Bills: what providers say was used, beside what is on record; and prices that were learnt later."""
