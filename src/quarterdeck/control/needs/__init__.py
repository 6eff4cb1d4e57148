"""What waits for a member: one queue, computed from what is open."""
