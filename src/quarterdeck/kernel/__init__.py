"""Plain words that every other package speaks. Standard library only."""
