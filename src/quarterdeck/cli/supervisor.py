"""One command, control and one or more gateways behind one port. The supervisor owns the port and restarts each alone.

The listening sockets stay open here, so while a killed gateway restarts callers wait in the backlog instead of being
refused. Several gateways have a socket each on the same port, and the kernel spreads connections evenly over them.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from quarterdeck.cli.lifeline import STOP_S

BACKLOG = 2_048
CALM_S = 1.0
"""A child that lived this long is restarted at once; one that keeps dying waits longer and longer."""
CONFIG_ERROR = 2
"""Exit status of a child that cannot start as it was told to: no use in trying again."""


@dataclass
class Child:
    """One of the processes."""

    role: str
    command: list[str]
    environment: dict[str, str]
    inherit: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    retry_at: float = field(default=0.0)

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self.command, env=self.environment, pass_fds=self.inherit
        )


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """The public sockets, one for each gateway.

    Raises OSError when the address is taken or not ours.
    """
    first = _bound(host, port, shared=False)
    if count == 1:
        socks = [first]
    else:
        # Bound alone before: sockets that share a port would share it with a stranger's, too.
        port = first.getsockname()[1]
        first.close()
        socks = [_bound(host, port, shared=True) for _ in range(count)]
    for sock in socks:
        sock.listen(BACKLOG)
        sock.set_inheritable(True)
    return socks


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def supervise(
    socks: Sequence[socket.socket], gateway_ids: Sequence[str], data: Path, settings: Mapping[str, str]
) -> int:
    """Run all processes until told to stop; returns the exit status of the program."""
    with tempfile.TemporaryDirectory(prefix="qd-") as runtime:
        environment = {**os.environ, **settings, "QUARTERDECK_RUNTIME": runtime}
        lifeline, held = os.pipe()
        children = [
            Child("control", _command("control", lifeline), environment, (lifeline,)),
            *(
                Child(
                    name,
                    [*_command("gateway", lifeline), name, str(sock.fileno())],
                    environment,
                    (lifeline, sock.fileno()),
                )
                for name, sock in zip(gateway_ids, socks, strict=True)
            ),
        ]
        stopping = False

        def stop(_number: int, _frame: object) -> None:
            nonlocal stopping
            stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        status = 0
        try:
            for child in children:
                child.start()
            while not stopping:
                time.sleep(0.05)
                for child in children:
                    if _look_after(child) == CONFIG_ERROR:
                        status, stopping = CONFIG_ERROR, True
        finally:
            _stop_all(children)
            os.close(lifeline)
            os.close(held)
        for name in ("control", *gateway_ids):
            (data / f"{name}.pid").unlink(missing_ok=True)
        return status


def _command(role: str, lifeline: int) -> list[str]:
    return [sys.executable, "-m", "quarterdeck.cli.process", role, str(lifeline)]


def _look_after(child: Child) -> int | None:
    """Restart a child that has died; returns its exit status when it died just now."""
    now = time.monotonic()
    if child.process is None:
        if now >= child.retry_at:
            child.start()
        return None
    status = child.process.poll()
    if status is None:
        return None
    child.process = None
    child.failures = 0 if now - child.started > CALM_S else child.failures + 1
    child.retry_at = now + min(5.0, 0.05 * 2**child.failures) if child.failures > 1 else now
    if status != CONFIG_ERROR:
        print(f"quarterdeck: the {child.role} process ended with status {status}; restarting it", file=sys.stderr)
    return status


def _stop_all(children: list[Child]) -> None:
    """Gateways first, all at once, so that their last records are in the journals when control ends."""
    control, *gateways = children
    for some in (gateways, [control]):
        for child in some:
            if child.process is not None:
                child.process.terminate()
        for child in some:
            _wait_for(child)


def _wait_for(child: Child) -> None:
    if child.process is not None:
        try:
            child.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
