"""Traffic that belonged to no work is given to a task, and taken from it again."""
