"""One command, two processes behind one port. The supervisor owns the port and restarts either process alone.

The listening socket stays open here, so while a killed gateway restarts callers wait in the backlog instead of being
refused.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BACKLOG = 2_048
STOP_S = 10.0
CALM_S = 1.0
"""A child that lived this long is restarted at once; one that keeps dying waits longer and longer."""
CONFIG_ERROR = 2
"""Exit status of a child that cannot start as it was told to: no use in trying again."""


@dataclass
class Child:
    """One of the two processes."""

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


def listen(host: str, port: int) -> socket.socket:
    """The public socket.

    Raises OSError when the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(BACKLOG)
    sock.set_inheritable(True)
    return sock


def supervise(sock: socket.socket, data: Path, settings: Mapping[str, str]) -> int:
    """Run both processes until told to stop; returns the exit status of the program."""
    with tempfile.TemporaryDirectory(prefix="qd-") as runtime:
        environment = {**os.environ, **settings, "QUARTERDECK_RUNTIME": runtime}
        children = [
            Child("control", _command("control"), environment),
            Child("gateway", [*_command("gateway"), str(sock.fileno())], environment, (sock.fileno(),)),
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
        for name in ("gateway.pid", "control.pid"):
            (data / name).unlink(missing_ok=True)
        return status


def _command(role: str) -> list[str]:
    return [sys.executable, "-m", "quarterdeck.cli.process", role]


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
    """Gateway first, so that its last records are in the journal when control ends."""
    for child in reversed(children):
        if child.process is None:
            continue
        child.process.terminate()
        try:
            child.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
