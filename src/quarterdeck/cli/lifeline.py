"""How a child of the supervisor notices that it is alone, however the supervisor ended.

The supervisor holds the one end of a pipe that can be written to, and writes nothing; each child reads. Killed, it lets
go of its end, as the kernel does for every process, and the reads return. So nothing is polled, and a child that is
started while its supervisor dies notices too.
"""

import os
import signal
import threading
import time

STOP_S = 10.0
"""How long a process may take to end once it was told to, before it is killed."""


class Lifeline:
    """This process's end of the pipe."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.cut = False

    def hold(self) -> None:
        """From now on, stop this process as SIGTERM does when the supervisor is gone; kill it when that takes long."""
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def _watch(self) -> None:
        os.read(self._fd, 1)
        self.cut = True
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_S)
        os.kill(os.getpid(), signal.SIGKILL)
