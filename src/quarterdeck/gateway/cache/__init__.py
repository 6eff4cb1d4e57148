"""Answers given before: exactly the same request, or one that means the same."""
