"""The gateway's own way in: HTTP/1.1 from callers, within limits, and nothing else."""

from quarterdeck.gateway.server.errors import BodyTooLarge, CallerLeft, UnsafeAnswer
from quarterdeck.gateway.server.exchange import Exchange
from quarterdeck.gateway.server.head import Headers
from quarterdeck.gateway.server.home import Handle
from quarterdeck.gateway.server.limits import Limits
from quarterdeck.gateway.server.server import Server

__all__ = [
    "BodyTooLarge",
    "CallerLeft",
    "Exchange",
    "Handle",
    "Headers",
    "Limits",
    "Server",
    "UnsafeAnswer",
]
