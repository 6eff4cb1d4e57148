"""/mcp: the verbs of agents as tools of the Model Context Protocol."""
