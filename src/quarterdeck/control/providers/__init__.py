"""Upstream APIs and the secrets for them."""
