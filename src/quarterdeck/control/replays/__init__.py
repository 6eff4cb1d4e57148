"""Recorded calls asked again of something else, beside what was answered then."""
