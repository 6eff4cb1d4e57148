"""What agents ask people."""
