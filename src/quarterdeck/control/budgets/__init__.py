"""Budgets as people see and change them."""
