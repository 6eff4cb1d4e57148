"""Limits: how many requests or tokens per time, and how many calls at once."""
