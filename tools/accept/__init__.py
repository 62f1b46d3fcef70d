"""`make accept N`: runs the numbered items of part N's "Done when" and says PASS or FAIL with the figure."""
