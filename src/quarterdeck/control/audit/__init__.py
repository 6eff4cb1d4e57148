"""The audit log: every change, by whom, on whose behalf, before and after, each entry chained to the one before."""
