"""Limits as people see and change them."""
