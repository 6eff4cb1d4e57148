"""What some providers need beyond a row of the catalogue: requests signed, tokens bought."""

from quarterdeck.gateway.providers.signer import Signer

__all__ = ["Signer"]
