"""Channels: where notifications go, and the queue of what is on its way to them."""
