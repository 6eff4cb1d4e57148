"""The fixtures of the gateway's own tests."""

from gateway_world import gateway

__all__ = ["gateway"]
