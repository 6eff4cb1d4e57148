"""Loops that run beside the API, each behind a lease so that any number of processes may run them."""
