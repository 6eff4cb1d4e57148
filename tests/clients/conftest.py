"""The official SDKs as clients of a whole gateway in this process."""

from gateway_world import gateway

__all__ = ["gateway"]
