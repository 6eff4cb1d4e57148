"""What waits for an agent or a member to see it."""
