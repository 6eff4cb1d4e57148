"""What it cost: sums by whatever it is asked for."""
