"""Tries at targets: one without a route, as many as its route says with one."""
