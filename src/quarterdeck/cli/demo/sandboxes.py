"""The demo's two providers: sandboxes in processes of their own, one of which has an outage now and then."""

import subprocess
import sys

from quarterdeck.cli.demo.children import end_with_parent


class Provider:
    """A sandbox that can be taken away and brought back at the same address."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._process, self.url = self._start(0)

    def fail(self) -> None:
        """From now on nobody answers at its address."""
        self._process.kill()
        self._process.wait()

    def recover(self) -> None:
        if self._process.poll() is not None:
            self._process, self.url = self._start(int(self.url.rpartition(":")[2]))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _start(self, port: int) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "quarterdeck.sandbox", "--port", str(port), "--speed", str(self._speed)]
        process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--keep", "0"],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - runs one system call
        )
        assert process.stdout is not None
        return process, process.stdout.readline().strip()
