"""Who waits for whom: blocked is computed from these edges, never set."""
