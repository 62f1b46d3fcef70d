"""What happened: runs, spend, the response cache."""
