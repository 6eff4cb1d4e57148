"""Files that belong to a task from its beginning: what a worker is given."""
