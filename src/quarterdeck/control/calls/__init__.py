"""What happened: calls, their bodies, their conversations."""
