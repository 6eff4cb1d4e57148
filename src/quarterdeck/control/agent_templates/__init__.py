"""Agent templates: what new agents of a kind begin with."""
