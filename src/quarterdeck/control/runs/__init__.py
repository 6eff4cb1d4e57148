"""Attempts of agents at tasks: claimed, leased, fenced, ended."""
