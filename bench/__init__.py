"""`make bench`: what a call costs, beside nginx proxying to the same mock. Only ever talks to this machine."""
