"""What a caller may cost us before it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    request_line: int = 16 * 1024
    """Of a request's target; longer is 414."""
    head: int = 64 * 1024
    """Of a request's head, and of anything else that is not body (chunk sizes, trailers); more is 431."""
    headers: int = 256
    """How many; more is 431."""
    head_s: float = 30.0
    """From a request's first byte to the end of its head; longer is 408."""
    hold_s: float = 0.05
    """How long the head of a request that is known waits for its body before it is read like any other."""
    idle_s: float = 75.0
    """How long a kept connection may rest between two requests."""
    stall_s: float = 120.0
    """How long a caller may neither send the body we wait for nor read the answer it asked for."""
    unread: int = 256 * 1024
    """Of a body that the application does not fetch; then we stop reading from the caller."""
    drain: int = 256 * 1024
    """Of a body nobody wants any more: read on to keep the connection, if no more than this is left."""
    unwritten: int = 64 * 1024
    """Of an answer the caller does not fetch; then `Exchange.write` waits."""
    pipelined: int = 128
    """Requests sent ahead of their turn; further ones are not answered on that connection."""
    connections: int = 10_000
    """At the same time; one more is 503."""
    linger_s: float = 5.0
    """How long to go on reading after a last answer, so that the caller gets to read it instead of a reset."""
    grace_s: float = 5.0
    """How long open exchanges may take to end once the server stops; then they are cancelled."""
