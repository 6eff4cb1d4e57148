"""Units of work on the board."""
