"""Saved routes: by name, with versions, attached to keys and agents, and tried out without sending anything."""
