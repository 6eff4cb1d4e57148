"""The same limits and budgets over several gateways, by Redis or Valkey. Never needed by one gateway alone."""
