"""Squads: agents that belong together, with a lead."""
