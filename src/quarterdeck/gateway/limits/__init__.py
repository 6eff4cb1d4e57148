"""Rate limits, budgets and the queue in front of a provider, on the model path."""
