"""What tasks are for: an aim in words, whose state is computed from the tasks that serve it."""
