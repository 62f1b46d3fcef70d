"""What was spent and saved: sums per hour, written with the runs."""
