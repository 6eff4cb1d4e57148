"""Coverage-guided fuzzing of every parser that strangers feed."""
