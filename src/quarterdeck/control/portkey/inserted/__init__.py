"""What others insert into our logs: declared by them, seen by nobody here, and no part of what was spent."""
