"""Approvals: an agent asks whether it may do one named thing, and a person says yes or no to just that."""
