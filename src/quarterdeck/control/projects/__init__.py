"""What belongs together: tasks of one aim, with a lead agent and a review policy of its own."""
