"""Budgets: how much may be spent, by whom, in which stretch of time."""
